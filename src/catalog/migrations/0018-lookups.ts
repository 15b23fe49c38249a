/** Indexes for what is looked for every few seconds, however many recordings there have been: those that are not finished, those of a journal. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create index recordings_unfinished on recordings (created_at)
    where status in ('starting', 'recording', 'paused', 'stopping', 'composing')`,
  'create index recordings_by_journal on recordings (journal_dir) where journal_dir is not null',
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
