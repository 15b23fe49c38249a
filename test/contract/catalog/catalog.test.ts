import { once } from 'node:events';
import { createServer } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Catalog,
  checkDatabase,
  type OpenCatalog,
  openCatalog,
  transaction,
} from '../../../src/catalog/catalog.ts';
import {
  isJournalWanted,
  journalSpans,
  nextDueAt,
  overdueRecordings,
  recordingsIn,
} from '../../../src/catalog/recordings.ts';
import { createRoom, disableRoom, findRoom, listRooms } from '../../../src/catalog/rooms.ts';
import {
  closeStay,
  endSession,
  findSession,
  insertSession,
  listSessions,
  ongoingSessions,
  openStay,
  staysOf,
} from '../../../src/catalog/sessions.ts';
import type { ParticipantId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { DATABASES, silentLog, type TestDatabase, until } from './databases.ts';

const at = (seconds: number): Date => new Date(1_800_000_000_000 + seconds * 1000);
const PAGE = { page: 1, perPage: 20 };

for (const kind of DATABASES) {
  if (kind.missing) console.warn(`Skipped: the catalog on ${kind.name}, since ${kind.missing}.`);

  describe.skipIf(kind.missing)(`the catalog on ${kind.name}`, () => {
    let database: TestDatabase;
    let opened: OpenCatalog;
    let db: Catalog;

    beforeAll(async () => {
      database = await kind.start();
      opened = await openCatalog({ url: database.url, log: silentLog });
      db = opened.catalog;
    });
    afterAll(async () => {
      await opened?.close();
      await database?.stop();
    });

    it('has a version that is promised', async () => {
      expect(Number.parseInt(await checkDatabase(database.url), 10)).toBeGreaterThanOrEqual(15);
    });

    it('is brought up to date by several servers at once, and again, without harm', async () => {
      await sql`create database fresh`.execute(db);
      const url = database.url.replace(/[^/]*$/, 'fresh');
      const all = await Promise.all([1, 2, 3].map(() => openCatalog({ url, log: silentLog })));
      for (const each of all) await each.close();
      const again = await openCatalog({ url, log: silentLog });
      expect((await listRooms(again.catalog, { ...PAGE, query: null })).total).toBe(0);
      await again.close();
      expect(again.close()).toBe(again.close());
    });

    it('of a newer Roomtape is refused in words', async () => {
      await sql`create database newer`.execute(db);
      const url = database.url.replace(/[^/]*$/, 'newer');
      const first = await openCatalog({ url, log: silentLog });
      await sql`insert into kysely_migration (name, timestamp) values ('9999-later', 'now')`.execute(first.catalog);
      await first.close();
      await expect(openCatalog({ url, log: silentLog })).rejects.toThrow(/newer Roomtape.*"9999-later"/);
    });

    it('that is not there, or refuses the password, is unavailable, and the password is not repeated', async () => {
      const away = openCatalog({ url: 'postgres://me:hush-hush@127.0.0.1:1/postgres', log: silentLog });
      await expect(away).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      const wrong = database.url.replace(/:[^:@]*@/, ':hush-hush@');
      await expect(openCatalog({ url: wrong, log: silentLog })).rejects.toThrow(
        /^(?!.*hush).*can't be reached.*password/,
      );
    });

    it('loses nothing when its connections are cut', async () => {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()`.execute(
        db,
      );
      expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    });

    it('rejects the query whose connection is cut, and goes on', async () => {
      const sleeping = sql`select pg_sleep(60)`.execute(db);
      const outcome = expect(sleeping).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      await until('the query is cut', async () => {
        const cut = await sql<{ cut: boolean }>`select pg_terminate_backend(pid) as cut from pg_stat_activity
          where query like 'select pg_sleep%' and state = 'active' and datname = current_database()`.execute(db);
        return cut.rows.some((row) => row.cut);
      });
      await outcome;
      expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    });

    it('that accepts connections and says nothing is unavailable', async () => {
      const mute = createServer(() => undefined).listen(0, '127.0.0.1');
      await once(mute, 'listening');
      const address = mute.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const waiting = checkDatabase(`postgres://me:x@127.0.0.1:${port}/postgres`);
      await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      mute.close();
    });

    it('takes a transaction back as a whole', async () => {
      const id = newHexId();
      const roomId = newRoomId<RoomId>();
      const failing = transaction(db, async (trx) => {
        await createRoom(trx, { id, roomId, customRoomId: null, webhook: null });
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await findRoom(db, roomId)).toBeNull();
    });

    it('looks for what is unfinished, and for what a journal has, by indexes: not through all that was ever recorded', async () => {
      await transaction(db, async (trx) => {
        await sql`set local enable_seqscan = off`.execute(trx);
        await recordingsIn(trx, ['composing']);
        await nextDueAt(trx);
        await overdueRecordings(trx, at(0));
        await isJournalWanted(trx, '/data/journals/none');
        await journalSpans(trx, '/data/journals/none', at(0));
        const { rows } = await sql`
          select seq_scan from pg_stat_xact_user_tables where relname = 'recordings'`.execute(trx);
        expect(rows).toEqual([{ seq_scan: 0 }]);
      });
    });

    describe('rooms', () => {
      it('are found by either id; one custom id makes one room', async () => {
        const customRoomId = `daily ${newHexId()} 100%`;
        const webhook = { endPoint: 'https://example.com/hook', events: ['*'] };
        const make = () => createRoom(db, { id: newHexId(), roomId: newRoomId<RoomId>(), customRoomId, webhook });
        const all = await Promise.all([make(), make(), make()]);
        expect(new Set(all.map(({ id }) => id)).size).toBe(1);
        const [room] = all;
        expect(room).toMatchObject({ custom_room_id: customRoomId, disabled: false, webhook });
        expect(room?.created_at).toBeInstanceOf(Date);
        expect(await findRoom(db, customRoomId)).toEqual(room);
        expect(await findRoom(db, room?.room_id ?? '')).toEqual(room);
        expect(await findRoom(db, 'none')).toBeNull();
        expect(await listRooms(db, { ...PAGE, query: '100%' })).toMatchObject({ total: 1, items: [{ id: room?.id }] });
        expect((await listRooms(db, { ...PAGE, query: '100_' })).total).toBe(0);
      });

      it('with the id that another chose as its own are found first', async () => {
        const roomId = newRoomId<RoomId>();
        await createRoom(db, { id: newHexId(), roomId: newRoomId<RoomId>(), customRoomId: roomId, webhook: null });
        const real = await createRoom(db, { id: newHexId(), roomId, customRoomId: null, webhook: null });
        expect((await findRoom(db, roomId))?.id).toBe(real.id);
      });

      it('are listed in pages with the total', async () => {
        const mark = newHexId();
        for (let i = 0; i < 5; i++) {
          await createRoom(db, {
            id: newHexId(),
            roomId: newRoomId<RoomId>(),
            customRoomId: `${mark}-${i}`,
            webhook: null,
          });
        }
        const page = await listRooms(db, { page: 2, perPage: 2, query: mark });
        expect(page.total).toBe(5);
        expect(page.items.map(({ custom_room_id }) => custom_room_id)).toEqual([`${mark}-2`, `${mark}-1`]);
        expect((await listRooms(db, { page: 4, perPage: 2, query: mark })).items).toEqual([]);
      });

      it('are disabled for good', async () => {
        const room = await createRoom(db, {
          id: newHexId(),
          roomId: newRoomId<RoomId>(),
          customRoomId: null,
          webhook: null,
        });
        expect((await disableRoom(db, room.room_id))?.disabled).toBe(true);
        expect((await disableRoom(db, room.room_id))?.disabled).toBe(true);
        expect(await disableRoom(db, newRoomId<RoomId>())).toBeNull();
      });
    });

    describe('sessions', () => {
      it('keep every stay of every participant, though all is told twice', async () => {
        const room = await createRoom(db, {
          id: newHexId(),
          roomId: newRoomId<RoomId>(),
          customRoomId: newHexId(),
          webhook: null,
        });
        const sessionId = newHexId<SessionId>();
        const [anna, ben] = ['anna', 'ben'] as ParticipantId[] as [ParticipantId, ParticipantId];
        const stay = (participantId: ParticipantId, joined: number) =>
          openStay(db, { sessionId, participantId, name: participantId, hidden: false, joinedAt: at(joined) });
        for (let told = 0; told < 2; told++) {
          await insertSession(db, { id: sessionId, roomId: room.room_id, startedAt: at(0) });
          await stay(anna, 1);
          await stay(ben, 2);
          await closeStay(db, { sessionId, participantId: anna, leftAt: at(5) });
        }
        await stay(anna, 9);
        // An old leave, told late, does not end the new stay.
        expect(await closeStay(db, { sessionId, participantId: anna, leftAt: at(5) })).toBe(false);
        expect((await ongoingSessions(db)).map(({ id }) => id)).toContain(sessionId);
        expect(await endSession(db, sessionId, at(20))).toBe(true);
        expect(await endSession(db, sessionId, at(30))).toBe(false);
        const stays = await staysOf(db, [sessionId]);
        expect(stays.map((row) => [row.participant_id, row.joined_at, row.left_at])).toEqual([
          [anna, at(1), at(5)],
          [ben, at(2), at(20)],
          [anna, at(9), at(20)],
        ]);
        expect(await findSession(db, sessionId)).toEqual({
          id: sessionId,
          auto_start: null,
          room_id: room.room_id,
          started_at: at(0),
          ended_at: at(20),
          custom_room_id: room.custom_room_id,
        });
        expect(await staysOf(db, [])).toEqual([]);
      });

      it('are listed by room, state and date', async () => {
        const room = await createRoom(db, {
          id: newHexId(),
          roomId: newRoomId<RoomId>(),
          customRoomId: newHexId(),
          webhook: null,
        });
        const ids: SessionId[] = [];
        for (let i = 0; i < 4; i++) {
          const id = newHexId<SessionId>();
          ids.push(id);
          await insertSession(db, { id, roomId: room.room_id, startedAt: at(i * 100) });
          if (i < 3) await endSession(db, id, at(i * 100 + 50));
        }
        const list = async (over: object) => {
          const none = { roomId: null, customRoomId: null, status: null, startDate: null, endDate: null };
          const { items, total } = await listSessions(db, { ...PAGE, ...none, roomId: room.room_id, ...over });
          return [total, ...items.map(({ id }) => ids.indexOf(id))];
        };
        expect(await list({})).toEqual([4, 3, 2, 1, 0]);
        expect(await list({ roomId: null, customRoomId: room.custom_room_id, perPage: 2 })).toEqual([4, 3, 2]);
        expect(await list({ status: 'ongoing' })).toEqual([1, 3]);
        expect(await list({ status: 'ended', startDate: at(100), endDate: at(200) })).toEqual([2, 2, 1]);
      });
    });
  });
}
