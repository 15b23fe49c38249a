/** What of transcriptions is not done yet, in figures. */
import { sql } from 'kysely';
import type { TranscriptionStatus } from '../domain/transcription.ts';
import type { Catalog } from './database.ts';

const UNFINISHED = ['queued', 'running', 'summarizing'] as const satisfies readonly TranscriptionStatus[];

export interface TranscriptionFigures {
  readonly unfinished: Readonly<Record<(typeof UNFINISHED)[number], number>>;
  /** Of recordings, pauses among them, what is to be heard still. */
  readonly backlogSeconds: number;
}

/** Of recordings that are not deleted. */
export const transcriptionFigures = async (catalog: Catalog): Promise<TranscriptionFigures> => {
  const rows = await catalog
    .selectFrom('transcriptions')
    .innerJoin('recordings', 'recordings.id', 'transcriptions.recording_id')
    .where('recordings.deleted_at', 'is', null)
    .where('transcriptions.status', 'in', UNFINISHED)
    .groupBy('transcriptions.status')
    .select(({ fn }) => [
      'transcriptions.status',
      fn.countAll<number>().as('count'),
      sql<number>`coalesce(sum(greatest(0, extract(epoch from
        coalesce(recordings.ended_at, now()) - recordings.started_at) - transcriptions.heard_seconds)), 0)::float8`.as(
        'behind',
      ),
    ])
    .execute();
  const countOf = (status: TranscriptionStatus): number => rows.find((row) => row.status === status)?.count ?? 0;
  const behind = rows.filter(({ status }) => status !== 'summarizing').reduce((sum, row) => sum + row.behind, 0);
  return {
    unfinished: {
      queued: countOf('queued'),
      running: countOf('running'),
      summarizing: countOf('summarizing'),
    },
    backlogSeconds: behind,
  };
};
