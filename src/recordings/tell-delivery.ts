/** What is told of a delivery when it is done or given up, in the transaction that changed it. */
import type { DeliveryRow } from '../catalog/catalog.ts';
import { appendEvent } from '../catalog/events.ts';
import { findFile } from '../catalog/files.ts';
import { findRecording } from '../catalog/recordings.ts';
import { releaseStopped } from '../catalog/webhook-calls.ts';
import type { StoredAt } from '../domain/delivery.ts';
import type { TellDelivery } from './delivery-ports.ts';

export const tellDelivery: TellDelivery = async (trx, type, delivery) => {
  const recording = await findRecording(trx, delivery.recording_id);
  // Deleted meanwhile: nobody waits for its files.
  if (!recording) return;
  // The end of the recording is told first, if it waited for this; a transcript may be there before the video is.
  if ((await findFile(trx, delivery.file_id))?.type !== 'text') await releaseStopped(trx, recording.id, new Date());
  await appendEvent(trx, {
    type,
    roomId: recording.room_id,
    sessionId: recording.session_id,
    recordingId: recording.id,
    data: { deliveryId: delivery.id, kind: delivery.kind, fileId: delivery.file_id, ...outcomeOf(delivery) },
  });
};

const outcomeOf = ({ stored_at: storedAt, last_error: reason }: DeliveryRow): Record<string, unknown> =>
  storedAt ? { filePath: storedAt.path, fileUrl: storedAt.url, userStorage: userStorageOf(storedAt) } : { reason };

/** As the recording object has it. */
const userStorageOf = ({ type, bucket, path, url }: StoredAt) => ({ type, bucket, filePath: path, fileUrl: url });
