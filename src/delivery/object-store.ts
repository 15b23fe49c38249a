/**
 * What every store of objects can do for a finished file, whoever runs it: S3 and what speaks its protocol (GCS), Azure Blob, a folder.
 * The same contract suite runs against all of them.
 */
import type { StoredAt, Verified } from '../domain/delivery.ts';

/** A finished file in our store. Its content never changes. */
export interface OutgoingFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly contentType: string;
}

export interface SendOptions {
  /** Stops sending. */
  readonly signal: AbortSignal;
  /** What an earlier attempt kept. */
  readonly resume: string | null;
  /** Keeps something with which a later attempt can go on; null: there is nothing to go on with. */
  readonly keepResume: (resume: string | null) => Promise<void>;
}

export interface Sent {
  readonly storedAt: StoredAt;
  readonly verified: Verified;
}

/** How a stored object is read: by a URL that works for a while and for one method, or from a path of this machine. */
export type Reach = { readonly kind: 'url'; readonly url: string } | { readonly kind: 'path'; readonly path: string };

export interface ReachOptions {
  readonly method: 'GET' | 'HEAD';
  readonly contentType: string;
  /** Content-Disposition of the answer. */
  readonly disposition: string;
}

export interface ObjectStore {
  /**
   * Puts the file there under this name, replacing what has it, and asks the store what it has: size and checksum must agree.
   * Rejects with `DeliveryError`, with the signal's reason, or with what is no fault of the store: `UnreadableFile`, what `keepResume` rejects with.
   */
  send(objectName: string, file: OutgoingFile, options: SendOptions): Promise<Sent>;
  /** Removes what an unfinished attempt left there. */
  abandon(objectName: string, resume: string): Promise<void>;
  /** Null: it is in a store of another kind than this one. */
  reach(storedAt: StoredAt, options: ReachOptions): Promise<Reach | null>;
  /** Idempotent. */
  close(): void;
}
