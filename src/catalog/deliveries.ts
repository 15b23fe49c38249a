/**
 * Queries about deliveries. Who sends holds a lease with a fence number; whoever leases again gets a higher one, and what the former
 * holder still reports changes nothing, so that two servers never both send.
 */
import { sql } from 'kysely';
import type { DeliveryKind, DeliveryStatus, StoredAt, Verified } from '../domain/delivery.ts';
import type { DeliveryId, FileId, RecordingId } from '../domain/ids.ts';
import type { Catalog } from './database.ts';
import type { DeliveryRow, FileRow } from './tables.ts';

/** Queued, due at once. Give an object name or a URL, as its kind wants. */
export const insertDelivery = (
  catalog: Catalog,
  delivery: {
    id: DeliveryId;
    recordingId: RecordingId;
    fileId: FileId;
    kind: DeliveryKind;
    objectName: string | null;
    url: string | null;
    dueAt: Date;
    givesUpAt: Date;
  },
): Promise<DeliveryRow> =>
  catalog
    .insertInto('deliveries')
    .values({
      id: delivery.id,
      recording_id: delivery.recordingId,
      file_id: delivery.fileId,
      kind: delivery.kind,
      object_name: delivery.objectName,
      url: delivery.url,
      due_at: delivery.dueAt,
      gives_up_at: delivery.givesUpAt,
      created_at: delivery.dueAt,
      updated_at: delivery.dueAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();

/**
 * Of these recordings, oldest first; of those that were planned together, the bucket's in the order of their files. Cancelled ones are left
 * out.
 */
export const deliveriesOf = async (catalog: Catalog, recordingIds: readonly RecordingId[]): Promise<DeliveryRow[]> => {
  if (recordingIds.length === 0) return [];
  return await catalog
    .selectFrom('deliveries')
    .selectAll()
    .where('recording_id', 'in', recordingIds)
    .where('status', '<>', 'cancelled')
    .orderBy('created_at')
    .orderBy('kind')
    // `name.mp4`, `name-2.mp4`, `name-10.mp4`.
    .orderBy(sql`length(object_name)`)
    .orderBy('object_name')
    .orderBy('id')
    .execute();
};

/** The file's copy in a bucket: where it is to be had when it is not here. */
export const bucketCopyOf = async (catalog: Catalog, fileId: FileId): Promise<DeliveryRow | null> => {
  const row = await catalog
    .selectFrom('deliveries')
    .selectAll()
    .where('file_id', '=', fileId)
    .where('kind', '=', 'bucket')
    .where('status', '=', 'done')
    .orderBy('done_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
};

/** Which deliveries whoever asks can't begin now, since as many as he begins at once are under way. */
export interface TakenSlots {
  readonly kinds: readonly DeliveryKind[];
  /** Of presigned URLs, as `uploadOrigin` has them. */
  readonly origins: readonly string[];
}

/** Scheme, host and port of a URL as it is written. */
export const uploadOrigin = (url: string): string => /^[^/]*\/\/[^/?#]*/.exec(url)?.[0].toLowerCase() ?? '';

const NONE_TAKEN: TakenSlots = { kinds: [], origins: [] };

const hasSlot = ({ kinds, origins }: TakenSlots) =>
  sql<boolean>`kind <> all(${[...kinds]}::text[])
    and coalesce(lower(substring(url from '^[^/]*//[^/?#]*')), '') <> all(${[...origins]}::text[])`;

/**
 * Takes the one that has been due for longest, of those that have a slot: queued, or running under a lease that is over. Null: none is due,
 * or others are taking what is. The row has the new fence and counts the attempt.
 */
export const leaseDueDelivery = async (
  catalog: Catalog,
  options: { now: Date; leaseUntil: Date; taken?: TakenSlots },
): Promise<DeliveryRow | null> => {
  const { now, leaseUntil, taken = NONE_TAKEN } = options;
  const row = await catalog
    .with('due', (query) =>
      query
        .selectFrom('deliveries')
        .select('id')
        .where((where) =>
          where.or([
            where.and([where('status', '=', 'queued'), where('due_at', '<=', now)]),
            where.and([where('status', '=', 'running'), where('lease_until', '<=', now)]),
          ]),
        )
        .where(hasSlot(taken))
        .orderBy('due_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('deliveries')
    .from('due')
    .set({
      status: 'running',
      fence: sql<number>`deliveries.fence + 1`,
      attempts: sql<number>`deliveries.attempts + 1`,
      lease_until: leaseUntil,
      updated_at: now,
    })
    .whereRef('deliveries.id', '=', 'due.id')
    .returningAll('deliveries')
    .executeTakeFirst();
  return row ?? null;
};

/** When the next attempt, or the takeover of one whose holder is gone, is due, of those that have a slot. Null: nothing waits. */
export const nextDeliveryDue = async (catalog: Catalog, taken = NONE_TAKEN): Promise<Date | null> => {
  const row = await catalog
    .selectFrom('deliveries')
    .select(sql<Date | null>`min(case when status = 'queued' then due_at else lease_until end)`.as('due'))
    .where('status', 'in', ['queued', 'running'])
    .where(hasSlot(taken))
    .executeTakeFirst();
  return row?.due ?? null;
};

/** How many there are in each state. */
export const countDeliveries = async (catalog: Catalog): Promise<ReadonlyMap<DeliveryStatus, number>> => {
  const rows = await catalog
    .selectFrom('deliveries')
    .select(({ fn }) => ['status', fn.countAll<number>().as('count')])
    .groupBy('status')
    .execute();
  return new Map(rows.map(({ status, count }) => [status, count]));
};

interface Lease {
  readonly id: DeliveryId;
  readonly fence: number;
}

type Change = Partial<{
  status: DeliveryRow['status'];
  lease_until: Date | null;
  attempts: number;
  failures: number;
  due_at: Date;
  last_error: string | null;
  resume: string | null;
  url: string | null;
  stored_at: string | null;
  verified: string | null;
  done_at: Date | null;
}>;

const changeHeld = async (catalog: Catalog, lease: Lease, now: Date, change: Change): Promise<DeliveryRow | null> => {
  const row = await catalog
    .updateTable('deliveries')
    .set({ ...change, updated_at: now })
    .where('id', '=', lease.id)
    .where('fence', '=', lease.fence)
    .where('status', '=', 'running')
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
};

/** Holder: extends the lease. False: it was lost, stop sending. */
export const renewDelivery = async (
  catalog: Catalog,
  lease: Lease,
  times: { now: Date; leaseUntil: Date },
): Promise<boolean> => (await changeHeld(catalog, lease, times.now, { lease_until: times.leaseUntil })) !== null;

/** Holder: with this a later attempt can go on. False: the lease was lost. */
export const keepResume = async (catalog: Catalog, lease: Lease, now: Date, resume: string | null): Promise<boolean> =>
  (await changeHeld(catalog, lease, now, { resume })) !== null;

/** Holder: it is there, and verified. The secret URL is forgotten. Null: the lease was lost. */
export const finishDelivery = (
  catalog: Catalog,
  lease: Lease,
  now: Date,
  found: { storedAt: StoredAt; verified: Verified },
): Promise<DeliveryRow | null> =>
  changeHeld(catalog, lease, now, {
    status: 'done',
    lease_until: null,
    failures: 0,
    last_error: null,
    resume: null,
    url: null,
    stored_at: JSON.stringify(found.storedAt),
    verified: JSON.stringify(found.verified),
    done_at: now,
  });

/** Holder: the attempt failed; another follows at `dueAt`, or none does. Null: the lease was lost. */
export const failDelivery = (
  catalog: Catalog,
  lease: Lease,
  now: Date,
  outcome: { error: string; failures: number; dueAt: Date | null },
): Promise<DeliveryRow | null> =>
  changeHeld(catalog, lease, now, {
    status: outcome.dueAt ? 'queued' : 'failed',
    lease_until: null,
    failures: outcome.failures,
    last_error: outcome.error,
    ...(outcome.dueAt && { due_at: outcome.dueAt }),
  });

/** Holder: gives it back unfinished, as if the attempt had not been; somebody else goes on at once. */
export const releaseDelivery = async (
  catalog: Catalog,
  lease: Lease & { readonly attempts: number },
  now: Date,
): Promise<void> => {
  const change = { status: 'queued', lease_until: null, due_at: now, attempts: lease.attempts - 1 } as const;
  await changeHeld(catalog, lease, now, change);
};

/**
 * By hand: queued again from `failed`, or earlier than planned from `queued`; with a fresh URL, where one is given. Null: it is in
 * another state, or not of this recording.
 */
export const requeueDelivery = async (
  catalog: Catalog,
  delivery: { id: DeliveryId; recordingId: RecordingId; now: Date; givesUpAt: Date; url: string | null },
): Promise<DeliveryRow | null> => {
  const { now, givesUpAt, url } = delivery;
  const row = await catalog
    .updateTable('deliveries')
    .set({
      status: 'queued',
      failures: 0,
      due_at: now,
      gives_up_at: givesUpAt,
      updated_at: now,
      ...(url !== null && { url, resume: null }),
    })
    .where('id', '=', delivery.id)
    .where('recording_id', '=', delivery.recordingId)
    .where('status', 'in', ['queued', 'failed'])
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
};

/** Its recording is deleted: holders lose their leases. */
export const cancelDeliveries = async (catalog: Catalog, recordingId: RecordingId, now: Date): Promise<void> => {
  await catalog
    .updateTable('deliveries')
    .set({ status: 'cancelled', fence: sql<number>`fence + 1`, lease_until: null, url: null, updated_at: now })
    .where('recording_id', '=', recordingId)
    .where('status', 'in', ['queued', 'running', 'failed'])
    .execute();
};

/**
 * Files that are still in our store although they need not be: one delivery into a bucket was done before `deliveredBefore`, none is
 * unfinished or given up, and no merge is being made of them.
 */
export const filesToRemove = (catalog: Catalog, deliveredBefore: Date, limit: number): Promise<FileRow[]> =>
  catalog
    .selectFrom('files')
    .selectAll()
    .where('deleted_at', 'is', null)
    .where('removed_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('deliveries')
          .select('deliveries.id')
          .whereRef('deliveries.file_id', '=', 'files.id')
          .where('kind', '=', 'bucket')
          .where('status', '=', 'done')
          .where('done_at', '<=', deliveredBefore),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('deliveries')
            .select('deliveries.id')
            .whereRef('deliveries.file_id', '=', 'files.id')
            .where((where) =>
              where.or([
                where('status', 'in', ['queued', 'running', 'failed']),
                where('done_at', '>', deliveredBefore),
              ]),
            ),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('recordings')
            .select('recordings.id')
            .where('kind', '=', 'merge')
            .where('status', 'not in', ['done', 'failed'])
            .where(
              sql<boolean>`recordings.subject -> 'inputs' @> jsonb_build_array(jsonb_build_object('path', files.path))`,
            ),
        ),
      ),
    )
    .orderBy('created_at')
    .limit(limit)
    .execute();

/** It is no longer in our store. */
export const markFileRemoved = async (catalog: Catalog, fileId: FileId, removedAt: Date): Promise<void> => {
  await catalog.updateTable('files').set({ removed_at: removedAt }).where('id', '=', fileId).execute();
};
