/** What is told of a delivery when it is done or given up: an entry of the outbox, in the transaction that changed it. */
import { appendOutbox } from '../catalog/outbox.ts';
import type { TellDelivery } from './delivery-ports.ts';

export const tellDelivery: TellDelivery = async (trx, type, delivery) => {
  await appendOutbox(trx, {
    recordingId: delivery.recording_id,
    type,
    payload: { recordingId: delivery.recording_id, deliveryId: delivery.id, fileId: delivery.file_id },
  });
};
