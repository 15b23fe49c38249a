/** An index by which the first call that is due is found for each origin, however many wait behind it; the one by time alone led through all of them. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  'drop index webhook_calls_waiting',
  `create index webhook_calls_by_origin on webhook_calls (origin, due_at, id) where status = 'waiting'`,
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
