/** What a transaction that hangs, or a statement that takes for ever, costs others: a moment. */
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCatalog } from '../../../src/catalog/catalog.ts';
import { createRoom, disableRoom, findRoom } from '../../../src/catalog/rooms.ts';
import type { RoomId } from '../../../src/domain/ids.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';
import { DATABASES, silentLog, type TestDatabase, until } from './databases.ts';

const scope = new Scope();
let database: TestDatabase;
beforeAll(async () => {
  const [embedded] = DATABASES;
  if (!embedded) throw new Error('There is no database to try.');
  database = scope.own('database', await embedded.start(), (it) => it.stop());
});
afterAll(() => scope.close());

const open = async (limits?: { statementMs: number; idleInTransactionMs: number }) => {
  const opened = await openCatalog({ url: database.url, log: silentLog, ...(limits && { limits }) });
  return scope.own('catalog', opened, (it) => it.close()).catalog;
};

it('every connection has its limits, with a minute for a statement and half of it for silence', async () => {
  const catalog = await open();
  const { rows } = await sql<{ setting: string }>`
    select setting from pg_settings where name in ('statement_timeout', 'idle_in_transaction_session_timeout') order by name`.execute(
    catalog,
  );
  expect(rows.map(({ setting }) => setting)).toEqual(['30000', '60000']);
});

it('a transaction that hangs is rolled back: its locks are free, and whoever is still in it is told', async () => {
  const hanging = await open({ statementMs: 60_000, idleInTransactionMs: 200 });
  const other = await open();
  const roomId = newRoomId<RoomId>();
  await createRoom(other, { id: newHexId(), roomId, customRoomId: null, webhook: null });
  const locked = Promise.withResolvers<void>();
  const freed = Promise.withResolvers<void>();
  const hung = hanging.transaction().execute(async (trx) => {
    await disableRoom(trx, roomId);
    locked.resolve();
    await freed.promise;
    await findRoom(trx, roomId);
  });
  const outcome = expect(hung).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await locked.promise;
  // Waits for the lock of the one that hangs.
  await other.updateTable('rooms').set({ disabled: false }).where('room_id', '=', roomId).execute();
  freed.resolve();
  await outcome;
  expect((await findRoom(other, roomId))?.disabled).toBe(false);
  expect((await findRoom(hanging, roomId))?.disabled).toBe(false);
});

it('a statement that takes for ever is given up, and its connection is as good as before', async () => {
  const catalog = await open({ statementMs: 200, idleInTransactionMs: 60_000 });
  await catalog.connection().execute(async (one) => {
    await expect(sql`select pg_sleep(600)`.execute(one)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect((await sql<{ one: number }>`select 1 as one`.execute(one)).rows).toEqual([{ one: 1 }]);
  });
});

it('bringing a database up to date has no limit: it waits for others as long as they take', async () => {
  // One that watches, since a transaction sees the same activity from its beginning to its end.
  const watching = await open();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('begin; lock table kysely_migration in access exclusive mode');
  const opening = open({ statementMs: 100, idleInTransactionMs: 100 });
  await until('the migration to have waited for longer than a statement may take', async () => {
    const { rows } = await sql`
      select 1 from pg_stat_activity where application_name = 'roomtape migrations'
        and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '500 ms'`.execute(watching);
    return rows.length > 0;
  });
  await client.query('commit');
  await client.end();
  expect((await sql<{ one: number }>`select 1 as one`.execute(await opening)).rows).toEqual([{ one: 1 }]);
});
