import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compositionsOf } from '../../../src/catalog/compositions.ts';
import { openCatalog } from '../../../src/catalog/database.ts';
import { deliveriesOf, leaseDueDelivery } from '../../../src/catalog/deliveries.ts';
import { listEvents } from '../../../src/catalog/events.ts';
import { filesOf } from '../../../src/catalog/files.ts';
import { claimKey } from '../../../src/catalog/idempotency.ts';
import { incidentsOf, noteIncident } from '../../../src/catalog/incidents.ts';
import { purgesOf } from '../../../src/catalog/purges.ts';
import { findRecording, insertRecording, listRecordings, moveRecording } from '../../../src/catalog/recordings.ts';
import { findRoom } from '../../../src/catalog/rooms.ts';
import { staysOf } from '../../../src/catalog/sessions.ts';
import { signingKeys } from '../../../src/catalog/signing-keys.ts';
import { takeDueCalls } from '../../../src/catalog/webhook-calls.ts';
import type { RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { DATABASES, silentLog, type TestDatabase } from './databases.ts';

/** Made by pg_dump when each was the newest. They are never changed, and one is added with every migration. */
const DUMPS = fileURLToPath(new URL('../../fixtures/databases/', import.meta.url));
const [DONE, COMPOSING] = ['c', 'd'].map((digit) => digit.repeat(24) as RecordingId) as [RecordingId, RecordingId];
const SESSION = 'b'.repeat(24) as SessionId;
const ALL = { roomId: null, sessionId: null, recordingId: null, types: [], after: null, limit: 100 };
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

  const open = async (file: string) => {
    const name = `old_${newHexId().slice(-8)}`;
    await query(database.url, `create database ${name}`);
    const url = database.url.replace(/[^/]*$/, name);
    await query(url, readFileSync(join(DUMPS, file), 'utf8'));
    return openCatalog({ url, log: silentLog });
  };

  it('goes on with what it was to tell and to bring where, and with the keys and answers that it has given', async () => {
    const { catalog, close } = await open('0011-purges.sql');
    try {
      expect((await listEvents(catalog, { ...ALL, recordingId: DONE }))?.map(({ type }) => type)).toEqual([
        'recording-started',
        'recording-stopped',
      ]);
      const now = new Date('2026-11-02T00:00:00Z');
      const taking = { now, lostAt: new Date(now.getTime() + 30_000), exceptOrigins: [], limit: 10 };
      expect(await takeDueCalls(catalog, taking)).toMatchObject([
        { call: { url: 'https://example.org/call', attempts: 3 }, event: { type: 'recording-stopped' } },
      ]);
      expect(await leaseDueDelivery(catalog, { now, leaseUntil: now })).toMatchObject({
        kind: 'presigned-url',
        fence: 4,
        attempts: 4,
      });
      const [stored] = await deliveriesOf(catalog, [DONE]);
      expect(stored).toMatchObject({ status: 'done', stored_at: { type: 's3' }, verified: { bytes: 123_456 } });
      expect(await purgesOf(catalog, [DONE])).toMatchObject([{ participant_id: 'bob', status: 'done', packets: 1200 }]);
      expect(await signingKeys(catalog)).toMatchObject([{ secret: 'whsec_AAAA' }]);
      const at = new Date('2026-11-01T10:10:01Z');
      const claim = { holder: 'user/', key: 'key', fingerprint: 'fingerprint', objectId: newHexId() };
      expect(
        await claimKey(catalog, { ...claim, now: at, leaseUntil: at, forgottenBefore: new Date(0) }),
      ).toMatchObject({ state: 'answered', answer: { status: 200 } });
      expect(await findRoom(catalog, 'weekly')).toMatchObject({ auto_close: { afterMs: 3_600_000 } });
    } finally {
      await close();
    }
  });

  it.each(readdirSync(DUMPS))('%s is brought up to date with everything in it', async (file) => {
    const { catalog, close } = await open(file);
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
