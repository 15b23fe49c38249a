/**
 * Queries about compositions. A worker holds a lease with a fence number; whoever leases again gets a higher one, and what the former
 * holder still reports changes nothing.
 */
import type { CompositionId, RecordingId } from '../domain/ids.ts';
import type { Catalog } from './database.ts';
import type { CompositionRequest, CompositionRow } from './tables.ts';

/** Queued. `config` is what the compositor is told; `request` what was asked for, where it is not the recording's own. */
export const insertComposition = (
  catalog: Catalog,
  composition: { id: CompositionId; recordingId: RecordingId; config: unknown; request?: CompositionRequest },
): Promise<CompositionRow> =>
  catalog
    .insertInto('compositions')
    .values({
      id: composition.id,
      recording_id: composition.recordingId,
      config: JSON.stringify(composition.config),
      request: composition.request ? JSON.stringify(composition.request) : null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();

export const findComposition = async (catalog: Catalog, id: CompositionId): Promise<CompositionRow | null> => {
  const row = await catalog.selectFrom('compositions').selectAll().where('id', '=', id).executeTakeFirst();
  return row ?? null;
};

/** All of a recording, oldest first. */
export const compositionsOf = (catalog: Catalog, recordingId: RecordingId): Promise<CompositionRow[]> =>
  catalog
    .selectFrom('compositions')
    .selectAll()
    .where('recording_id', '=', recordingId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();

/** Those of these recordings that were asked for afterwards, oldest first. */
export const compositionsAgainOf = async (
  catalog: Catalog,
  recordingIds: readonly RecordingId[],
): Promise<CompositionRow[]> => {
  if (recordingIds.length === 0) return [];
  return await catalog
    .selectFrom('compositions')
    .selectAll()
    .where('recording_id', 'in', recordingIds)
    .where('request', 'is not', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
};

/** Queued and running ones, oldest first: to be taken up again at boot. */
export const unfinishedCompositions = (catalog: Catalog): Promise<CompositionRow[]> =>
  catalog
    .selectFrom('compositions')
    .selectAll()
    .where('status', 'in', ['queued', 'running'])
    .orderBy('created_at')
    .orderBy('id')
    .execute();

/**
 * Takes it, from nobody or from whoever held it, however long ago he reported: one server works on a data folder at a time, and the fence keeps
 * out whoever does not know that he was succeeded. Null: it is finished or unknown. The row has the new fence.
 */
export const leaseComposition = async (
  catalog: Catalog,
  id: CompositionId,
  leaseUntil: Date,
): Promise<CompositionRow | null> => {
  const row = await catalog
    .updateTable('compositions')
    .set(({ eb }) => ({
      status: 'running',
      fence: eb('fence', '+', 1),
      attempts: eb('attempts', '+', 1),
      lease_until: leaseUntil,
      updated_at: new Date(),
    }))
    .where('id', '=', id)
    .where('status', 'in', ['queued', 'running'])
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
};

/** Holder's report; extends the lease. False: the lease was lost, stop working. */
export const reportComposition = async (
  catalog: Catalog,
  lease: { id: CompositionId; fence: number },
  report: { segmentsDone: number; segmentsTotal: number | null; leaseUntil: Date },
): Promise<boolean> => {
  const row = await catalog
    .updateTable('compositions')
    .set({
      segments_done: report.segmentsDone,
      segments_total: report.segmentsTotal,
      lease_until: report.leaseUntil,
      updated_at: new Date(),
    })
    .where('id', '=', lease.id)
    .where('fence', '=', lease.fence)
    .where('status', '=', 'running')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
};

/** The holder is through with it. False: the lease was lost; what he made is not taken. */
export const finishComposition = async (
  catalog: Catalog,
  lease: { id: CompositionId; fence: number },
  outcome: { status: 'done' } | { status: 'failed'; reason: string },
): Promise<boolean> => {
  const row = await catalog
    .updateTable('compositions')
    .set({
      status: outcome.status,
      failure_reason: outcome.status === 'failed' ? outcome.reason : null,
      lease_until: null,
      updated_at: new Date(),
    })
    .where('id', '=', lease.id)
    .where('fence', '=', lease.fence)
    .where('status', '=', 'running')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
};

/** Ends what is unfinished of a recording. Its holders lose their leases. */
export const cancelCompositions = async (catalog: Catalog, recordingId: RecordingId): Promise<CompositionRow[]> =>
  await catalog
    .updateTable('compositions')
    .set(({ eb }) => ({
      status: 'cancelled',
      fence: eb('fence', '+', 1),
      lease_until: null,
      updated_at: new Date(),
    }))
    .where('recording_id', '=', recordingId)
    .where('status', 'in', ['queued', 'running'])
    .returningAll()
    .execute();
