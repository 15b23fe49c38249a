/** What is to be delivered of a recording that has become done: a row for each of its files and destinations. */
import type { Catalog, DeliveryRow, FileRow } from '../catalog/catalog.ts';
import { insertDelivery } from '../catalog/deliveries.ts';
import { isPurge } from '../catalog/purges.ts';
import { findRecording, forgetPreSignedUrl } from '../catalog/recordings.ts';
import { extensionOf } from '../domain/content-type.ts';
import type { DeliveryId, RecordingId, TranscriptionId } from '../domain/ids.ts';
import { objectName, transcriptName } from '../domain/object-name.ts';
import { newHexId } from '../support/new-id.ts';

export interface FinishedFiles {
  readonly recordingId: RecordingId;
  /** In order. */
  readonly files: readonly FileRow[];
  /** They are what a recording was composed to again: beside its own files, or in their place (a purge), and into the bucket only. */
  readonly again: boolean;
}

/**
 * In the transaction that makes the recording `done`. A presigned URL is for one object: the first file's. Its copy in the recording's row
 * is erased.
 */
export const planDeliveries = async (
  trx: Catalog,
  { recordingId, files, again }: FinishedFiles,
  times: { readonly now: Date; readonly givesUpAt: Date },
): Promise<DeliveryRow[]> => {
  const recording = await findRecording(trx, recordingId);
  const { directory, preSignedUrl } = recording?.destinations ?? { directory: null, preSignedUrl: null };
  // What a purge made anew takes the place of what it replaces, in the bucket too.
  const isBeside = again && !(await isPurge(trx, files[0]?.composition_id ?? null));
  const planned: DeliveryRow[] = [];
  const shared = { recordingId, dueAt: times.now, givesUpAt: times.givesUpAt };
  if (directory !== null) {
    for (const [index, file] of files.entries()) {
      const name = objectName(directory, {
        recordingId,
        index,
        extension: extensionOf(file.path),
        ...(isBeside && file.composition_id !== null && { compositionId: file.composition_id }),
      });
      const id = newHexId<DeliveryId>();
      planned.push(
        await insertDelivery(trx, { ...shared, id, fileId: file.id, kind: 'bucket', objectName: name, url: null }),
      );
    }
  }
  const [first] = files;
  if (preSignedUrl !== null && !again && first) {
    const id = newHexId<DeliveryId>();
    const kind = 'presigned-url';
    planned.push(
      await insertDelivery(trx, { ...shared, id, fileId: first.id, kind, objectName: null, url: preSignedUrl }),
    );
    await forgetPreSignedUrl(trx, recordingId);
  }
  return planned;
};

/** Files of a transcript or of its summary. */
export interface FinishedTranscript {
  readonly recordingId: RecordingId;
  /** Where it was asked for afterwards: its files lie beside those of the recording's own. */
  readonly transcriptionId: TranscriptionId | null;
  readonly files: readonly FileRow[];
}

/** Into the bucket, beside the video. A presigned URL is for one object, and that is the video. */
export const planTranscriptDeliveries = async (
  trx: Catalog,
  { recordingId, transcriptionId, files }: FinishedTranscript,
  times: { readonly now: Date; readonly givesUpAt: Date },
): Promise<DeliveryRow[]> => {
  const recording = await findRecording(trx, recordingId);
  const directory = recording?.destinations?.directory ?? null;
  if (directory === null) return [];
  const planned: DeliveryRow[] = [];
  for (const { id: fileId, transcript_kind: kind } of files) {
    if (kind === null) continue;
    planned.push(
      await insertDelivery(trx, {
        id: newHexId<DeliveryId>(),
        recordingId,
        fileId,
        kind: 'bucket',
        objectName: transcriptName(directory, { recordingId, transcriptionId, kind }),
        url: null,
        dueAt: times.now,
        givesUpAt: times.givesUpAt,
      }),
    );
  }
  return planned;
};
