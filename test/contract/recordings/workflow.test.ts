/**
 * The workflow on a real database. The media process and the compositors are stood in for at their ports: what is judged is what follows
 * what, also after every crash in between.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Catalog, openCatalog, type RecordingRow } from '../../../src/catalog/catalog.ts';
import { compositionsOf } from '../../../src/catalog/compositions.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { listEvents } from '../../../src/catalog/events.ts';
import { filesOf } from '../../../src/catalog/files.ts';
import {
  findRecording,
  insertRecording,
  journalUses,
  moveRecording,
  recordingsIn,
} from '../../../src/catalog/recordings.ts';
import { createRoom } from '../../../src/catalog/rooms.ts';
import { insertSession, openStay } from '../../../src/catalog/sessions.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { ParticipantId, RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { changedLayout, type LayoutChange } from '../../../src/domain/layout-change.ts';
import type { RecordingConfig, RecordingSubject } from '../../../src/domain/recording.ts';
import { Admission } from '../../../src/recordings/admission.ts';
import { RecordingChanges } from '../../../src/recordings/changes.ts';
import { ComposingAgain } from '../../../src/recordings/composing-again.ts';
import { Compositions } from '../../../src/recordings/compositions.ts';
import { Merges } from '../../../src/recordings/merges.ts';
import type { CompositionWork, JournalLookup, LiveRecording, MediaControl } from '../../../src/recordings/ports.ts';
import { RecordingWorkflow } from '../../../src/recordings/workflow.ts';
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
const log = createLogger('test', 'silent');
const scope = new Scope();
let catalog: Catalog;
let folder: string;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'workflow-pg-'));
  scope.own('folder', dataDir, () => rmSync(dataDir, { recursive: true, force: true }));
  const postgres = scope.own('postgres', await openEmbeddedPostgres({ dataDir, log }), (it) => it.stop());
  const opened = scope.own('catalog', await openCatalog({ url: postgres.url, log }), (it) => it.close());
  catalog = opened.catalog;
});
afterAll(() => scope.close());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workflow-'));
});
afterEach(async () => {
  const left = await recordingsIn(catalog, ['starting', 'recording', 'paused', 'stopping', 'composing']);
  for (const { id } of left) await moveRecording(catalog, id, 'failed', { failureReason: 'The test is over.' });
  rmSync(folder, { recursive: true });
});

/** A media process that keeps its word: one room with a session. */
class Media implements MediaControl {
  readonly roomId: RoomId;
  readonly sessionId = newHexId<SessionId>();
  readonly active = new Map<string, LiveRecording>();
  sessionRuns = true;
  refuseStart: RoomtapeError | undefined;

  constructor(roomId: RoomId) {
    this.roomId = roomId;
  }

  async sessionOf(roomId: string) {
    if (!this.sessionRuns || roomId !== this.roomId) return null;
    const ada = { participantId: 'ada', name: 'Ada', hidden: false, joinedAtMs: 1_000 };
    return { sessionId: this.sessionId, roomId, startedAtMs: 1_000, participants: [ada] };
  }
  async startRecording({ recordingId, roomId }: { recordingId: string; roomId: string }): Promise<LiveRecording> {
    if (this.refuseStart) throw this.refuseStart;
    const journalDir = join(folder, 'journals', this.sessionId);
    mkdirSync(journalDir, { recursive: true });
    const live = { recordingId, roomId, sessionId: this.sessionId, startedNs: 5e9, startedAtMs: 6_000, journalDir };
    this.active.set(recordingId, live);
    return live;
  }
  async stopRecording(recordingId: string) {
    if (!this.active.delete(recordingId)) throw new RoomtapeError('RECORDING_NOT_RUNNING', 'Not running.');
    return { stoppedNs: 25e9, stoppedAtMs: 26_000 };
  }
  async changeLayout(recordingId: string, change: LayoutChange) {
    return this.#changed(recordingId, (live) => ({ layout: changedLayout(live.layout ?? config.layout, change) }));
  }
  async pauseRecording(recordingId: string) {
    return this.#changed(recordingId, ({ pauses = [] }) => ({
      pauses: [...pauses, { startedAtMs: 10_000, endedAtMs: null }],
    }));
  }
  async resumeRecording(recordingId: string) {
    return this.#changed(recordingId, ({ pauses = [] }) => ({
      pauses: pauses.map(({ startedAtMs, endedAtMs }) => ({ startedAtMs, endedAtMs: endedAtMs ?? 13_000 })),
    }));
  }
  #changed(recordingId: string, change: (live: LiveRecording) => Partial<LiveRecording>): LiveRecording {
    const live = this.active.get(recordingId);
    if (!live) throw new RoomtapeError('RECORDING_NOT_RUNNING', 'Not running.');
    const { layout = config.layout, revision = 0 } = live;
    const changed = { ...live, layout, ...change(live), revision: revision + 1 };
    this.active.set(recordingId, changed);
    return changed;
  }
  async endSession() {
    return true;
  }
  async removeParticipant() {
    return true;
  }
}

/** Everything around one workflow; `restart` makes another over the same database and files. */
const system = async (
  journal: JournalLookup = async () => null,
  limits: { minFreeDiskBytes?: number; mostRecordings?: number } = {},
) => {
  const roomId = newRoomId<RoomId>();
  await createRoom(catalog, { id: newHexId(), roomId, customRoomId: `custom-${roomId}`, webhook: null });
  const media = new Media(roomId);
  const told: string[] = [];
  const works: CompositionWork[] = [];
  const refusals = { starts: 0 };
  const recordingsDir = join(folder, 'recordings');
  mkdirSync(recordingsDir, { recursive: true });
  const restart = () => {
    const compositions = new Compositions({
      catalog,
      composer: {
        start: async (work) => {
          if (refusals.starts > 0) {
            refusals.starts -= 1;
            throw new Error('No space left on device.');
          }
          works.push(work);
          told.push(work.finished ? 'start finished' : 'start live');
        },
        finished: () => told.push('finished'),
        journalEnded: () => told.push('journal-ended'),
        cancel: async () => {
          told.push('cancel');
        },
      },
      dataDir: folder,
      recordingsDir,
      log,
    });
    const workflow = new RecordingWorkflow({
      catalog,
      media,
      compositions,
      journal,
      eraseJournal: async (directory) => rmSync(directory, { recursive: true }),
      recordingsDir,
      maxDurationMs: 60_000,
      transitions: true,
      admission: new Admission({ paths: [folder], minFreeDiskBytes: 0, mostRecordings: 0, ...limits }),
      onDue: () => undefined,
      log,
    });
    const again = new ComposingAgain({ catalog, compositions, journal });
    return { workflow, compositions, again, changes: new RecordingChanges({ catalog, media }) };
  };
  const first = restart();
  return { roomId, media, told, works, refusals, restart, ...first, settled: () => first.compositions.settled() };
};

const row = async (id: RecordingId) => (await findRecording(catalog, id)) ?? expect.fail('The row is gone.');
/** What others are told of a recording. */
const events = async (id: RecordingId): Promise<string[]> => {
  const filter = { after: null, limit: 100, roomId: null, sessionId: null, types: [] };
  return ((await listEvents(catalog, { ...filter, recordingId: id })) ?? []).map(({ type }) => type);
};
const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof RoomtapeError ? error.code : String(error)),
  );

test('start, stop, composed: done, with its file; the scratch folder is gone', async () => {
  const { workflow, compositions, roomId, told, works, settled } = await system();
  const started = await workflow.start({ roomId: `custom-${roomId}`, config });
  expect(started).toMatchObject({ status: 'recording', started_at: new Date(6_000), started_ns: 5e9, config });
  await settled();
  expect(told).toEqual(['start live']);
  const stopped = await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  expect(stopped).toMatchObject({ status: 'composing', ended_at: new Date(26_000), stop_reason: 'requested' });
  await settled();
  expect(told).toEqual(['start live', 'finished']);
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  expect(work.config).toMatchObject({ width: 1280, height: 720 });
  mkdirSync(work.directory);
  const path = `${work.artifactPath}.mp4`;
  writeFileSync(path, 'film');
  await compositions.progressed(work.compositionId, 1, 2);
  expect((await row(started.id)).progress).toBe(0.5);
  const facts = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
  await compositions.composed(work.compositionId, { path, ...facts });
  expect(await row(started.id)).toMatchObject({ status: 'done', progress: 1 });
  const [file] = await filesOf(catalog, [started.id]);
  expect(file).toMatchObject({ bytes: 4, type: 'video', path: path.slice(folder.length + 1) });
  expect(existsSync(work.directory)).toBe(false);
  await compositions.composed(work.compositionId, { path, ...facts });
  expect(await filesOf(catalog, [started.id])).toHaveLength(1);
  expect(await events(started.id)).toEqual([
    'recording-starting',
    'recording-started',
    'recording-stopping',
    'recording-stopped',
  ]);
});

test('refuses what cannot be, and leaves nothing behind', async () => {
  const { workflow, roomId, media } = await system();
  expect(await code(workflow.start({ roomId: 'nowhere', config }))).toBe('ROOM_NOT_FOUND');
  expect(await code(workflow.stop({ roomId, recordingId: null, reason: 'requested' }))).toBe('RECORDING_NOT_RUNNING');
  media.sessionRuns = false;
  expect(await code(workflow.start({ roomId, config }))).toBe('NO_ACTIVE_SESSION');
  media.sessionRuns = true;
  media.refuseStart = new RoomtapeError('DISK_FULL', 'No space.');
  expect(await code(workflow.start({ roomId, config }))).toBe('DISK_FULL');
  media.refuseStart = undefined;
  const started = await workflow.start({ roomId, config });
  expect(await code(workflow.start({ roomId, config }))).toBe('RECORDING_ALREADY_RUNNING');
  const elsewhere = { roomId, recordingId: newHexId<RecordingId>(), reason: 'requested' } as const;
  expect(await code(workflow.stop(elsewhere))).toBe('RECORDING_NOT_FOUND');
  await workflow.stop({ roomId, recordingId: started.id, reason: 'requested' });
});

test('the same start once more, under the id that it was to have: what the first run made is answered', async () => {
  const { workflow, roomId, restart, media } = await system();
  const id = newHexId<RecordingId>();
  const first = await workflow.start({ roomId, config, id });
  expect(first.id).toBe(id);
  expect((await restart().workflow.start({ roomId, config, id })).id).toBe(id);
  expect(media.active.size).toBe(1);
  await workflow.stop({ roomId, recordingId: id, reason: 'requested' });
  expect((await workflow.start({ roomId, config, id })).id).toBe(id);
  // While it is not known what became of the first run, nothing is promised.
  const starting = newHexId<RecordingId>();
  await insertRecording(catalog, { id: starting, roomId, sessionId: media.sessionId, config, dueAt: null });
  expect(await code(workflow.start({ roomId, config, id: starting }))).toBe('MEDIA_UNAVAILABLE');
  await workflow.reconcile([]);
  // It came to nothing: the second run starts another.
  expect((await workflow.start({ roomId, config, id: starting })).id).not.toBe(starting);
});

test('no more recordings run at once than are allowed, however many start at the same moment', async () => {
  const live = (await recordingsIn(catalog, ['starting', 'recording', 'paused', 'stopping'])).length;
  const { workflow, roomId } = await system(undefined, { mostRecordings: live + 2 });
  const composite = () => ({ kind: 'composite', participants: [], watermarks: [] }) as const;
  const starts = [1, 2, 3, 4, 5].map(() => workflow.start({ roomId, config, subject: composite }));
  const outcomes = await Promise.allSettled(starts);
  const accepted = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(accepted).toHaveLength(2);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    expect(outcome.reason).toMatchObject({
      code: 'TOO_MANY_RECORDINGS',
      status: 429,
      message: expect.stringContaining(`takes ${live + 2} at once (ROOMTAPE_MAX_RECORDINGS)`),
    });
  }
  // One that is over and only waits to be composed takes nobody's place.
  const subject = { kind: 'composite', key: '' } as const;
  await workflow.stop({ roomId, recordingId: accepted[0]?.id ?? null, subject, reason: 'requested' });
  await workflow.start({ roomId, config, subject: composite });
});

test('without room on the disk nothing starts, and the words say what is needed', async () => {
  const { workflow, roomId, media } = await system(undefined, { minFreeDiskBytes: 2 ** 60 });
  await expect(workflow.start({ roomId, config })).rejects.toMatchObject({
    code: 'DISK_FULL',
    status: 507,
    message: expect.stringMatching(/^\d+ MiB are free; no recording starts below 1099511627776 MiB/),
  });
  expect(media.active.size).toBe(0);
  expect(await recordingsIn(catalog, ['starting'])).toEqual([]);
});

test('a start whose answer comes too late is refused, and does not run behind the back of the caller', async () => {
  const { workflow, roomId, media } = await system();
  const start = media.startRecording.bind(media);
  media.startRecording = async (options) => {
    await start(options);
    throw new RoomtapeError('MEDIA_UNAVAILABLE', 'No answer within 10 s.');
  };
  expect(await code(workflow.start({ roomId, config }))).toBe('MEDIA_UNAVAILABLE');
  await expect.poll(() => media.active.size).toBe(0);
  expect(await recordingsIn(catalog, ['starting', 'recording'])).toEqual([]);
});

test('a start that the database could not follow is refused, and forgotten when it is back', async () => {
  const { workflow, roomId, media } = await system();
  const start = media.startRecording.bind(media);
  media.startRecording = async (options) => {
    // From here on nothing can be written, as when the database goes away.
    await sql`alter table recordings rename to recordings_away`.execute(catalog);
    return start(options);
  };
  media.stopRecording = async () => {
    throw new RoomtapeError('MEDIA_UNAVAILABLE', 'Away, too.');
  };
  try {
    expect(await code(workflow.start({ roomId, config }))).toMatch(/does not exist/);
  } finally {
    await sql`alter table recordings_away rename to recordings`.execute(catalog);
  }
  const stopped: string[] = [];
  media.stopRecording = async (recordingId) => {
    stopped.push(recordingId);
    return { stoppedNs: 25e9, stoppedAtMs: 26_000 };
  };
  await workflow.reconcile([...media.active.values()]);
  expect(stopped).toEqual([...media.active.keys()]);
  expect(await recordingsIn(catalog, ['starting', 'recording', 'composing', 'failed'])).not.toContainEqual(
    expect.objectContaining({ room_id: roomId }),
  );
});

test('its session ends it; being told twice changes nothing', async () => {
  const { workflow, roomId, told, settled } = await system();
  const { id } = await workflow.start({ roomId, config });
  const end = { stoppedNs: 9e9, stoppedAtMs: 10_000, reason: 'session-ended' } as const;
  await workflow.stoppedByMedia(id, end);
  await workflow.stoppedByMedia(id, end);
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'session-ended', stopped_ns: 9e9 });
  await settled();
  expect(told).toEqual(['start live', 'finished']);
});

test('its maximum duration ends it', async () => {
  const { workflow, roomId } = await system();
  const { id } = await workflow.start({ roomId, config });
  await workflow.enforceMaximumDuration(new Date(Date.now() + 59_000));
  expect((await row(id)).status).toBe('recording');
  await workflow.enforceMaximumDuration(new Date(Date.now() + 61_000));
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'max-duration' });
});

test('a restarted server takes up what was live and what was being composed', async () => {
  const first = await system();
  const live = await first.workflow.start({ roomId: first.roomId, config });
  await first.settled();
  first.told.length = 0;
  const second = first.restart();
  await second.compositions.resume();
  await second.workflow.reconcile([...first.media.active.values()]);
  expect((await row(live.id)).status).toBe('recording');
  await second.workflow.stop({ roomId: first.roomId, recordingId: null, reason: 'requested' });
  await second.compositions.settled();
  const third = first.restart();
  await third.compositions.resume();
  expect(first.told.filter((word) => word.startsWith('start'))).toContain('start finished');
  const fences = (await compositionsOf(catalog, live.id)).map(({ fence }) => fence);
  expect(fences).toEqual([3]);
});

test('a server of an older lease can no longer finish a composition', async () => {
  const first = await system();
  const { id } = await first.workflow.start({ roomId: first.roomId, config });
  await first.workflow.stop({ roomId: first.roomId, recordingId: null, reason: 'requested' });
  await first.settled();
  const second = first.restart();
  await second.compositions.resume();
  const [work] = first.works;
  if (!work) throw new Error('Nothing was handed out.');
  await first.compositions.failed(work.compositionId, 'late');
  expect((await row(id)).status).toBe('composing');
});

test('killed between row and start record: failed, with a reason', async () => {
  const { workflow, roomId, media } = await system();
  const id = newHexId<RecordingId>();
  await insertSession(catalog, { id: media.sessionId, roomId, startedAt: new Date() });
  await insertRecording(catalog, { id, roomId, sessionId: media.sessionId, config, dueAt: null });
  await workflow.reconcile([]);
  expect(await row(id)).toMatchObject({
    status: 'failed',
    failure_reason: 'Nothing was recorded: the server ended before the recording had begun.',
  });
  expect(await events(id)).toEqual(['recording-starting', 'recording-failed']);
});

test('killed between start record and row: the recording goes on', async () => {
  const { workflow, roomId, media, told, settled } = await system();
  const id = newHexId<RecordingId>();
  await insertSession(catalog, { id: media.sessionId, roomId, startedAt: new Date() });
  await insertRecording(catalog, { id, roomId, sessionId: media.sessionId, config, dueAt: null });
  await media.startRecording({ recordingId: id, roomId });
  await workflow.reconcile([...media.active.values()]);
  expect((await row(id)).status).toBe('recording');
  await settled();
  expect(told).toEqual(['start live']);
  expect(await events(id)).toEqual(['recording-starting', 'recording-started']);
});

test('the media process died: what the journal has is composed', async () => {
  const { workflow, roomId, media, told, settled } = await system(async () => ({
    journalDir: join(folder, 'journals', 'x'),
    startedNs: 5e9,
    startedAtMs: 6_000,
    stop: null,
    lastNs: 12e9,
    lastAtMs: 13_000,
  }));
  const { id } = await workflow.start({ roomId, config });
  media.active.clear();
  await workflow.reconcile([]);
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'media-process-lost', stopped_ns: 12e9 });
  await settled();
  expect(told).toEqual(['start live', 'journal-ended']);
});

test('what the media process records without a promise is ended', async () => {
  const { workflow, roomId, media } = await system();
  await media.startRecording({ recordingId: newHexId(), roomId });
  await workflow.reconcile([...media.active.values()]);
  expect(media.active.size).toBe(0);
});

test('a database that refuses when the file is finished is made up for', async () => {
  const { workflow, compositions, roomId, works, settled, told } = await system();
  const { id } = await workflow.start({ roomId, config });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  const broken = { bytes: Number.NaN, durationSeconds: 1, width: 2, height: 2, format: 'mp4', videoBytes: 1 };
  await expect(
    compositions.composed(work.compositionId, { path: `${work.artifactPath}.mp4`, ...broken }),
  ).rejects.toThrow();
  expect((await row(id)).status).toBe('composing');
  told.length = 0;
  await compositions.resume();
  expect(told).toEqual(['start finished', 'finished']);
  await compositions.composed(work.compositionId, { path: `${work.artifactPath}.mp4`, ...broken, bytes: 4 });
  expect((await row(id)).status).toBe('done');
});

test('a composition that could not be handed out is handed out later', async () => {
  const { workflow, compositions, roomId, told, refusals, settled } = await system();
  refusals.starts = 1;
  await workflow.start({ roomId, config });
  await settled();
  expect(told).toEqual([]);
  await compositions.resume();
  expect(told).toEqual(['start live']);
});

test('a server that lost its lease lets go of the work, touches none of it, and does not take it back from who has it', async () => {
  const first = await system();
  const { id } = await first.workflow.start({ roomId: first.roomId, config });
  await first.workflow.stop({ roomId: first.roomId, recordingId: null, reason: 'requested' });
  await first.settled();
  const second = first.restart();
  await second.compositions.resume();
  const [work] = first.works;
  if (!work) throw new Error('Nothing was handed out.');
  mkdirSync(work.directory, { recursive: true });
  first.told.length = 0;
  const path = `${work.artifactPath}.mp4`;
  const facts = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
  await first.compositions.progressed(work.compositionId, 1, 2);
  expect(first.told).toEqual(['cancel']);
  await first.compositions.resume();
  expect(first.told.filter((word) => word.startsWith('start'))).toEqual([]);
  const third = first.restart();
  await third.compositions.resume();
  await second.compositions.composed(work.compositionId, { path, ...facts });
  expect(existsSync(work.directory)).toBe(true);
  expect((await row(id)).status).toBe('composing');
  await third.compositions.composed(work.compositionId, { path, ...facts });
  expect(existsSync(work.directory)).toBe(false);
  expect((await row(id)).status).toBe('done');
});

test('killed between a file and the removal of its segments: the next server removes them', async () => {
  const { workflow, compositions, roomId, works, settled, restart } = await system();
  await workflow.start({ roomId, config });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  const path = `${work.artifactPath}.mp4`;
  const facts = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
  await compositions.composed(work.compositionId, { path, ...facts });
  mkdirSync(join(work.directory, 'segments'), { recursive: true });
  writeFileSync(path, 'film');
  // What is nobody's stays, and hinders nobody.
  writeFileSync(join(folder, 'recordings', 'notes.txt'), '');
  mkdirSync(join(folder, 'recordings', work.recordingId, 'of-somebody-else'));
  await restart().compositions.resume();
  expect(existsSync(work.directory)).toBe(false);
  expect(existsSync(path)).toBe(true);
  expect(existsSync(join(folder, 'recordings', work.recordingId, 'of-somebody-else'))).toBe(true);
});

test('delete ends, cancels, erases file and journal, and the recording is not found any more', async () => {
  const { workflow, roomId, told, works, settled } = await system();
  const started = await workflow.start({ roomId, config });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  await workflow.delete(started.id);
  expect(told).toContain('cancel');
  expect(existsSync(join(folder, 'recordings', started.id))).toBe(false);
  expect(existsSync(work.journalDir)).toBe(false);
  expect(await findRecording(catalog, started.id)).toBeNull();
  expect(await code(workflow.delete(started.id))).toBe('RECORDING_NOT_FOUND');
  // Whoever waits for its end hears of it.
  expect(await events(started.id)).toEqual([
    'recording-starting',
    'recording-started',
    'recording-stopping',
    'recording-failed',
  ]);
  expect((await recordingsIn(catalog, ['recording'])).map(({ id }) => id)).not.toContain(started.id);
});

test('a participant, two tracks and the room are recorded at once, each once; a track may leave several files or none', async () => {
  const { workflow, compositions, roomId, works, settled } = await system();
  const ada = { participantId: 'ada' as ParticipantId, participantName: 'Ada' };
  const subjects: RecordingSubject[] = [
    { kind: 'participant', ...ada },
    { kind: 'track', source: 'microphone', ...ada },
    { kind: 'track', source: 'camera', ...ada },
  ];
  const room = await workflow.start({ roomId, config });
  const rows: RecordingRow[] = [];
  for (const subject of subjects) {
    const webm = { ...config, fileFormat: 'webm' } as const;
    rows.push(await workflow.start({ roomId, config: webm, subject: () => subject }));
    expect(await code(workflow.start({ roomId, config: webm, subject: () => subject }))).toBe(
      'RECORDING_ALREADY_RUNNING',
    );
  }
  const [participant, microphone, camera] = rows;
  if (!participant || !microphone || !camera) throw new Error('Not all were started.');
  expect(participant).toMatchObject({ kind: 'participant', subject: subjects[0], status: 'recording' });

  const stop = (kind: RecordingSubject['kind'], key: string) =>
    workflow.stop({ roomId, recordingId: null, subject: { kind, key }, reason: 'requested' });
  expect(await code(stop('participant', 'bob'))).toBe('RECORDING_NOT_RUNNING');
  expect((await stop('track', 'ada/microphone')).id).toBe(microphone.id);
  await workflow.stoppedByMedia(camera.id, { stoppedNs: 9e9, stoppedAtMs: 10_000, reason: 'participant-left' });
  expect((await stop('participant', 'ada')).id).toBe(participant.id);
  expect((await row(camera.id)).stop_reason).toBe('participant-left');
  expect((await row(room.id)).status).toBe('recording');

  await settled();
  const workOf = (id: RecordingId) => works.find((work) => work.recordingId === id) ?? expect.fail('No work.');
  expect(workOf(room.id).copy).toBeUndefined();
  const copy = { kind: 'track', participantId: 'ada', source: 'microphone', fileFormat: 'webm' };
  expect(workOf(microphone.id).copy).toEqual(copy);
  expect(workOf(participant.id).copy).toEqual({ ...copy, kind: 'participant', source: null });
  const { compositionId, artifactPath } = workOf(microphone.id);
  const facts = { bytes: 4, durationSeconds: 2, width: null, height: null, format: 'webm', videoBytes: 0 };
  const artifacts = [0, 7.5].map((offsetSeconds, i) => ({
    path: `${artifactPath}-${i}.webm`,
    offsetSeconds,
    ...facts,
  }));
  await compositions.copied(compositionId, artifacts);
  await compositions.copied(workOf(camera.id).compositionId, []);
  expect((await row(camera.id)).status).toBe('done');
  const files = await filesOf(catalog, [microphone.id]);
  expect(files.map(({ offset_seconds, type }) => [offset_seconds, type]).toSorted()).toEqual([
    [0, 'audio'],
    [7.5, 'audio'],
  ]);
  expect(new Set(files.map(({ id }) => id)).size).toBe(2);
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
});

test('composites run side by side; their watermarks are there before they start and gone when they are deleted', async () => {
  const { workflow, roomId, works, settled } = await system();
  const composite: RecordingSubject = {
    kind: 'composite',
    participants: [{ participantId: 'ada' as ParticipantId, sources: ['camera'] }],
    watermarks: [{ image: 'watermark-0', text: 'Logo', timezone: 'Asia/Kolkata', place: 'top-right' }],
  };
  const prepare = async (where: string) => writeFileSync(join(where, 'watermark-0'), 'png');
  const options = { roomId, config, subject: () => composite };
  const first = await workflow.start({ ...options, prepare });
  const second = await workflow.start(options);
  await settled();
  const recordings = join(folder, 'recordings');
  expect(works.find((work) => work.recordingId === first.id)).toMatchObject({
    config: {
      participants: composite.participants,
      watermarks: [{ image: join(recordings, first.id, 'watermark-0'), startedAtMs: 6_000, place: 'top-right' }],
    },
  });
  const stop = (recordingId: RecordingId, kind: RecordingSubject['kind']) =>
    workflow.stop({ roomId, recordingId, subject: { kind, key: '' }, reason: 'requested' });
  expect(await code(stop(first.id, 'room'))).toBe('RECORDING_NOT_FOUND');
  expect((await stop(second.id, 'composite')).status).toBe('composing');
  await workflow.delete(first.id);
  expect(existsSync(join(recordings, first.id))).toBe(false);
  const broken = async () => {
    throw new RoomtapeError('DISK_FULL', 'No space.');
  };
  const before = readdirSync(recordings);
  expect(await code(workflow.start({ ...options, prepare: broken }))).toBe('DISK_FULL');
  expect(readdirSync(recordings)).toEqual(before);
});

test('what is done is merged from its files, each where it lies in the session', async () => {
  const { workflow, compositions, roomId, media, works, settled } = await system();
  const merges = new Merges(catalog, compositions);
  const sessionId: string = media.sessionId;
  const of = (participantId: string) => [{ participantId, recordingId: null, type: null }];
  const done = async (subject: RecordingSubject, offsets: readonly number[]): Promise<RecordingRow> => {
    const started = await workflow.start({ roomId, config, subject: () => subject });
    await workflow.stop({
      roomId,
      recordingId: started.id,
      subject: { kind: subject.kind, key: '' },
      reason: 'requested',
    });
    await settled();
    const work = works.find(({ recordingId }) => recordingId === started.id) ?? expect.fail('No work.');
    const facts = { bytes: 4, durationSeconds: 2, width: null, height: null, format: 'webm', videoBytes: 0 };
    const artifacts = offsets.map((offsetSeconds, i) => ({
      path: `${work.artifactPath}-${i}.webm`,
      offsetSeconds,
      ...facts,
    }));
    await compositions.copied(work.compositionId, artifacts);
    return row(started.id);
  };
  const ada = { participantId: 'ada' as ParticipantId, participantName: 'Ada' };
  const bob = { participantId: 'bob' as ParticipantId, participantName: 'Bob' };
  const request = { sessionId, channel1: of('ada'), channel2: of('bob') };
  expect(await code(merges.create({ ...request, sessionId: newHexId() }))).toBe('SESSION_NOT_FOUND');
  const whole = await done({ kind: 'participant', ...ada }, [0]);
  expect(await code(merges.create(request))).toBe('RECORDING_NOT_FOUND');
  await done({ kind: 'track', source: 'camera', ...bob }, [0]);
  expect(await code(merges.create(request))).toBe('RECORDING_NOT_FOUND');
  const running = await workflow.start({ roomId, config, subject: () => ({ kind: 'participant', ...bob }) });
  expect(await code(merges.create(request))).toBe('RECORDING_NOT_DONE');
  const voice = await done({ kind: 'track', source: 'microphone', ...bob }, [1.5, 4]);

  const merge = await merges.create(request);
  expect(merge).toMatchObject({ kind: 'merge', status: 'composing', journal_dir: null, session_id: sessionId });
  await settled();
  const work = works.find(({ recordingId }) => recordingId === merge.id);
  const file = (id: string, n: number) =>
    expect.stringMatching(new RegExp(`${folder}/recordings/${id}/files/.*-${n}.webm$`));
  expect(work).toMatchObject({
    finished: true,
    copy: {
      kind: 'merge',
      inputs: [
        { path: file(whole.id, 0), channel: 'left', offsetSeconds: 0 },
        { path: file(voice.id, 0), channel: 'right', offsetSeconds: 1.5 },
        { path: file(voice.id, 1), channel: 'right', offsetSeconds: 4 },
      ],
    },
  });
  await compositions.resume();
  await workflow.reconcile([...media.active.values()]);
  expect((await row(merge.id)).status).toBe('composing');
  await workflow.stop({
    roomId,
    recordingId: running.id,
    subject: { kind: 'participant', key: '' },
    reason: 'requested',
  });
});

test('another layout: the row has it, whoever tells first, and news that come late change nothing back', async () => {
  const { workflow, changes, roomId, media } = await system();
  const { id } = await workflow.start({ roomId, config });
  expect(await row(id)).toMatchObject({ layout: null, revision: 0, pauses: [] });
  const changed = await changes.changeLayout(id, { type: 'SIDEBAR' });
  const sidebar = { ...config.layout, type: 'SIDEBAR' };
  expect(changed).toMatchObject({ id, status: 'recording', layout: sidebar, revision: 1, config });
  const first = media.active.get(id);
  await media.changeLayout(id, { gridSize: 9 });
  const second = media.active.get(id);
  if (!first || !second) throw new Error('The media process knows the recording.');
  await changes.told(second);
  await changes.told(first);
  expect(await row(id)).toMatchObject({ layout: { ...sidebar, gridSize: 9 }, revision: 2 });
  await media.changeLayout(id, { gridSize: 1 });
  await workflow.reconcile([...media.active.values()]);
  expect(await row(id)).toMatchObject({ layout: { ...sidebar, gridSize: 1 }, revision: 3 });
  const last = media.active.get(id);
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  expect(await code(changes.changeLayout(id, { gridSize: 2 }))).toBe('RECORDING_NOT_RUNNING');
  expect(await code(changes.changeLayout(newHexId<RecordingId>(), { gridSize: 2 }))).toBe('RECORDING_NOT_FOUND');
  if (last) await changes.told({ ...last, revision: 4, layout: config.layout });
  expect(await row(id)).toMatchObject({ status: 'composing', layout: config.layout, revision: 4 });
});

test('paused and resumed: the row follows; the maximum duration goes on meanwhile', async () => {
  const { workflow, changes, roomId, media } = await system();
  const { id } = await workflow.start({ roomId, config });
  expect(await changes.pause(id)).toMatchObject({ status: 'paused', pauses: [{ end: null }] });
  expect(await code(workflow.start({ roomId, config }))).toBe('RECORDING_ALREADY_RUNNING');
  expect(await changes.resume(id)).toMatchObject({
    status: 'recording',
    pauses: [{ start: new Date(10_000).toISOString(), end: new Date(13_000).toISOString() }],
  });
  // The answer was lost: the next meeting of the two tells.
  await media.pauseRecording(id);
  await workflow.reconcile([...media.active.values()]);
  expect((await row(id)).status).toBe('paused');
  await workflow.enforceMaximumDuration(new Date(Date.now() + 61_000));
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'max-duration' });
  expect((await row(id)).pauses).toHaveLength(2);
});

test('the media process died in a pause that the row has not heard of: the journal tells', async () => {
  let known: string | undefined;
  const layout = { ...config.layout, gridSize: 2 };
  const journal: JournalLookup = async (_sessionId, recordingId) =>
    recordingId === known
      ? {
          journalDir: join(folder, 'journals'),
          startedNs: 5e9,
          startedAtMs: 6_000,
          stop: null,
          lastNs: 20e9,
          lastAtMs: 21_000,
          layout,
          pauses: [{ startedAtMs: 10_000, endedAtMs: null }],
        }
      : null;
  const { workflow, roomId, media } = await system(journal);
  const { id } = await workflow.start({ roomId, config });
  known = id;
  media.active.clear();
  await workflow.reconcile([]);
  expect(await row(id)).toMatchObject({
    status: 'composing',
    stop_reason: 'media-process-lost',
    layout,
    pauses: [{ start: new Date(10_000).toISOString(), end: null }],
  });
});

/** A journal that knows every recording, until it is erased. */
const keptJournal = () => {
  const kept = { value: true };
  const stop = { stoppedNs: 25e9, stoppedAtMs: 26_000, reason: 'requested' } as const;
  const found = { journalDir: '', startedNs: 5e9, startedAtMs: 6_000, stop, lastNs: 26e9, lastAtMs: 27_000 };
  const journal: JournalLookup = async () => (kept.value ? found : null);
  return { kept, journal };
};
const artifact = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
const request = { config: { ...config, theme: 'LIGHT' as const }, fixedLayout: true, excludeParticipants: [] };

test('composed again: handed out beside the recording, whose state it does not touch, and kept from retention', async () => {
  const { kept, journal } = keptJournal();
  const { workflow, compositions, again, roomId, works, settled, restart } = await system(journal);
  const { id } = await workflow.start({ roomId, config });
  expect(await code(again.compose(id, request))).toBe('RECORDING_NOT_ENDED');
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  const composition = await again.compose(id, request);
  await settled();
  const [own, second] = works;
  if (!own || !second) throw new Error('Both were handed out.');
  expect(second).toMatchObject({
    compositionId: composition.id,
    finished: true,
    config: { theme: 'LIGHT', width: 1280, fixedLayout: true },
  });
  // The second is finished first; then the recording's own fails, and that only is the recording's failure.
  await compositions.progressed(second.compositionId, 1, 2);
  expect((await row(id)).progress).toBeNull();
  await compositions.composed(second.compositionId, { path: `${second.artifactPath}.mp4`, ...artifact });
  expect((await row(id)).status).toBe('composing');
  await compositions.composed(own.compositionId, { path: `${own.artifactPath}.mp4`, ...artifact });
  expect((await row(id)).status).toBe('done');
  const journalDir = (await row(id)).journal_dir;
  const use = async () => (await journalUses(catalog)).find((each) => each.journalDir === journalDir);
  expect((await use())?.releasedAt).toBeInstanceOf(Date);

  const third = await again.compose(id, { ...request, fixedLayout: false });
  await settled();
  expect((await use())?.releasedAt).toBeNull();
  const next = restart();
  await next.compositions.resume();
  expect(works.at(-1)).toMatchObject({ compositionId: third.id, finished: true });
  await next.compositions.failed(third.id, 'It could not be.');
  expect((await row(id)).status).toBe('done');
  expect((await compositionsOf(catalog, id)).map(({ status }) => status)).toEqual(['done', 'done', 'failed']);
  kept.value = false;
  expect(await code(next.again.compose(id, request))).toBe('RECORDING_JOURNAL_ERASED');
});

test('composed again: refuses strangers and too many at once; deleting the recording ends and erases all', async () => {
  const { journal } = keptJournal();
  const { workflow, again, roomId, told, works, settled } = await system(journal);
  const { id, session_id: sessionId } = await workflow.start({ roomId, config });
  await openStay(catalog, {
    sessionId,
    participantId: 'ada' as never,
    name: 'Ada',
    hidden: false,
    joinedAt: new Date(),
  });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  const without = (...excludeParticipants: string[]) => again.compose(id, { ...request, excludeParticipants });
  expect(await code(without('ada', 'eve'))).toBe('PARTICIPANT_NOT_FOUND');
  for (let i = 0; i < 9; i += 1) await without('ada');
  expect(await code(without('ada'))).toBe('TOO_MANY_REQUESTS');
  await settled();
  expect(works.at(-1)?.config).toMatchObject({ excludeParticipants: ['ada'] });
  await workflow.delete(id);
  expect(told.filter((word) => word === 'cancel')).toHaveLength(10);
  expect((await compositionsOf(catalog, id)).every(({ status }) => status === 'cancelled')).toBe(true);
  expect(existsSync(join(folder, 'recordings', id))).toBe(false);
  expect(await code(without('ada'))).toBe('RECORDING_NOT_FOUND');
});
