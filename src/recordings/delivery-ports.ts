/** What deliveries need of the stores they bring files to, and whom they tell. `processes/server.ts` satisfies it. */
import type { Catalog, DeliveryRow } from '../catalog/catalog.ts';
import type { StoredAt, Verified } from '../domain/delivery.ts';

/** A finished file of our store. */
export interface OutgoingFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly contentType: string;
}

export interface Sent {
  readonly storedAt: StoredAt;
  readonly verified: Verified;
}

/** Every method rejects with `DeliveryError`, with the signal's reason, or with an error of another kind where the fault is ours. */
export interface DeliverySender {
  toBucket(
    objectName: string,
    file: OutgoingFile,
    options: {
      readonly signal: AbortSignal;
      /** What an earlier attempt kept, to go on where it ended. */
      readonly resume: string | null;
      readonly keepResume: (resume: string | null) => Promise<void>;
    },
  ): Promise<Sent>;
  toUrl(url: string, file: OutgoingFile, signal: AbortSignal): Promise<Sent>;
  /** Removes what an unfinished attempt left in the bucket. */
  abandon(objectName: string, resume: string): Promise<void>;
}

/** `recording-delivered`: it is there, verified. `recording-delivery-failed`: given up; it can be retried by hand. */
export type DeliveryNewsType = 'recording-delivered' | 'recording-delivery-failed';

/** Writes down, in the transaction that changed the delivery, that somebody is to be told of it. */
export type TellDelivery = (trx: Catalog, type: DeliveryNewsType, delivery: DeliveryRow) => Promise<void>;
