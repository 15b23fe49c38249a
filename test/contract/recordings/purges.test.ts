/**
 * Purges on a real database, the compositors and the journal stood in for at their ports: what is withdrawn at once, what follows what, and
 * what other recordings of the session keep. The journal's side: test/unit/journal/purge.test.ts; all of it: test/scenario/purge.test.ts.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts';
import { compositionsOf, insertComposition } from '../../../src/catalog/compositions.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { filesOf } from '../../../src/catalog/files.ts';
import { purgesOf } from '../../../src/catalog/purges.ts';
import {
  findRecording,
  insertRecording,
  markRecordingDeleted,
  moveRecording,
} from '../../../src/catalog/recordings.ts';
import { createRoom } from '../../../src/catalog/rooms.ts';
import { insertSession, openStay } from '../../../src/catalog/sessions.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { CompositionId, ParticipantId, RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import type { RecordingConfig, RecordingSubject } from '../../../src/domain/recording.ts';
import { Compositions } from '../../../src/recordings/compositions.ts';
import type { CompositionWork } from '../../../src/recordings/ports.ts';
import { type PurgeJournal, Purges } from '../../../src/recordings/purges.ts';
import { createLogger } from '../../../src/support/log.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';

const config: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
  theme: 'DEFAULT',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
};
const ADA = 'ada' as ParticipantId;
const BOB = 'bob' as ParticipantId;
const FACTS = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
const log = createLogger('test', 'silent');
const scope = new Scope();
let catalog: Catalog;
let folder: string;

beforeAll(async () => {
  folder = scope.own('folder', mkdtempSync(join(tmpdir(), 'purges-')), (path) => rmSync(path, { recursive: true }));
  const postgres = scope.own('postgres', await openEmbeddedPostgres({ dataDir: folder, log }), (it) => it.stop());
  catalog = scope.own('catalog', await openCatalog({ url: postgres.url, log }), (it) => it.close()).catalog;
});
afterAll(() => scope.close());

type Order = Parameters<PurgeJournal>[1];
let roomId: RoomId;
let sessionId: SessionId;
let works: CompositionWork[];
let orders: Order[];
let journal: { there: boolean; unfinished: boolean };
let compositions: Compositions;
let purges: Purges;

/** Another server over the same database and files. */
const restart = (): void => {
  const recordingsDir = join(folder, 'recordings');
  compositions = new Compositions({
    catalog,
    composer: {
      start: async (work) => void works.push(work),
      finished: () => undefined,
      journalEnded: () => undefined,
      cancel: async () => undefined,
    },
    dataDir: folder,
    recordingsDir,
    log,
  });
  purges = new Purges({
    catalog,
    compositions,
    journal: async () =>
      journal.there ? { journalDir: 'j', startedNs: 0, startedAtMs: 0, stop: null, lastNs: 1, lastAtMs: 1 } : null,
    purgeJournal: async (_directory, order) => {
      orders.push(order);
      return { packets: 10, unfinished: journal.unfinished };
    },
    dataDir: folder,
    recordingsDir,
    log,
  });
};

beforeEach(async () => {
  roomId = newRoomId<RoomId>();
  sessionId = newHexId<SessionId>();
  await createRoom(catalog, { id: newHexId(), roomId, customRoomId: null, webhook: null });
  await insertSession(catalog, { id: sessionId, roomId, startedAt: new Date(0) });
  for (const participantId of [ADA, BOB]) {
    await openStay(catalog, {
      sessionId,
      participantId,
      name: participantId,
      hidden: false,
      joinedAt: new Date(1_000),
    });
  }
  [works, orders, journal] = [[], [], { there: true, unfinished: false }];
  restart();
});

interface Made {
  readonly id: RecordingId;
  readonly path: string;
}

/** A recording that is done, with a file. Seconds of the session. */
const recorded = async (fromS: number, toS: number, subject: RecordingSubject = { kind: 'room' }): Promise<Made> => {
  const id = newHexId<RecordingId>();
  await insertRecording(catalog, { id, roomId, sessionId, config, subject, dueAt: new Date() });
  const journalDir = join(folder, 'journals', sessionId);
  mkdirSync(journalDir, { recursive: true });
  await moveRecording(catalog, id, 'recording', { startedAt: new Date(6_000), startedNs: fromS * 1e9, journalDir });
  await moveRecording(catalog, id, 'composing', {
    endedAt: new Date(26_000),
    stoppedNs: toS * 1e9,
    stopReason: 'requested',
  });
  const compositionId = newHexId<CompositionId>();
  await insertComposition(catalog, { id: compositionId, recordingId: id, config: {} });
  const path = join(folder, 'recordings', id, 'files', `${compositionId}.mp4`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'film');
  await compositions.resume();
  await compositions.composed(compositionId, { path, ...FACTS });
  works = [];
  return { id, path };
};

/** The compositor is done with what it was given last. */
const compose = async (): Promise<void> => {
  const work = works.at(-1);
  if (!work) throw new Error('Nothing was handed out.');
  mkdirSync(dirname(work.artifactPath), { recursive: true });
  writeFileSync(`${work.artifactPath}.mp4`, 'film without Ada');
  await compositions.composed(work.compositionId, { path: `${work.artifactPath}.mp4`, ...FACTS });
};
const settle = async (): Promise<void> => {
  await purges.runDue();
  await compositions.settled();
};
const statusOf = async (id: RecordingId): Promise<string[]> =>
  (await purgesOf(catalog, [id])).map(({ status }) => status);
const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof RoomtapeError ? error.code : String(error)),
  );

test('the files go at once; the journal is rewritten, and the recording made anew without the participant', async () => {
  const { id, path } = await recorded(30, 60);
  expect(await purges.ask(id, ADA)).toMatchObject({ status: 'waiting', participant_id: ADA });
  expect([await filesOf(catalog, [id]), existsSync(path)]).toEqual([[], false]);
  await settle();
  expect(orders[0]).toEqual({ participantId: ADA, remove: [{ fromNs: 10e9, toNs: 80e9 }], keep: [] });
  expect(await statusOf(id)).toEqual(['composing']);
  expect(works.map((work) => work.config.excludeParticipants)).toEqual([expect.arrayContaining([ADA])]);
  await compose();
  await settle();
  const [purge] = await purgesOf(catalog, [id]);
  expect(purge).toMatchObject({ status: 'done', packets: 10, kept_for: [] });
  const files = await filesOf(catalog, [id]);
  expect(files.map((file) => file.composition_id)).toEqual([purge?.composition_id]);
  expect((await findRecording(catalog, id))?.status).toBe('done');
  // Again it is a tombstone, and nothing is done.
  expect(await purges.ask(id, ADA)).toMatchObject({ status: 'done' });
  await settle();
  expect([orders.length, works.length]).toEqual([1, 1]);
});

test('a session that goes on is waited for, also by the next server', async () => {
  const { id } = await recorded(30, 60);
  journal.unfinished = true;
  await purges.ask(id, ADA);
  await settle();
  expect([await statusOf(id), works.length]).toEqual([['waiting'], 0]);
  restart();
  journal.unfinished = false;
  await settle();
  expect([await statusOf(id), works.length]).toEqual([['composing'], 1]);
  await compose();
  restart();
  await settle();
  expect(await statusOf(id)).toEqual(['done']);
});

test('what other recordings need stays for them, until they need it no more', async () => {
  const { id } = await recorded(30, 60);
  const other = await recorded(50, 90);
  await recorded(40, 50, { kind: 'participant', participantId: BOB, participantName: 'Bob' });
  await purges.ask(id, ADA);
  await settle();
  expect(orders[0]?.keep).toEqual([{ fromNs: 30e9, toNs: 110e9 }]);
  expect((await purgesOf(catalog, [id]))[0]?.kept_for).toEqual([other.id]);
  await compose();
  await settle();
  await markRecordingDeleted(catalog, other.id, new Date());
  await settle();
  expect(orders.at(-1)?.keep).toEqual([]);
  expect((await purgesOf(catalog, [id]))[0]).toMatchObject({ status: 'done', kept_for: [] });
});

test('a second participant is taken out of what is being made', async () => {
  const { id } = await recorded(30, 60);
  await purges.ask(id, ADA);
  await settle();
  journal.unfinished = true;
  await purges.ask(id, BOB);
  await settle();
  journal.unfinished = false;
  await settle();
  await settle();
  expect(orders.at(-1)?.participantId).toBe(BOB);
  expect(works.at(-1)?.config.excludeParticipants).toEqual(expect.arrayContaining([ADA, BOB]));
  await compose();
  await settle();
  expect(await statusOf(id)).toEqual(['done', 'done']);
  expect(await filesOf(catalog, [id])).toHaveLength(1);
});

test("a recording of the participant alone has nothing left; another's is not about him", async () => {
  const alone = await recorded(30, 60, { kind: 'participant', participantId: ADA, participantName: 'Ada' });
  await purges.ask(alone.id, ADA);
  await settle();
  expect([await statusOf(alone.id), works.length, existsSync(alone.path)]).toEqual([['done'], 0, false]);
  expect(await code(purges.ask(alone.id, BOB))).toBe('PARTICIPANT_NOT_FOUND');
});

test('what was composed again is withdrawn, too', async () => {
  const { id } = await recorded(30, 60);
  const request = { config, fixedLayout: false, excludeParticipants: [] };
  const again = newHexId<CompositionId>();
  await insertComposition(catalog, { id: again, recordingId: id, config: {}, request });
  await compositions.resume();
  await compose();
  await purges.ask(id, ADA);
  const row = (await compositionsOf(catalog, id)).find((one) => one.id === again);
  expect(row).toMatchObject({ status: 'cancelled', failure_reason: expect.stringContaining('purged') });
  expect(await filesOf(catalog, [id])).toEqual([]);
});

test('a composition that fails is tried again when asked again', async () => {
  const { id } = await recorded(30, 60);
  await purges.ask(id, ADA);
  await settle();
  await compositions.failed(works[0]?.compositionId ?? '', 'No room left.');
  await settle();
  expect((await purgesOf(catalog, [id]))[0]).toMatchObject({ status: 'failed', failure_reason: 'No room left.' });
  expect(await purges.ask(id, ADA)).toMatchObject({ status: 'waiting', failure_reason: null });
  await settle();
  await compose();
  await settle();
  expect(await statusOf(id)).toEqual(['done']);
});

test('refuses what cannot be, and withdraws nothing', async () => {
  const { id, path } = await recorded(30, 60);
  expect(await code(purges.ask('nothing', ADA))).toBe('RECORDING_NOT_FOUND');
  expect(await code(purges.ask(id, 'nobody'))).toBe('PARTICIPANT_NOT_FOUND');
  const merge = await recorded(30, 60, { kind: 'merge', channel1: [], channel2: [], inputs: [] });
  expect(await code(purges.ask(merge.id, ADA))).toBe('INVALID_REQUEST');
  journal.there = false;
  expect(await code(purges.ask(id, ADA))).toBe('RECORDING_JOURNAL_ERASED');
  const live = newHexId<RecordingId>();
  await insertRecording(catalog, { id: live, roomId, sessionId, config, subject: { kind: 'room' }, dueAt: new Date() });
  expect(await code(purges.ask(live, ADA))).toBe('RECORDING_NOT_ENDED');
  await moveRecording(catalog, live, 'composing', { endedAt: new Date() });
  expect(await code(purges.ask(live, ADA))).toBe('RECORDING_NOT_DONE');
  await moveRecording(catalog, live, 'failed', { failureReason: 'The test is over.' });
  expect([existsSync(path), (await filesOf(catalog, [id])).length]).toEqual([true, 1]);
});
