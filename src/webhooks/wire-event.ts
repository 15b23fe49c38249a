/** An event as it is told: `{webhookType, data}`, the same to endpoints and to those who replay. */
import { z } from 'zod';
import type { EventFile, EventRow } from '../catalog/catalog.ts';

export interface WireEvent {
  readonly webhookType: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A URL of a stored file that works from now on; null where the file is not in our store. */
export type FileUrlOf = (fileId: string, baseUrl: string | null) => string | null;

const eventData = z.record(z.string(), z.unknown());
const eventFiles = z.array(z.object({ fileId: z.string(), filePath: z.string() }));

/** Recordings that may have several files, or none. */
const TELLS_OF_SEVERAL: ReadonlySet<string> = new Set([
  'participant-recording-stopped',
  'participant-track-recording-stopped',
]);

/** `event.base_url`: with what URLs begin where the operator has not said it. URLs are signed now: those told again work again. */
export const toWireEvent = (
  event: Pick<EventRow, 'type' | 'data' | 'files'> & { readonly base_url: string | null },
  fileUrlOf: FileUrlOf,
): WireEvent => {
  const data = eventData.parse(JSON.parse(event.data));
  const files = (eventFiles.parse(JSON.parse(event.files)) as EventFile[]).map(({ fileId, filePath }) => ({
    filePath,
    fileUrl: fileUrlOf(fileId, event.base_url),
  }));
  if (TELLS_OF_SEVERAL.has(event.type)) return { webhookType: event.type, data: { ...data, fileDetails: files } };
  return { webhookType: event.type, data: { ...data, ...files[0] } };
};

/** The body of a call: compact, and the same text after any number of parsings and stringifyings, which is what some receivers verify. */
export const webhookBody = ({ webhookType, data }: WireEvent): string => JSON.stringify({ webhookType, data });
