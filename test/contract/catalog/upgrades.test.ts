import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compositionsOf } from '../../../src/catalog/compositions.ts';
import { openCatalog } from '../../../src/catalog/database.ts';
import { filesOf } from '../../../src/catalog/files.ts';
import { incidentsOf, noteIncident } from '../../../src/catalog/incidents.ts';
import { findRecording, insertRecording, listRecordings, moveRecording } from '../../../src/catalog/recordings.ts';
import { findRoom } from '../../../src/catalog/rooms.ts';
import { staysOf } from '../../../src/catalog/sessions.ts';
import type { RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { DATABASES, silentLog, type TestDatabase } from './databases.ts';

/** Made by pg_dump when each was the newest. They are never changed, and one is added with every migration. */
const DUMPS = fileURLToPath(new URL('../../fixtures/databases/', import.meta.url));
const [DONE, COMPOSING] = ['c', 'd'].map((digit) => digit.repeat(24) as RecordingId) as [RecordingId, RecordingId];
const SESSION = 'b'.repeat(24) as SessionId;
const ROOM = 'aaaa-bbbb-cccc' as RoomId;

const [embedded] = DATABASES;
if (!embedded) throw new Error('There is no database to test with.');

describe('a database of an older Roomtape', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await embedded.start();
  });
  afterAll(() => database?.stop());

  const query = async (url: string, text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(text);
    await client.end();
  };

  it.each(readdirSync(DUMPS))('%s is brought up to date with everything in it', async (file) => {
    const name = `old_${file.slice(0, 4)}`;
    await query(database.url, `create database ${name}`);
    const url = database.url.replace(/[^/]*$/, name);
    await query(url, readFileSync(join(DUMPS, file), 'utf8'));
    const { catalog, close } = await openCatalog({ url, log: silentLog });
    try {
      expect(await findRoom(catalog, 'weekly')).toMatchObject({ room_id: ROOM });
      expect(await findRecording(catalog, DONE)).toMatchObject({
        status: 'done',
        kind: 'room',
        subject: { kind: 'room' },
        config: { quality: 'med', layout: { type: 'GRID' } },
        started_ns: 600_000_000_000,
        stop_reason: 'requested',
      });
      const rooms = await listRecordings(catalog, { page: 1, perPage: 20, roomId: ROOM, sessionId: null, query: null });
      expect(rooms.total).toBe(3);
      expect(await filesOf(catalog, [DONE])).toMatchObject([{ bytes: 123_456, offset_seconds: 0 }]);
      expect(await compositionsOf(catalog, COMPOSING)).toMatchObject([{ status: 'running', fence: 2, request: null }]);
      expect(await staysOf(catalog, [SESSION])).toMatchObject([{ participant_id: 'ada', name: 'Ada' }]);
      // And it is used as a new one is.
      expect(await moveRecording(catalog, COMPOSING, 'done', { progress: 1 })).toMatchObject({ status: 'done' });
      const { config } = (await findRecording(catalog, DONE)) ?? {};
      if (!config) throw new Error('The recording has no configuration.');
      const id = newHexId<RecordingId>();
      await insertRecording(catalog, { id, roomId: ROOM, sessionId: SESSION, config, dueAt: null });
      const incident = { fromSeconds: 1, toSeconds: null, atMs: 1_760_000_000_000, message: 'Something happened.' };
      await noteIncident(catalog, id, { type: 'interrupted', key: 'a', ...incident });
      await noteIncident(catalog, id, { type: 'interrupted', key: 'a', ...incident, toSeconds: 3 });
      await noteIncident(catalog, id, { type: 'interrupted', key: 'a', ...incident, toSeconds: 9 });
      expect(await incidentsOf(catalog, [id])).toMatchObject([{ from_seconds: 1, to_seconds: 3 }]);
    } finally {
      await close();
    }
  });
});
