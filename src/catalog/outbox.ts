/**
 * The outbox: what must follow from a change of state, written in the same transaction as the change, done later by whoever sweeps.
 * At least once: an entry that was done but not marked is done again.
 */
import { sql } from 'kysely';
import type { RecordingId } from '../domain/ids.ts';
import type { Catalog } from './database.ts';
import type { OutboxRow } from './tables.ts';

export const appendOutbox = (
  catalog: Catalog,
  entry: { recordingId: RecordingId | null; type: string; payload: unknown; dueAt?: Date },
): Promise<OutboxRow> =>
  catalog
    .insertInto('outbox')
    .values({
      recording_id: entry.recordingId,
      type: entry.type,
      payload: JSON.stringify(entry.payload),
      ...(entry.dueAt && { due_at: entry.dueAt }),
    })
    .returningAll()
    .executeTakeFirstOrThrow();

/**
 * Takes entries that are due, oldest first, and puts their next try off until `retryAt`, so that nobody else takes them meanwhile and a
 * sweeper that dies is followed by another. Entries that another takes at this moment are passed over.
 */
export const takeOutbox = async (
  catalog: Catalog,
  options: { now: Date; retryAt: Date; limit: number },
): Promise<OutboxRow[]> => {
  const taken = await catalog
    .with('due', (query) =>
      query
        .selectFrom('outbox')
        .select('id')
        .where('done_at', 'is', null)
        .where('due_at', '<=', options.now)
        .orderBy('id')
        .limit(options.limit)
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('outbox')
    .from('due')
    .set({ due_at: options.retryAt, attempts: sql<number>`outbox.attempts + 1` })
    .whereRef('outbox.id', '=', 'due.id')
    .returningAll('outbox')
    .execute();
  return taken.sort((a, b) => a.id - b.id);
};

export const finishOutbox = async (catalog: Catalog, id: number, doneAt: Date): Promise<void> => {
  await catalog.updateTable('outbox').set({ done_at: doneAt }).where('id', '=', id).execute();
};

/** Tries again at a time of the caller's choice. */
export const postponeOutbox = async (catalog: Catalog, id: number, dueAt: Date): Promise<void> => {
  await catalog
    .updateTable('outbox')
    .set({ due_at: dueAt })
    .where('id', '=', id)
    .where('done_at', 'is', null)
    .execute();
};
