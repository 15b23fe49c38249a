/** Where deliveries go, by the settings: the one bucket, and presigned URLs. */
import type { BucketConfig, Config } from '../config/config.ts';
import { AzureStore } from '../delivery/azure-store.ts';
import { FolderStore } from '../delivery/folder-store.ts';
import type { ObjectStore } from '../delivery/object-store.ts';
import { putPresigned } from '../delivery/presigned-put.ts';
import { S3Store } from '../delivery/s3-store.ts';
import { DeliveryError } from '../domain/delivery.ts';
import type { DeliverySender } from '../recordings/delivery-ports.ts';

/** Null: none is configured. Whoever opens it closes it. */
export const openBucket = (bucket: BucketConfig | undefined, idleMs: number): ObjectStore | null => {
  switch (bucket?.kind) {
    case 's3':
      return new S3Store({ ...bucket, idleMs });
    case 'azure':
      return new AzureStore({ ...bucket, idleMs });
    case 'folder':
      return new FolderStore(bucket.folder);
    default:
      return null;
  }
};

export const deliverySender = (
  bucket: ObjectStore | null,
  { allowPrivateUrls, deliveryIdleLimitMs }: Pick<Config, 'allowPrivateUrls' | 'deliveryIdleLimitMs'>,
): DeliverySender => ({
  toBucket: async (objectName, file, options) => {
    if (bucket) return bucket.send(objectName, file, options);
    throw new DeliveryError('This server has no bucket any more: its operator has to set ROOMTAPE_S3_BUCKET again.');
  },
  toUrl: (url, file, signal) =>
    putPresigned(url, file, signal, { allowed: allowPrivateUrls, idleMs: deliveryIdleLimitMs }),
  abandon: async (objectName, resume) => bucket?.abandon(objectName, resume),
});
