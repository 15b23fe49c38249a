/** What the start call of a composite recording may say: who is composed, and up to three watermarks. */
import { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import type { TrackSource } from '../domain/media.ts';
import type { RecordingConfig } from '../domain/recording.ts';
import { optional } from './optional-field.ts';
import { outboundUrl } from './outbound-url.ts';
import type { SubjectRequest } from './ports.ts';
import { bucketPath } from './start-delivery.ts';
import { type RecordingFields, toRecordingConfig, WEBHOOK_URL } from './start-recording.ts';
import { TRACK_KINDS, type TrackKind, trackKind } from './start-subject.ts';
import { imageAt, imageIn } from './watermark-image.ts';

/** Tiles of the largest grid. */
const MOST_PARTICIPANTS = 25;
const MOST_WATERMARKS = 3;
/** Where the caller does not say: apart from each other, and from the names at the bottom left of tiles. */
const PLACES = ['top-right', 'top-left', 'bottom-right'] as const;

const isTimezone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

const participant = z.object({
  participantId: z.string().min(1).max(64),
  kind: optional(z.array(trackKind).min(1).max(4)).meta({ description: 'All four where it is left out.' }),
});
const watermark = (allowed: true | readonly string[]) =>
  z.object({
    type: z.enum(['custom', 'pubsub']),
    imageUrl: optional(outboundUrl(allowed)).meta({ description: 'PNG or JPEG, at most 2 MiB; fetched at the start.' }),
    imageBase64: optional(z.string()).meta({ description: 'PNG or JPEG, with or without `data:image/png;base64,`.' }),
    text: optional(z.string().max(200)),
    timezone: optional(z.string().max(64).refine(isTimezone, 'must be an IANA time zone such as "Europe/Berlin"')).meta(
      {
        description: 'Date and time there are shown.',
      },
    ),
    topic: optional(z.string().max(64)).meta({
      description:
        'Of the type pubsub: the newest message on this topic of the room is shown; `text` before the first.',
    }),
    position: optional(z.enum(['top-left', 'top-right', 'bottom-left', 'bottom-right', 'center'])),
  });

/** What /api-docs offers to try. */
const EXAMPLE = {
  roomId: '2kyv-gzay-64pg',
  participants: [{ participantId: 'k3j9x0ab', kind: ['audio', 'video'] }, { participantId: 'b0b' }],
  watermarks: [{ type: 'custom', text: 'CONFIDENTIAL', timezone: 'Europe/Berlin' }],
};

export const compositeStart = (allowed: true | readonly string[]) =>
  z
    .object({
      roomId: z.string().min(1).max(256).meta({ description: 'Room id or customRoomId.' }),
      participants: optional(z.array(participant).max(MOST_PARTICIPANTS)).meta({
        description: 'Nobody named: everybody is composed.',
      }),
      watermarks: optional(z.array(watermark(allowed)).max(MOST_WATERMARKS)),
      fileFormat: optional(z.enum(['mp4', 'webm'])),
      webhookUrl: optional(outboundUrl(allowed)).meta({ description: WEBHOOK_URL }),
      bucketDirPath: optional(bucketPath).meta({ description: 'Directory in the configured bucket.' }),
      preSignedURL: optional(outboundUrl(allowed)).meta({ description: 'Presigned PUT of S3, GCS or Azure Blob.' }),
    })
    .meta({ 'x-examples': { two: { summary: 'Two people and a line of text', value: EXAMPLE } } });
type CompositeFields = z.infer<ReturnType<typeof compositeStart>>;
type WatermarkFields = z.infer<ReturnType<typeof watermark>>;

export const compositeStop = z.object({
  roomId: z.string().min(1).max(256),
  recordingId: z.string().min(1).max(64),
});

const sourcesOf = (kinds: readonly TrackKind[] | undefined): TrackSource[] =>
  (kinds ?? trackKind.options).map((kind) => TRACK_KINDS[kind]);

/** NOT_IMPLEMENTED and INVALID_REQUEST, before anything is fetched. */
export const toCompositeConfig = (fields: CompositeFields): RecordingConfig => {
  const { participants = [], watermarks = [], fileFormat } = fields;
  const untold = watermarks.findIndex(({ type, topic }) => type === 'pubsub' && !topic);
  if (untold >= 0) {
    const text = `"watermarks[${untold}].topic" is missing: the type "pubsub" shows what is said on a topic of the room.`;
    throw new RoomtapeError('INVALID_REQUEST', text);
  }
  const empty = watermarks.findIndex(
    ({ type, imageUrl, imageBase64, text, timezone }) =>
      type === 'custom' && !imageUrl && !imageBase64 && !text && !timezone,
  );
  if (empty >= 0) {
    const what = '"imageUrl", "imageBase64", "text" or "timezone"';
    throw new RoomtapeError('INVALID_REQUEST', `"watermarks[${empty}]" shows nothing: give ${what}.`);
  }
  const ids = participants.map(({ participantId }) => participantId);
  const again = ids.findIndex((id, i) => ids.indexOf(id) < i);
  if (again >= 0) {
    const text = `"participants[${again}].participantId" is "${ids[again]}" again: name everybody once, with all kinds.`;
    throw new RoomtapeError('INVALID_REQUEST', text);
  }
  const gridSize = participants.length || MOST_PARTICIPANTS;
  const asRoom: RecordingFields = { config: { layout: { type: 'GRID', gridSize } }, fileFormat };
  return toRecordingConfig(asRoom);
};

/** `name`: the watermark's, in the body. */
const imageOf = async (
  { imageBase64, imageUrl }: WatermarkFields,
  name: string,
  allowed: true | readonly string[],
): Promise<Buffer | null> => {
  if (imageBase64) return imageIn(imageBase64, `${name}.imageBase64`);
  return imageUrl ? imageAt(imageUrl, allowed, `${name}.imageUrl`) : null;
};

/** Fetches the images. INVALID_REQUEST with what is wrong with one. */
export const toComposite = async (
  fields: CompositeFields,
  allowed: true | readonly string[],
): Promise<Extract<SubjectRequest, { kind: 'composite' }>> => {
  const { participants = [], watermarks = [] } = fields;
  const images = await Promise.all(watermarks.map((one, i) => imageOf(one, `watermarks[${i}]`, allowed)));
  const free = PLACES.filter((place) => !watermarks.some(({ position }) => position === place));
  return {
    kind: 'composite',
    participants: participants.map(({ participantId, kind }) => ({ participantId, sources: sourcesOf(kind) })),
    watermarks: watermarks.map(({ type, text = '', topic, timezone = null, position }, i) => ({
      image: images[i] ?? null,
      text,
      ...(type === 'pubsub' && topic && { topic }),
      timezone,
      place: position ?? free.shift() ?? 'center',
    })),
  };
};
