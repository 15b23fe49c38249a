/** A delivery as the API shows it, and a delivered file's place. Ours: nothing like it is published. */
import { z } from 'zod';
import type { DeliveryView, StoredView } from './ports.ts';

export const wireStored = z
  .object({
    type: z.enum(['s3', 'gcs', 'azure', 'folder', 'http']),
    bucket: z.string().nullable(),
    filePath: z.string().meta({ description: 'Name of the object.' }),
    fileUrl: z.string().meta({ description: 'Without a signature: it opens for those who may read there.' }),
  })
  .meta({ id: 'UserStorage' });

export const wireDelivery = z
  .object({
    id: z.string(),
    recordingId: z.string(),
    fileId: z.string(),
    type: z.enum(['bucket', 'presigned-url']),
    status: z.enum(['queued', 'running', 'done', 'failed']).meta({
      description: 'Waiting for its next attempt; being sent; there and verified; given up (POST …/retry).',
    }),
    destination: z.string().meta({ description: 'Object name, or the URL without its query.' }),
    attempts: z.number().int(),
    lastError: z.string().nullable(),
    nextAttemptAt: z.string().nullable(),
    givesUpAt: z.string(),
    storedAt: wireStored.nullable().meta({ description: 'Null until the status is done.' }),
    verified: z
      .object({ size: z.number().int(), md5: z.string(), by: z.string() })
      .nullable()
      .meta({ description: 'What the destination confirmed. `md5`: hex, of the whole file.' }),
    deliveredAt: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Delivery' });
export type WireDelivery = z.infer<typeof wireDelivery>;

export const toWireStored = ({ type, bucket, path, url }: StoredView): z.infer<typeof wireStored> => ({
  type,
  bucket,
  filePath: path,
  fileUrl: url,
});

export const toWireDelivery = (delivery: DeliveryView): WireDelivery => ({
  id: delivery.id,
  recordingId: delivery.recordingId,
  fileId: delivery.fileId,
  type: delivery.kind,
  status: delivery.status,
  destination: delivery.destination,
  attempts: delivery.attempts,
  lastError: delivery.lastError,
  nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
  givesUpAt: delivery.givesUpAt.toISOString(),
  storedAt: delivery.storedAt && toWireStored(delivery.storedAt),
  verified: delivery.verified && {
    size: delivery.verified.bytes,
    md5: delivery.verified.md5,
    by: delivery.verified.by,
  },
  deliveredAt: delivery.deliveredAt?.toISOString() ?? null,
  createdAt: delivery.createdAt.toISOString(),
  updatedAt: delivery.updatedAt.toISOString(),
});
