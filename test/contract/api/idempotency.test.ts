/** `Idempotency-Key` on several servers of one real database: one of them makes it, all of them tell of it, also after a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mintApiToken, mintParticipantToken } from '../../../src/api/auth.ts';
import { createApi } from '../../../src/api/create-api.ts';
import type { ApiPorts } from '../../../src/api/ports.ts';
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { deleteOldKeys } from '../../../src/catalog/idempotency.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import { idempotencyPort } from '../../../src/processes/idempotency-port.ts';
import { createLogger } from '../../../src/support/log.ts';
import { Scope } from '../../../src/support/scope.ts';
import { InMemorySystem } from './in-memory-system.ts';
import { API_CONFIG, CREDENTIALS } from './running-api.ts';

const log = createLogger('test', 'silent');
const HOUR_MS = 3_600_000;
const scope = new Scope();
let catalog: Catalog;
let token: string;
beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'roomtape-keys-'));
  scope.own('folder', dataDir, () => rmSync(dataDir, { recursive: true, force: true }));
  const postgres = scope.own('postgres', await openEmbeddedPostgres({ dataDir, log }), (it) => it.stop());
  ({ catalog } = scope.own('catalog', await openCatalog({ url: postgres.url, log }), (it) => it.close()));
  token = await mintApiToken(CREDENTIALS);
});
afterAll(() => scope.close());

let system: InMemorySystem;
let roomId: string;
/** Moved by tests. */
let passedMs: number;
let keys = 0;
beforeEach(async () => {
  system = new InMemorySystem();
  roomId = (await system.rooms.create({ customRoomId: null })).roomId;
  system.join(roomId);
  passedMs = 0;
});

/** A server over the system and the database of all. */
const server = async (changed: Partial<ApiPorts> = {}) => {
  const idempotency = idempotencyPort(catalog, () => new Date(Date.now() + passedMs));
  const api = await createApi({
    ports: { ...system, idempotency, ...changed },
    config: API_CONFIG,
    credentials: CREDENTIALS,
    log,
  });
  scope.own('api', api, () => api.close());
  const url = await api.listen();
  const post = async (path: string, body: object, key: string, authorization = token) => {
    const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': key };
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { status } = answer;
    return { status, text: await answer.text(), id: answer.headers.get('x-recording-id'), headers: answer.headers };
  };
  return { post, start: (key: string, body: object = { roomId }) => post('/v2/recordings/start', body, key), api };
};
const newKey = (): string => `key-${++keys}`;

describe('the same key', () => {
  it('makes one thing of many calls at once to several servers, and gives all of them the same answer', async () => {
    const servers = await Promise.all([server(), server(), server()]);
    const key = newKey();
    const answers = await Promise.all([...servers, ...servers, ...servers].map(({ start }) => start(key)));
    expect(system.recordingList).toHaveLength(1);
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([system.recordingList[0]?.id]));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['200 "Recording started successfully"']),
    );
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(8);
  });

  it('gets the first answer word for word after a restart, on every call that makes something', async () => {
    const before = await server();
    const calls: [path: string, body: object][] = [
      ['/v2/rooms', { customRoomId: 'weekly' }],
      ['/v2/rooms', {}],
      ['/v2/recordings/start', { roomId }],
      ['/v2/recordings/participant/start', { roomId, participantId: 'ann' }],
      ['/v2/recordings/participant/track/start', { roomId, participantId: 'ann', kind: 'audio' }],
      ['/v2/recordings/composite/start', { roomId, participants: [{ participantId: 'ann' }] }],
    ];
    const firsts = [];
    for (const [path, body] of calls) {
      const key = newKey();
      firsts.push({ path, body, key, answer: await before.post(path, body, key) });
    }
    await before.api.close();
    const made = [system.roomList.length, system.recordingList.length];
    const after = await server();
    for (const { path, body, key, answer } of firsts) {
      const again = await after.post(path, body, key);
      expect([path, again.status, again.text, again.id]).toEqual([path, 200, answer.text, answer.id]);
      expect(again.headers.get('content-type')).toBe(answer.headers.get('content-type'));
    }
    expect([system.roomList.length, system.recordingList.length]).toEqual(made);
  });

  it('makes another thing after 24 hours, and is not kept longer', async () => {
    const { post } = await server();
    const key = newKey();
    const first = await post('/v2/rooms', {}, key);
    passedMs = 24 * HOUR_MS - 1000;
    expect((await post('/v2/rooms', {}, key)).text).toBe(first.text);
    passedMs = 24 * HOUR_MS + 1000;
    expect((await post('/v2/rooms', {}, key)).text).not.toBe(first.text);
    expect(system.roomList).toHaveLength(3);
    expect(await deleteOldKeys(catalog, new Date(Date.now() + passedMs - 24 * HOUR_MS), 1000)).toBeGreaterThan(0);
    expect((await post('/v2/rooms', {}, key)).headers.get('idempotency-replayed')).toBe('true');
  });

  it('is refused with another body or another call, and belongs to its holder', async () => {
    const { post, start } = await server();
    const key = newKey();
    expect((await start(key)).status).toBe(200);
    for (const answer of [
      await start(key, { roomId, config: { quality: 'low' } }),
      await post('/v2/rooms', { roomId }, key),
      await post('/v2/recordings/start?roomId=x', { roomId }, key),
    ]) {
      expect([answer.status, answer.text]).toEqual([
        422,
        expect.stringMatching(/IDEMPOTENCY_KEY_REUSED.*Take a new key/),
      ]);
    }
    // A token that is bound to the room has keys of its own.
    const bound = await mintParticipantToken(CREDENTIALS, { roomId, moderator: true });
    expect((await post('/v2/recordings/start', { roomId }, key, bound)).status).toBe(409);
  });

  it('is as new after a call that was refused', async () => {
    const { start } = await server();
    const key = newKey();
    const empty = await system.rooms.create({ customRoomId: null });
    expect((await start(key, { roomId: empty.roomId })).status).toBe(400);
    expect((await start(key, { roomId: 'nobody-knows' })).status).toBe(404);
    expect((await start(key)).status).toBe(200);
  });

  it('is served again under the same id where the first server failed or died: what it had made is found', async () => {
    const ids: (string | undefined)[] = [];
    const noting = (fail: 'fails' | 'dies' | undefined): Partial<ApiPorts> => ({
      recordings: {
        ...system.recordings,
        start: async (options) => {
          ids.push(options.id);
          if (fail === 'dies') return new Promise(() => undefined);
          if (fail === 'fails') throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is away.');
          return system.recordings.start(options);
        },
      },
    });
    const key = newKey();
    expect((await (await server(noting('fails'))).start(key)).status).toBe(503);
    const dying = await server(noting('dies'));
    const cut = dying.start(key).catch(() => 'cut off');
    await expect.poll(() => ids.length).toBe(2);
    const third = await server(noting(undefined));
    passedMs = 16_000;
    expect((await third.start(key)).id).toBe(ids[0]);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
    await dying.api.close();
    await cut;
  });

  it('waits for the first answer a while, then is told to come again', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    let begun = 0;
    const { start } = await server({
      recordings: {
        ...system.recordings,
        start: async (options) => {
          begun += 1;
          await held;
          return system.recordings.start(options);
        },
      },
    });
    const key = newKey();
    const first = start(key);
    await expect.poll(() => begun).toBe(1);
    const second = await start(key);
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1']);
    expect(second.text).toContain('IDEMPOTENCY_KEY_BUSY');
    const third = start(key);
    letGo();
    expect((await first).id).toBe((await third).id);
    expect(begun).toBe(1);
  });
});
