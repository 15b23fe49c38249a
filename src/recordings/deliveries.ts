/**
 * Deliveries: finished files on their way to the caller's bucket or presigned URL.
 *
 *   planned   rows `queued`, in the transaction that makes the recording `done`
 *   attempt   leased with a fence → sent and verified → `done`; or the error is noted and the next try put off, longer each time
 *   given up  after `retryForMs`, or at once where no try can succeed → `failed`; by hand it is queued again, with a fresh URL if need be
 *   removed   where no local copy is wanted: once all deliveries of a file are done, one of them into a bucket
 *
 * `deliverDue` does what is due now and tells when next; it can be repeated at any time, by several servers at once.
 *
 * Failure modes. Killed while sending: the lease runs out and somebody sends again, going on where the store can. Killed between the last byte and
 * the row: the same object is written again, with the same bytes. The database is away: sending goes on until the lease is over. A lease
 * that is lost (taken by another, recording deleted) stops the sending; what the loser still reports changes nothing.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Catalog, type DeliveryRow, type FileRow, transaction } from '../catalog/catalog.ts';
import {
  cancelDeliveries,
  deliveriesOf,
  failDelivery,
  filesToRemove,
  finishDelivery,
  keepResume,
  leaseDueDelivery,
  markFileRemoved,
  nextDeliveryDue,
  releaseDelivery,
  renewDelivery,
  requeueDelivery,
  type TakenSlots,
  uploadOrigin,
} from '../catalog/deliveries.ts';
import { findFile } from '../catalog/files.ts';
import { holdStopped } from '../catalog/webhook-calls.ts';
import { type Backoff, backoffMs } from '../domain/backoff.ts';
import { contentTypeOf } from '../domain/content-type.ts';
import { DeliveryError, type DeliveryKind } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { DeliveryId, RecordingId } from '../domain/ids.ts';
import type { Logger } from '../support/log.ts';
import type { DeliverySender, OutgoingFile, Sent, TellDelivery } from './delivery-ports.ts';
import {
  type FinishedFiles,
  type FinishedTranscript,
  planDeliveries,
  planTranscriptDeliveries,
} from './plan-deliveries.ts';

/** Longer than a database is away when its machine restarts; a killed server's deliveries wait so long. */
const LEASE_MS = 90_000;
const RENEW_MS = 15_000;
/** What happened is written down again this often while the database is away. */
const WRITE_AGAIN_MS = 1_000;
/**
 * Uploads share one line to the world: more at once make none faster. Callers' URLs have slots of their own, since a server that takes a
 * byte a second keeps one for hours, and the bucket must not wait for it.
 */
const MOST_AT_ONCE = { bucket: 4, 'presigned-url': 4 } as const satisfies Record<DeliveryKind, number>;
/** To one scheme, host and port of callers' URLs: one of theirs that hangs must not keep the others either. */
const MOST_PER_ORIGIN = 3;
/** Files removed in one go. */
const REMOVED_AT_ONCE = 100;

export interface DeliveriesOptions {
  readonly catalog: Catalog;
  readonly sender: DeliverySender;
  /** Stored paths are relative to it. */
  readonly dataDir: string;
  readonly retryForMs: number;
  readonly backoff: Backoff;
  /** False: what was delivered into a bucket does not stay in our store longer than `localRetentionMs`. */
  readonly keepLocal: boolean;
  readonly localRetentionMs: number;
  readonly tell: TellDelivery;
  /** Something became due. */
  readonly wake: () => void;
  readonly now?: () => Date;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly log: Logger;
}

/** Where no copy is kept here, the end of a recording is told with its first delivery, at the latest after this. */
const STOPPED_WAITS_MS = 10 * 60_000;

interface Running {
  readonly kind: DeliveryKind;
  /** Of a presigned URL. */
  readonly origin: string | null;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** Why a sending was stopped by us. */
class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly why: 'lease-lost' | 'closing' | 'cancelled';
  constructor(why: Stopped['why']) {
    super(`Stopped: ${why}.`);
    this.why = why;
  }
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #now: () => Date;
  readonly #running = new Map<DeliveryId, Running>();
  #closed = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  /** In the transaction that finishes the files. `wake` once it is committed. */
  async plan(trx: Catalog, finished: FinishedFiles): Promise<void> {
    const now = this.#now();
    const planned = await planDeliveries(trx, finished, { now, givesUpAt: this.#givesUpAt(now) });
    if (this.#options.keepLocal || planned.length === 0 || finished.again) return;
    await holdStopped(trx, finished.recordingId, new Date(now.getTime() + STOPPED_WAITS_MS));
  }

  /** In the transaction that notes the files of a transcript. `wake` once it is committed. */
  async planTranscript(trx: Catalog, finished: FinishedTranscript): Promise<void> {
    const now = this.#now();
    await planTranscriptDeliveries(trx, finished, { now, givesUpAt: this.#givesUpAt(now) });
  }

  wake(): void {
    this.#options.wake();
  }

  /** Begins what is due, removes what need not stay. Resolves with when to call again; null: when something changes. */
  async deliverDue(): Promise<Date | null> {
    const { catalog } = this.#options;
    while (!this.#closed) {
      const now = this.#now();
      const row = await leaseDueDelivery(catalog, { now, leaseUntil: leaseEnd(now), taken: this.#taken() });
      if (!row) break;
      await this.#begin(row);
    }
    if (!this.#options.keepLocal) await this.#removeLocal();
    // What waits for a slot is begun when one is free: the end of an attempt wakes us.
    return nextDeliveryDue(catalog, this.#taken());
  }

  #taken(): TakenSlots {
    const running = [...this.#running.values()];
    const origins = new Set(running.flatMap(({ origin }) => origin ?? []));
    return {
      kinds: DELIVERY_KINDS.filter((kind) => count(running, (one) => one.kind === kind) >= MOST_AT_ONCE[kind]),
      origins: [...origins].filter((origin) => count(running, (one) => one.origin === origin) >= MOST_PER_ORIGIN),
    };
  }

  /** Resolves when nothing is being sent. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /**
   * By hand: at once, and for as long as at first. DELIVERY_NOT_FOUND, DELIVERY_RUNNING, DELIVERY_DONE, INVALID_REQUEST (a URL for what goes
   * into the bucket).
   */
  async retry(recordingId: RecordingId, deliveryId: DeliveryId, url: string | null): Promise<DeliveryRow> {
    const { catalog } = this.#options;
    const row = (await deliveriesOf(catalog, [recordingId])).find(({ id }) => id === deliveryId);
    if (!row) {
      throw new RoomtapeError('DELIVERY_NOT_FOUND', `The recording has no delivery "${deliveryId}".`);
    }
    if (url !== null && row.kind === 'bucket') {
      const text = '"preSignedUrl" is given, but this delivery goes into the configured bucket: leave it out.';
      throw new RoomtapeError('INVALID_REQUEST', text);
    }
    const now = this.#now();
    const queued = await requeueDelivery(catalog, {
      id: row.id,
      recordingId,
      now,
      givesUpAt: this.#givesUpAt(now),
      url,
    });
    if (!queued) {
      if (row.status === 'done') throw new RoomtapeError('DELIVERY_DONE', 'This delivery is done already.');
      throw new RoomtapeError('DELIVERY_RUNNING', 'This delivery is under way: try again when its attempt has ended.');
    }
    this.wake();
    return queued;
  }

  /** The recording is being deleted: nothing more of it is sent. What was delivered stays where it is. */
  async cancel(recordingId: RecordingId): Promise<void> {
    const { catalog } = this.#options;
    const rows = await deliveriesOf(catalog, [recordingId]);
    await cancelDeliveries(catalog, recordingId, this.#now());
    const running = rows.flatMap(({ id }) => this.#running.get(id) ?? []);
    for (const { abort } of running) abort.abort(new Stopped('cancelled'));
    await Promise.all(running.map(({ ended }) => ended));
    for (const row of rows) if (row.status !== 'done') this.#abandon(row);
  }

  /** Stops what is being sent; whoever comes next goes on at once. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { abort } of this.#running.values()) abort.abort(new Stopped('closing'));
    await this.settled();
  }

  #givesUpAt(now: Date): Date {
    return new Date(now.getTime() + this.#options.retryForMs);
  }

  async #begin(row: DeliveryRow): Promise<void> {
    // Its lease ran out under our hands: the earlier attempt must not go on beside this one.
    const earlier = this.#running.get(row.id);
    earlier?.abort.abort(new Stopped('lease-lost'));
    await earlier?.ended;
    const abort = new AbortController();
    const ended = this.#attempt(row, abort)
      .catch((error: unknown) => this.#options.log.error({ err: error, deliveryId: row.id }, 'A delivery was dropped.'))
      .finally(() => {
        this.#running.delete(row.id);
        if (!this.#closed) this.wake();
      });
    const origin = row.url === null ? null : uploadOrigin(row.url);
    this.#running.set(row.id, { kind: row.kind, origin, abort, ended });
  }

  /** One attempt, from its lease to what became of it. */
  async #attempt(row: DeliveryRow, abort: AbortController): Promise<void> {
    const lease = this.#keepLease(row, abort);
    try {
      const sent = await this.#send(row, abort);
      await this.#write(lease, () => this.#done(row, sent));
    } catch (error) {
      if (error instanceof Stopped) await this.#stopped(row, error);
      else await this.#write(lease, () => this.#failed(row, error));
    } finally {
      lease.end();
    }
  }

  async #send(row: DeliveryRow, abort: AbortController): Promise<Sent> {
    const { signal } = abort;
    const { catalog, sender, dataDir } = this.#options;
    const file = await findFile(catalog, row.file_id);
    if (!file || file.removed_at) {
      throw new DeliveryError('The file is no longer in our store.', { isFinal: true });
    }
    const outgoing = outgoingFile(file, dataDir);
    if (row.kind === 'bucket') {
      return await sender.toBucket(row.object_name ?? '', outgoing, {
        signal,
        resume: row.resume,
        keepResume: async (resume) => {
          if (!(await keepResume(catalog, row, this.#now(), resume))) abort.abort(new Stopped('lease-lost'));
          signal.throwIfAborted();
          row.resume = resume;
        },
      });
    }
    if (row.url === null)
      throw new DeliveryError('There is no URL any more: retry with a fresh one.', { isFinal: true });
    return await sender.toUrl(row.url, outgoing, signal);
  }

  async #done(row: DeliveryRow, sent: Sent): Promise<void> {
    const { catalog, tell, log } = this.#options;
    const done = await transaction(catalog, async (trx) => {
      const finished = await finishDelivery(trx, row, this.#now(), sent);
      if (finished) await tell(trx, 'recording-delivered', finished);
      return finished;
    });
    if (done) log.info({ recordingId: row.recording_id, deliveryId: row.id, to: done.stored_at?.url }, 'Delivered.');
  }

  async #failed(row: DeliveryRow, error: unknown): Promise<void> {
    const { catalog, backoff, random = Math.random, tell, log } = this.#options;
    const now = this.#now();
    const failures = row.failures + 1;
    const next = now.getTime() + backoffMs(backoff, failures, random());
    const isOver = (error instanceof DeliveryError && error.isFinal) || now >= row.gives_up_at;
    const dueAt = isOver ? null : new Date(Math.min(next, row.gives_up_at.getTime()));
    const words = error instanceof DeliveryError ? error.message : 'The file could not be read or sent: see the log.';
    const failed = await transaction(catalog, async (trx) => {
      const noted = await failDelivery(trx, row, now, { error: withoutSecret(words, row), failures, dueAt });
      if (noted?.status === 'failed') await tell(trx, 'recording-delivery-failed', noted);
      return noted;
    });
    if (!failed) return;
    const about = {
      recordingId: row.recording_id,
      deliveryId: row.id,
      attempts: row.attempts,
      reason: failed.last_error,
    };
    if (!(error instanceof DeliveryError)) log.error({ ...about, err: error }, 'A delivery failed by our own fault.');
    else if (dueAt) log.warn({ ...about, next: dueAt }, 'A delivery failed; it is tried again.');
    else log.error(about, 'A delivery was given up.');
    if (!dueAt) this.#abandon(row);
  }

  async #stopped(row: DeliveryRow, { why }: Stopped): Promise<void> {
    if (why === 'closing') await releaseDelivery(this.#options.catalog, row, this.#now());
  }

  /** In the background: nobody waits for it, and stores clean up by themselves after a while. */
  #abandon({ object_name: name, resume, recording_id: recordingId }: DeliveryRow): void {
    if (name === null || resume === null) return;
    this.#options.sender
      .abandon(name, resume)
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error, recordingId }, 'Parts of an upload stay in the bucket.'),
      );
  }

  /** Extends the lease until `end`. Stops the sending when it is lost, or can't be extended before it is over. */
  #keepLease(row: DeliveryRow, abort: AbortController): { readonly over: AbortSignal; readonly end: () => void } {
    const { catalog, log } = this.#options;
    let until = row.lease_until ?? this.#now();
    const renew = async (): Promise<void> => {
      const now = this.#now();
      if (now >= until) return abort.abort(new Stopped('lease-lost'));
      if (await renewDelivery(catalog, row, { now, leaseUntil: leaseEnd(now) })) until = leaseEnd(now);
      else abort.abort(new Stopped('lease-lost'));
    };
    const timer = setInterval(() => {
      renew().catch((error: unknown) => log.warn({ err: error, deliveryId: row.id }, 'A lease could not be extended.'));
    }, RENEW_MS);
    return { over: abort.signal, end: () => clearInterval(timer) };
  }

  /** Writes down what happened, again and again while the database is away, until the lease is lost. */
  async #write(lease: { readonly over: AbortSignal }, work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const isAway = error instanceof RoomtapeError && error.code === 'DATABASE_UNAVAILABLE';
        if (!isAway || lease.over.aborted || this.#closed) throw error;
        await new Promise((resolve) => setTimeout(resolve, WRITE_AGAIN_MS));
      }
    }
  }

  /** The row follows the file: killed in between, the file is removed once more. Readers look for the file first. */
  async #removeLocal(): Promise<void> {
    const { catalog, dataDir, localRetentionMs, log } = this.#options;
    const now = this.#now();
    const before = new Date(now.getTime() - localRetentionMs);
    for (const file of await filesToRemove(catalog, before, REMOVED_AT_ONCE)) {
      try {
        await rm(join(dataDir, file.path), { force: true });
      } catch (error) {
        // Those behind it must not stay for its sake.
        log.error({ err: error, fileId: file.id }, 'A delivered file can not be removed here.');
        continue;
      }
      await markFileRemoved(catalog, file.id, now);
      log.info({ recordingId: file.recording_id, fileId: file.id }, 'A delivered file was removed here.');
    }
  }
}

const DELIVERY_KINDS = Object.keys(MOST_AT_ONCE) as DeliveryKind[];

const count = <T>(all: readonly T[], fits: (one: T) => boolean): number => all.filter(fits).length;

const leaseEnd = (now: Date): Date => new Date(now.getTime() + LEASE_MS);

const outgoingFile = (file: FileRow, dataDir: string): OutgoingFile => ({
  path: join(dataDir, file.path),
  bytes: file.bytes,
  contentType: contentTypeOf(file.path, file.type),
});

/** Whatever a destination answers, its own signature is not repeated. */
const withoutSecret = (words: string, { url }: DeliveryRow): string => {
  const query = url === null ? '' : (URL.parse(url)?.search.slice(1) ?? '');
  return query === '' ? words : words.replaceAll(query, '[secret]');
};
