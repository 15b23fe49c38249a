/** What changes while a recording runs (layout, pauses), and compositions that were asked for afterwards. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `alter table recordings
    add column layout jsonb,
    add column pauses jsonb not null default '[]',
    add column revision integer not null default 0`,
  'alter table compositions add column request jsonb',
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
