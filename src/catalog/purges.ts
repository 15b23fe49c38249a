/** Queries about purges: participants whose media is taken out of a recording. */
import { sql } from 'kysely';
import type { CompositionId, ParticipantId, RecordingId } from '../domain/ids.ts';
import type { Catalog } from './database.ts';
import type { PurgeRow, RecordingRow } from './tables.ts';

interface PurgeKey {
  readonly recordingId: RecordingId;
  readonly participantId: ParticipantId;
}

/** Asks for one, or again for one that failed. The row as it is now: what is under way or done stays. */
export const askForPurge = async (catalog: Catalog, { recordingId, participantId }: PurgeKey): Promise<PurgeRow> => {
  await catalog
    .insertInto('purges')
    .values({ recording_id: recordingId, participant_id: participantId })
    .onConflict((conflict) =>
      conflict
        .columns(['recording_id', 'participant_id'])
        .doUpdateSet({ status: 'waiting', failure_reason: null, updated_at: new Date() })
        .where('purges.status', '=', 'failed'),
    )
    .execute();
  return catalog
    .selectFrom('purges')
    .selectAll()
    .where('recording_id', '=', recordingId)
    .where('participant_id', '=', participantId)
    .executeTakeFirstOrThrow();
};

/** Of these recordings, oldest first. */
export const purgesOf = async (catalog: Catalog, recordingIds: readonly RecordingId[]): Promise<PurgeRow[]> => {
  if (recordingIds.length === 0) return [];
  return await catalog
    .selectFrom('purges')
    .selectAll()
    .where('recording_id', 'in', recordingIds)
    .orderBy('created_at')
    .orderBy('participant_id')
    .execute();
};

/** What is still to be done, oldest first: unfinished ones, and those whose media the journal still has for other recordings. */
export const unfinishedPurges = (catalog: Catalog): Promise<PurgeRow[]> =>
  catalog
    .selectFrom('purges')
    .selectAll()
    .where(sql<boolean>`(status in ('waiting', 'composing') or kept_for <> '[]')`)
    .orderBy('created_at')
    .execute();

export interface PurgeChange {
  readonly status?: PurgeRow['status'];
  /** Added to what was taken out before. */
  readonly packets?: number;
  readonly keptFor?: readonly RecordingId[];
  readonly failureReason?: string | null;
}

export const changePurge = async (catalog: Catalog, key: PurgeKey, change: PurgeChange): Promise<void> => {
  const { status, packets = 0, keptFor, failureReason } = change;
  await catalog
    .updateTable('purges')
    .set(({ eb }) => ({
      packets: eb('packets', '+', packets),
      updated_at: new Date(),
      ...(status && { status }),
      ...(keptFor && { kept_for: JSON.stringify(keptFor) }),
      ...(failureReason !== undefined && { failure_reason: failureReason }),
    }))
    .where('recording_id', '=', key.recordingId)
    .where('participant_id', '=', key.participantId)
    .execute();
};

/** This purge, and those of the recording that were as far before, wait for this composition. */
export const composePurges = async (
  catalog: Catalog,
  { recordingId, participantId }: PurgeKey,
  compositionId: CompositionId,
): Promise<void> => {
  await catalog
    .updateTable('purges')
    .set({ composition_id: compositionId, status: 'composing', updated_at: new Date() })
    .where('recording_id', '=', recordingId)
    .where(({ or, eb }) => or([eb('participant_id', '=', participantId), eb('status', 'in', ['composing', 'done'])]))
    .execute();
};

/** Recordings of the same journal that still want this participant's media: not deleted, and not asked to be without. */
export const othersInJournal = async (
  catalog: Catalog,
  row: RecordingRow,
  participantId: ParticipantId,
): Promise<RecordingRow[]> =>
  catalog
    .selectFrom('recordings')
    .selectAll()
    .where('journal_dir', '=', row.journal_dir)
    .where('id', '<>', row.id)
    .where('deleted_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('purges')
            .select('recording_id')
            .whereRef('purges.recording_id', '=', 'recordings.id')
            .where('purges.participant_id', '=', participantId),
        ),
      ),
    )
    .orderBy('created_at')
    .execute();

/** What was composed of a recording with somebody in it who is purged: nothing of it is kept. */
export const withdrawCompositions = async (
  catalog: Catalog,
  recordingId: RecordingId,
  reason: string,
): Promise<void> => {
  await catalog
    .updateTable('compositions')
    .set({ status: 'cancelled', failure_reason: reason, lease_until: null, updated_at: new Date() })
    .where('recording_id', '=', recordingId)
    .where('request', 'is not', null)
    .where('status', '=', 'done')
    .execute();
};

/** True if a composition makes a recording anew without those who were purged from it. */
export const isPurge = async (catalog: Catalog, compositionId: CompositionId | null): Promise<boolean> => {
  if (compositionId === null) return false;
  const row = await catalog
    .selectFrom('purges')
    .select('recording_id')
    .where('composition_id', '=', compositionId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
};
