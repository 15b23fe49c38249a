/**
 * Brings a database to this code's tables. Forward only: going back means restoring a backup. Kysely holds an advisory lock meanwhile,
 * so that several servers that start at once wait for one of them.
 */
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as initial from './0001-initial.ts';
import * as changing from './0002-changing.ts';
import * as subjects from './0003-subjects.ts';
import * as events from './0005-events.ts';
import * as deliveries from './0006-deliveries.ts';
import * as idempotency from './0007-idempotency.ts';
import * as incidents from './0008-incidents.ts';
import * as roomRules from './0010-room-rules.ts';
import * as purges from './0011-purges.ts';
import * as transcriptions from './0015-transcriptions.ts';
import * as lookups from './0018-lookups.ts';
import * as dueCalls from './0020-due-calls.ts';

/** By name, in order. Names are in databases: never rename, only add. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-changing': changing,
  '0003-subjects': subjects,
  '0005-events': events,
  '0006-deliveries': deliveries,
  '0007-idempotency': idempotency,
  '0008-incidents': incidents,
  '0010-room-rules': roomRules,
  '0011-purges': purges,
  '0015-transcriptions': transcriptions,
  '0018-lookups': lookups,
  '0020-due-calls': dueCalls,
};

/** Applies what is missing. Rejects with a sentence if the database is newer than this code, or a step fails. */
export const migrate = async <T>(db: Kysely<T>): Promise<string[]> => {
  const unknown = (await appliedMigrations(db)).filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length > 0) {
    throw new Error(
      `The database was last used by a newer Roomtape (it has "${unknown.join('", "')}", which this one does not know). ` +
        'Start that version, or restore a backup of the database from before.',
    );
  }
  // Numbers are given where work begins, not where it ends: a database may have met a later one first.
  const provider = { getMigrations: async () => MIGRATIONS };
  const migrator = new Migrator({ db, provider, allowUnorderedMigrations: true });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error) {
    const failed = results.find(({ status }) => status === 'Error')?.migrationName;
    throw new Error(`The database could not be brought up to date${failed ? ` (step "${failed}")` : ''}.`, {
      cause: error,
    });
  }
  return results.map(({ migrationName }) => migrationName);
};

const appliedMigrations = async <T>(db: Kysely<T>): Promise<string[]> => {
  const present = await sql<{
    present: boolean;
  }>`select to_regclass('kysely_migration') is not null as present`.execute(db);
  if (!present.rows[0]?.present) return [];
  const applied = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return applied.rows.map(({ name }) => name);
};
