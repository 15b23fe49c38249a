/**
 * The workflow on a real database. The media process and the compositors are stood in for at their ports: what is judged is what follows
 * what, also after every crash in between. Whoever imports this gets a database of his own, and a folder for each test.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { listEvents } from '../../../src/catalog/events.ts';
import { findRecording, moveRecording, recordingsIn } from '../../../src/catalog/recordings.ts';
import { createRoom } from '../../../src/catalog/rooms.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { changedLayout, type LayoutChange } from '../../../src/domain/layout-change.ts';
import type { RecordingConfig } from '../../../src/domain/recording.ts';
import { Admission } from '../../../src/recordings/admission.ts';
import { RecordingChanges } from '../../../src/recordings/changes.ts';
import { ComposingAgain } from '../../../src/recordings/composing-again.ts';
import { Compositions } from '../../../src/recordings/compositions.ts';
import type { CompositionWork, JournalLookup, LiveRecording, MediaControl } from '../../../src/recordings/ports.ts';
import type { Transcriptions } from '../../../src/recordings/transcriptions.ts';
import { RecordingWorkflow } from '../../../src/recordings/workflow.ts';
import { createLogger } from '../../../src/support/log.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';

export const config: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
  theme: 'DEFAULT',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
};
export const log = createLogger('test', 'silent');
export const scope = new Scope();
export let catalog: Catalog;
export let folder: string;

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
export class Media implements MediaControl {
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
export const system = async (
  journal: JournalLookup = async () => null,
  limits: { minFreeDiskBytes?: number; mostRecordings?: number } = {},
  transcriptions?: Transcriptions,
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
      ...(transcriptions && { transcriptions }),
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

export const row = async (id: RecordingId) => (await findRecording(catalog, id)) ?? expect.fail('The row is gone.');
/** What others are told of a recording. */
export const events = async (id: RecordingId): Promise<string[]> => {
  const filter = { after: null, limit: 100, roomId: null, sessionId: null, types: [] };
  return ((await listEvents(catalog, { ...filter, recordingId: id })) ?? []).map(({ type }) => type);
};
export const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof RoomtapeError ? error.code : String(error)),
  );
