import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Catalog, type OpenCatalog, openCatalog, transaction } from '../../../src/catalog/catalog.ts';
import {
  cancelCompositions,
  compositionsOf,
  findComposition,
  finishComposition,
  insertComposition,
  leaseComposition,
  reportComposition,
  unfinishedCompositions,
} from '../../../src/catalog/compositions.ts';
import { filesOf, findFile, insertFile, markFilesDeleted } from '../../../src/catalog/files.ts';
import {
  findRecording,
  insertRecording,
  isJournalWanted,
  journalUses,
  listRecordings,
  liveRecordingOf,
  lockRecording,
  markRecordingDeleted,
  moveRecording,
  overdueRecordings,
  RECORDING_STATUSES,
  recordingsIn,
  setProgress,
} from '../../../src/catalog/recordings.ts';
import type { CompositionId, FileId, RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { mayBecome, type RecordingConfig } from '../../../src/domain/recording.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { DATABASES, silentLog, type TestDatabase } from './databases.ts';

const CONFIG: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
  theme: 'DARK',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
};
const at = (seconds: number): Date => new Date(1_800_000_000_000 + seconds * 1000);
const PAGE = { page: 1, perPage: 20 };

for (const kind of DATABASES) {
  if (kind.missing) console.warn(`Skipped: recordings in the catalog on ${kind.name}, since ${kind.missing}.`);

  describe.skipIf(kind.missing)(`recordings in the catalog on ${kind.name}`, () => {
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

    const makeRecording = async (over: { roomId?: RoomId; sessionId?: SessionId; dueAt?: Date } = {}) =>
      insertRecording(db, {
        id: newHexId<RecordingId>(),
        roomId: over.roomId ?? newRoomId<RoomId>(),
        sessionId: over.sessionId ?? newHexId<SessionId>(),
        config: CONFIG,
        dueAt: over.dueAt ?? null,
      });

    describe('recordings', () => {
      it('start once in a room, however many ask at once', async () => {
        const roomId = newRoomId<RoomId>();
        const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => makeRecording({ roomId })));
        expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected')
            expect(outcome.reason).toMatchObject({ code: 'RECORDING_ALREADY_RUNNING', status: 409 });
        }
        const live = await liveRecordingOf(db, roomId);
        expect(live).toMatchObject({ status: 'starting', config: CONFIG, started_at: null, progress: null });
        if (!live) return;
        await moveRecording(db, live.id, 'composing');
        expect(await liveRecordingOf(db, roomId)).toBeNull();
        await makeRecording({ roomId });
      });

      it('go from state to state as the domain allows, and no other way', async () => {
        for (const from of RECORDING_STATUSES) {
          for (const to of RECORDING_STATUSES) {
            const { id } = await makeRecording();
            await db.updateTable('recordings').set({ status: from }).where('id', '=', id).execute();
            const moved = await moveRecording(db, id, to, { failureReason: 'because' });
            expect(moved?.status ?? from, `${from} → ${to}`).toBe(mayBecome(from, to) ? to : from);
            expect((await findRecording(db, id))?.failure_reason).toBe(moved ? 'because' : null);
            await db.deleteFrom('recordings').where('id', '=', id).execute();
          }
        }
      });

      it('keep what a change does not name, and nanoseconds as numbers', async () => {
        const { id } = await makeRecording();
        await moveRecording(db, id, 'recording', {
          startedAt: at(1),
          startedNs: 8_640_000_000_123_456,
          journalDir: '/j',
        });
        await moveRecording(db, id, 'composing', {
          endedAt: at(61),
          stoppedNs: 8_640_060_000_123_456,
          stopReason: 'requested',
        });
        await setProgress(db, id, 0.25);
        expect(await findRecording(db, id)).toMatchObject({
          started_at: at(1),
          started_ns: 8_640_000_000_123_456,
          stopped_ns: 8_640_060_000_123_456,
          stop_reason: 'requested',
          journal_dir: '/j',
          progress: 0.25,
        });
        await moveRecording(db, id, 'done', { progress: 1 });
        await setProgress(db, id, 0.5);
        expect((await findRecording(db, id))?.progress).toBe(1);
      });

      it('that change are told of with the change, or not at all', async () => {
        const { id } = await makeRecording();
        const failing = transaction(db, async (trx) => {
          await lockRecording(trx, id);
          await moveRecording(trx, id, 'recording');
          throw new Error('the power went');
        });
        await expect(failing).rejects.toThrow();
        expect((await findRecording(db, id))?.status).toBe('starting');
        const rows = await db.selectFrom('events').select('type').where('recording_id', '=', id).execute();
        expect(rows).toEqual([{ type: 'recording-starting' }]);
      });

      it('are found when their time is over', async () => {
        const soon = await makeRecording({ dueAt: at(10) });
        const later = await makeRecording({ dueAt: at(100) });
        const due = async (now: Date) => (await overdueRecordings(db, now)).map(({ id }) => id);
        expect(await due(at(50))).toContain(soon.id);
        expect(await due(at(50))).not.toContain(later.id);
        await moveRecording(db, soon.id, 'composing');
        expect(await due(at(50))).not.toContain(soon.id);
        expect((await recordingsIn(db, ['composing'])).map(({ id }) => id)).toContain(soon.id);
      });

      it('are listed newest first, by room, session and text, without deleted ones', async () => {
        const roomId = newRoomId<RoomId>();
        const sessionId = newHexId<SessionId>();
        const ids: RecordingId[] = [];
        for (let i = 0; i < 3; i++) {
          const { id } = await makeRecording({ roomId, sessionId });
          await moveRecording(db, id, 'failed', { failureReason: 'test' });
          ids.push(id);
        }
        const list = async (over: object) => {
          const { items, total } = await listRecordings(db, {
            ...PAGE,
            roomId: null,
            sessionId: null,
            query: null,
            ...over,
          });
          return [total, ...items.map(({ id }) => ids.indexOf(id))];
        };
        expect(await list({ roomId })).toEqual([3, 2, 1, 0]);
        expect(await list({ sessionId, page: 2, perPage: 2 })).toEqual([3, 0]);
        expect(await list({ query: ids[1] })).toEqual([1, 1]);
        const [first] = ids as [RecordingId];
        expect(await markRecordingDeleted(db, first, at(5))).toBe(true);
        expect(await markRecordingDeleted(db, first, at(6))).toBe(false);
        expect(await list({ roomId })).toEqual([2, 2, 1]);
        expect(await findRecording(db, first)).toBeNull();
        expect(await lockRecording(db, first)).toBeNull();
      });

      it('hold their journal until the last of them is through', async () => {
        const journalDir = `/journals/${newHexId()}`;
        const made = [await makeRecording(), await makeRecording()];
        for (const { id } of made) await moveRecording(db, id, 'recording', { journalDir });
        const use = async () => (await journalUses(db)).find((row) => row.journalDir === journalDir);
        const [first, second] = made.map(({ id }) => id) as [RecordingId, RecordingId];
        await moveRecording(db, first, 'failed');
        expect(await use()).toMatchObject({ recordings: 2, releasedAt: null });
        await moveRecording(db, second, 'composing');
        await moveRecording(db, second, 'done');
        expect((await use())?.releasedAt).toBeInstanceOf(Date);
        await markRecordingDeleted(db, first, at(1));
        expect(await isJournalWanted(db, journalDir)).toBe(true);
        await markRecordingDeleted(db, second, at(2));
        expect(await isJournalWanted(db, journalDir)).toBe(false);
      });
    });

    describe('compositions', () => {
      it('obey the latest lease only', async () => {
        const { id: recordingId } = await makeRecording();
        const id = newHexId<CompositionId>();
        await insertComposition(db, { id, recordingId, config: { width: 1280 } });
        expect((await unfinishedCompositions(db)).map((row) => row.id)).toContain(id);
        const first = await leaseComposition(db, id, at(30));
        const second = await leaseComposition(db, id, at(60));
        expect([first?.fence, second?.fence, second?.attempts]).toEqual([1, 2, 2]);
        const report = { segmentsDone: 3, segmentsTotal: 7, leaseUntil: at(90) };
        expect(await reportComposition(db, { id, fence: 1 }, report)).toBe(false);
        expect(await reportComposition(db, { id, fence: 2 }, report)).toBe(true);
        expect(await finishComposition(db, { id, fence: 1 }, { status: 'failed', reason: 'stale' })).toBe(false);
        expect(await finishComposition(db, { id, fence: 2 }, { status: 'done' })).toBe(true);
        expect(await leaseComposition(db, id, at(120))).toBeNull();
        expect(await findComposition(db, id)).toMatchObject({
          status: 'done',
          config: { width: 1280 },
          segments_done: 3,
          segments_total: 7,
          lease_until: null,
          failure_reason: null,
        });
      });

      it('that are cancelled take the lease from whoever holds it', async () => {
        const { id: recordingId } = await makeRecording();
        const id = newHexId<CompositionId>();
        await insertComposition(db, { id, recordingId, config: {} });
        const lease = await leaseComposition(db, id, at(30));
        expect((await cancelCompositions(db, recordingId)).map((row) => row.id)).toEqual([id]);
        expect(await finishComposition(db, { id, fence: lease?.fence ?? 0 }, { status: 'done' })).toBe(false);
        expect((await compositionsOf(db, recordingId)).map(({ status }) => status)).toEqual(['cancelled']);
      });
    });

    it('files are kept with their facts and leave tombstones', async () => {
      const { id: recordingId } = await makeRecording();
      const id = newHexId<FileId>();
      const facts = {
        bytes: 5_000_000_000,
        durationSeconds: 12.5,
        width: 1280,
        height: 720,
        format: 'mp4',
        videoBytes: 4_000_000_000,
      };
      await insertFile(db, { id, recordingId, compositionId: null, type: 'video', path: 'recordings/x.mp4', ...facts });
      expect(await findFile(db, id)).toMatchObject({
        bytes: 5_000_000_000,
        duration_seconds: 12.5,
        video_bytes: 4_000_000_000,
      });
      expect((await filesOf(db, [recordingId])).map((file) => file.id)).toEqual([id]);
      expect((await markFilesDeleted(db, recordingId, at(1))).map(({ path }) => path)).toEqual(['recordings/x.mp4']);
      expect(await markFilesDeleted(db, recordingId, at(2))).toEqual([]);
      expect(await findFile(db, id)).toBeNull();
      expect(await filesOf(db, [recordingId])).toEqual([]);
      expect(await filesOf(db, [])).toEqual([]);
    });
  });
}
