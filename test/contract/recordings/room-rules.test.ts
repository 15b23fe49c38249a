/**
 * What rooms do by themselves, on a real database: they record their sessions, close after a time, and close where a recording fails. The
 * media process is stood in for; hours pass by the clock that is handed in.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toRoomStart } from '../../../src/api/room-start.ts';
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { findAnyRecording, findRecording, listRecordings, moveRecording } from '../../../src/catalog/recordings.ts';
import { createRoom, findRoom } from '../../../src/catalog/rooms.ts';
import { endSession, insertSession } from '../../../src/catalog/sessions.ts';
import { callsOfRecordings } from '../../../src/catalog/webhook-calls.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { RoomId, SessionId } from '../../../src/domain/ids.ts';
import type { AutoClose, OnFailure } from '../../../src/domain/room-rules.ts';
import { readAutoStart } from '../../../src/processes/auto-start.ts';
import { Admission } from '../../../src/recordings/admission.ts';
import { AutoStarts } from '../../../src/recordings/auto-starts.ts';
import { Compositions } from '../../../src/recordings/compositions.ts';
import type { LiveRecording, MediaControl } from '../../../src/recordings/ports.ts';
import { RecordingFailures } from '../../../src/recordings/recording-failures.ts';
import { RoomClosing } from '../../../src/recordings/room-closing.ts';
import { RecordingWorkflow } from '../../../src/recordings/workflow.ts';
import { createLogger } from '../../../src/support/log.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';

const log = createLogger('test', 'silent');
const scope = new Scope();
let catalog: Catalog;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'room-rules-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'recordings'));
  const postgres = scope.own('postgres', await openEmbeddedPostgres({ dataDir: folder, log }), (it) => it.stop());
  ({ catalog } = scope.own('catalog', await openCatalog({ url: postgres.url, log }), (it) => it.close()));
});
afterAll(() => scope.close());
// What a test leaves is not the next one's to find.
beforeEach(async () => {
  await catalog.updateTable('sessions').set({ ended_at: new Date() }).where('ended_at', 'is', null).execute();
  await catalog.updateTable('recordings').set({ room_closing_done: true }).execute();
  await catalog.updateTable('rooms').set({ disabled: true, auto_close: null }).execute();
});

const MINUTE_MS = 60_000;
const START = new Date('2026-03-01T10:00:00Z');
const later = (ms: number): Date => new Date(START.getTime() + ms);

/** Sessions that run, by room; ends are noted with their reasons, and told to the catalog as the media process would. */
class Media implements MediaControl {
  readonly sessions = new Map<string, SessionId>();
  readonly active = new Map<string, LiveRecording>();
  readonly ended: string[] = [];
  refusal: Error | undefined;
  async sessionOf(roomId: string) {
    if (this.refusal instanceof RoomtapeError && this.refusal.code === 'MEDIA_UNAVAILABLE') throw this.refusal;
    const sessionId = this.sessions.get(roomId);
    return sessionId ? { sessionId, roomId, startedAtMs: START.getTime(), participants: [] } : null;
  }
  async startRecording({ recordingId, roomId }: { recordingId: string; roomId: string }) {
    if (this.refusal) throw this.refusal;
    const sessionId = this.sessions.get(roomId) ?? '';
    const live = { recordingId, roomId, sessionId, startedNs: 5e9, startedAtMs: START.getTime(), journalDir: folder };
    this.active.set(recordingId, live);
    return live;
  }
  async stopRecording(recordingId: string) {
    if (!this.active.delete(recordingId)) throw new RoomtapeError('RECORDING_NOT_RUNNING', 'Not running.');
    return { stoppedNs: 25e9, stoppedAtMs: START.getTime() + 20_000 };
  }
  async endSession(roomId: string, reason: string) {
    const sessionId = this.sessions.get(roomId);
    if (!sessionId) return false;
    this.sessions.delete(roomId);
    this.ended.push(`${roomId} ${reason}`);
    await endSession(catalog, sessionId, new Date());
    return true;
  }
  changeLayout = unused;
  pauseRecording = unused;
  resumeRecording = unused;
  removeParticipant = unused;
}
const unused = async (): Promise<never> => expect.fail('Nobody asks for this here.');

const system = async (rules: { autoClose?: AutoClose; autoStart?: object } = {}) => {
  const media = new Media();
  const roomId = newRoomId<RoomId>();
  await createRoom(catalog, { id: newHexId(), roomId, customRoomId: null, webhook: null, ...rules });
  const compositions = new Compositions({
    catalog,
    composer: {
      start: async () => undefined,
      finished: () => undefined,
      journalEnded: () => undefined,
      cancel: async () => undefined,
    },
    dataDir: folder,
    recordingsDir: join(folder, 'recordings'),
    log,
  });
  const due: string[] = [];
  const options = { minFreeDiskBytes: 0 };
  const workflowOf = (minFreeDiskBytes: number) =>
    new RecordingWorkflow({
      catalog,
      media,
      compositions,
      journal: async () => null,
      eraseJournal: async () => undefined,
      recordingsDir: join(folder, 'recordings'),
      maxDurationMs: 12 * 60 * MINUTE_MS,
      transitions: true,
      admission: new Admission({ paths: [folder], minFreeDiskBytes, mostRecordings: 0 }),
      onDue: (work) => due.push(work),
      log,
    });
  /** Somebody joins. */
  const join_ = async (): Promise<SessionId> => {
    const id = newHexId<SessionId>();
    media.sessions.set(roomId, id);
    await insertSession(catalog, { id, roomId, startedAt: START });
    return id;
  };
  return {
    media,
    roomId,
    due,
    options,
    workflowOf,
    workflow: workflowOf(0),
    join: join_,
    closing: new RoomClosing({ catalog, media, log }),
    failures: new RecordingFailures({ catalog, media, log }),
    autoStarts: new AutoStarts({
      catalog,
      read: readAutoStart(API, (start) => workflowOf(options.minFreeDiskBytes).start(start)),
      log,
    }),
  };
};
/** As it was before anybody noted what became of it. */
const forgetAutoStart = (sessionId: SessionId) =>
  catalog
    .updateTable('sessions')
    .set(({ lit }) => ({ auto_start: lit(null) as never }))
    .where('id', '=', sessionId)
    .execute();
const API = { allowPrivateUrls: [], hasBucket: false, maxRecordingDurationMs: 12 * 3_600_000 };
const { config } = toRoomStart({}, API, START);
const recordingsOf = async (roomId: RoomId) =>
  (await listRecordings(catalog, { page: 1, perPage: 10, roomId, sessionId: null, query: null })).items;

describe('autoCloseConfig', () => {
  it('ends a session that has lasted so long, and not the one after it', async () => {
    const { media, roomId, join, closing } = await system({
      autoClose: { afterMs: 60 * MINUTE_MS, deactivate: false },
    });
    expect(await closing.closeDue(START)).toBeNull();
    await join();
    expect(await closing.closeDue(later(59 * MINUTE_MS))).toEqual(later(60 * MINUTE_MS));
    expect(media.ended).toEqual([]);
    await closing.closeDue(later(60 * MINUTE_MS));
    expect(media.ended).toEqual([`${roomId} room-closed`]);
    expect((await findRoom(catalog, roomId))?.disabled).toBe(false);
    const second = newHexId<SessionId>();
    media.sessions.set(roomId, second);
    await insertSession(catalog, { id: second, roomId, startedAt: later(61 * MINUTE_MS) });
    expect(await closing.closeDue(later(62 * MINUTE_MS))).toEqual(later(121 * MINUTE_MS));
    expect(media.ended).toHaveLength(1);
  });

  it('leaves a session alone that the catalog has not heard the end of', async () => {
    const { media, roomId, join, closing } = await system({ autoClose: { afterMs: MINUTE_MS, deactivate: false } });
    await join();
    media.sessions.set(roomId, newHexId());
    await closing.closeDue(later(2 * MINUTE_MS));
    expect(media.ended).toEqual([]);
  });

  it('ends the others where one can not be ended, and says so to be called again', async () => {
    const rules = { autoClose: { afterMs: MINUTE_MS, deactivate: false } };
    const [bad, good] = [await system(rules), await system(rules)];
    await bad.join();
    await good.join();
    good.media.sessionOf = async (roomId) => {
      if (roomId === bad.roomId) throw new TypeError('A bug.');
      return Media.prototype.sessionOf.call(good.media, roomId);
    };
    await expect(good.closing.closeDue(later(2 * MINUTE_MS))).rejects.toThrow('A bug.');
    expect(good.media.ended).toEqual([`${good.roomId} room-closed`]);
  });

  it('closes a room for one session once that has ended, however it ended', async () => {
    const { media, roomId, join, closing } = await system({ autoClose: { afterMs: 60 * MINUTE_MS, deactivate: true } });
    const first = await join();
    await closing.closeDue(later(MINUTE_MS));
    expect((await findRoom(catalog, roomId))?.disabled).toBe(false);
    await endSession(catalog, first, later(2 * MINUTE_MS));
    // Somebody was quick, and is in again.
    media.sessions.set(roomId, newHexId());
    await closing.closeDue(later(2 * MINUTE_MS));
    expect((await findRoom(catalog, roomId))?.disabled).toBe(true);
    expect(media.ended).toEqual([`${roomId} room-deactivated`]);
    await closing.closeDue(later(3 * MINUTE_MS));
    expect(media.ended).toHaveLength(1);
  });
});

describe('autoStartConfig.recording', () => {
  const autoStart = { config: { quality: 'low' }, onFailure: { action: 'close-room', waitTime: 10 } };

  it('records each session from its first participant, once, also where the server was killed in between', async () => {
    const { media, roomId, join, autoStarts } = await system({ autoStart });
    expect(await autoStarts.startDue(START)).toBeNull();
    const sessionId = await join();
    expect(await autoStarts.startDue(later(100))).toBeNull();
    const [recording] = await recordingsOf(roomId);
    expect(recording).toMatchObject({ session_id: sessionId, status: 'recording', config: { quality: 'low' } });
    expect(recording?.on_failure).toEqual({ action: 'close-room', waitMs: 10_000 });
    // Killed between the start and the note of it.
    await forgetAutoStart(sessionId);
    await autoStarts.startDue(later(3_000));
    expect(media.active.size).toBe(1);
    await endSession(catalog, sessionId, later(5_000));
    await moveRecording(catalog, recording?.id ?? expect.fail(), 'composing', { stopReason: 'session-ended' });
    await join();
    await autoStarts.startDue(later(9_000));
    expect(await recordingsOf(roomId)).toHaveLength(2);
  });

  it('is content where somebody was faster', async () => {
    const { workflow, roomId, join, autoStarts } = await system({ autoStart });
    await join();
    const { id } = await workflow.start({ roomId, config });
    expect(await autoStarts.startDue(later(1_000))).toBeNull();
    expect((await recordingsOf(roomId)).map((row) => row.id)).toEqual([id]);
  });

  it('tries again for a minute what we cannot do now, then leaves a recording that tells why', async () => {
    const { media, roomId, join, autoStarts, failures } = await system({ autoStart });
    await join();
    media.refusal = new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is away.');
    expect(await autoStarts.startDue(later(0))).toEqual(later(2_000));
    expect(await autoStarts.startDue(later(30_000))).toEqual(later(45_000));
    expect(await recordingsOf(roomId)).toEqual([]);
    expect(await autoStarts.startDue(later(60_000))).toBeNull();
    const [failed] = await recordingsOf(roomId);
    expect(failed).toMatchObject({ status: 'failed', failure_reason: 'The media process is away.' });
    expect(await autoStarts.startDue(later(61_000))).toBeNull();
    // And its room is closed, as asked.
    media.refusal = undefined;
    await failures.closeDue(later(61_000));
    await failures.closeDue(later(72_000));
    expect(media.ended).toEqual([`${roomId} room-closed`]);
  });

  it('tells the endpoint that its start call names, too, that nothing came of it', async () => {
    const webhookUrl = 'https://example.org/call';
    const { media, roomId, join, autoStarts } = await system({ autoStart: { webhookUrl } });
    await join();
    media.refusal = new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is away.');
    await autoStarts.startDue(later(60_000));
    const [failed] = await recordingsOf(roomId);
    const told = await callsOfRecordings(catalog, failed ? [failed.id] : []);
    expect(told.map(({ type, url }) => [type, url])).toEqual([['recording-failed', webhookUrl]]);
  });

  it('records the others where one session meets a fault of ours', async () => {
    const broken = await system({ autoStart });
    await broken.join();
    broken.media.refusal = new TypeError('A bug.');
    const other = await system({ autoStart });
    await other.join();
    // Either may look for both.
    const { media } = other;
    media.sessionOf = async (roomId) => {
      if (roomId === broken.roomId) throw broken.media.refusal;
      return Media.prototype.sessionOf.call(media, roomId);
    };
    expect(await other.autoStarts.startDue(later(1_000))).toEqual(later(3_000));
    expect((await recordingsOf(other.roomId)).map(({ status }) => status)).toEqual(['recording']);
  });

  it('succeeds where the media process is back within the minute', async () => {
    const { media, roomId, join, autoStarts } = await system({ autoStart });
    await join();
    media.refusal = new RoomtapeError('DISK_FULL', 'No space.');
    await autoStarts.startDue(later(1_000));
    media.refusal = undefined;
    expect(await autoStarts.startDue(later(3_000))).toBeNull();
    expect((await recordingsOf(roomId)).map(({ status }) => status)).toEqual(['recording']);
  });

  it('tells where the settings of now forbid what the room was made with', async () => {
    const { roomId, join, autoStarts } = await system({ autoStart: { webhookUrl: 'http://10.0.0.1/hook' } });
    await join();
    expect(await autoStarts.startDue(later(0))).toBeNull();
    const [failed] = await recordingsOf(roomId);
    expect(failed).toMatchObject({ status: 'failed', failure_reason: expect.stringContaining('webhookUrl') });
  });
});

describe('onFailure', () => {
  const onFailure: OnFailure = { action: 'close-room', waitMs: 150_000 };
  const recorded = async () => {
    const all = await system();
    await all.join();
    const { id } = await all.workflow.start({ roomId: all.roomId, config, onFailure });
    return { ...all, id };
  };
  const end = (reason: 'disk-full' | 'session-ended') => ({ stoppedNs: 9e9, stoppedAtMs: START.getTime(), reason });

  it('closes the room when the wait is over', async () => {
    const { workflow, failures, media, roomId, id, due } = await recorded();
    expect(await failures.closeDue(START)).toBeNull();
    await workflow.stoppedByMedia(id, end('disk-full'));
    expect(due).toEqual(['maximum-durations', 'recording-failures']);
    expect(await failures.closeDue(START)).toEqual(later(150_000));
    // What has been seen once stays due then, whoever looks again.
    expect(await failures.closeDue(later(100_000))).toEqual(later(150_000));
    expect(media.ended).toEqual([]);
    expect(await failures.closeDue(later(150_000))).toBeNull();
    expect(media.ended).toEqual([`${roomId} room-closed`]);
    await failures.closeDue(later(200_000));
    expect(media.ended).toHaveLength(1);
  });

  it('closes the others where one can not be closed, which stays due', async () => {
    const [bad, good] = [await recorded(), await recorded()];
    for (const { workflow, id } of [bad, good]) await workflow.stoppedByMedia(id, end('disk-full'));
    await good.failures.closeDue(START);
    const sessionOf = (broken: boolean) => async (roomId: string) => {
      if (broken && roomId === bad.roomId) throw new TypeError('A bug.');
      return Media.prototype.sessionOf.call(roomId === bad.roomId ? bad.media : good.media, roomId);
    };
    good.media.sessionOf = sessionOf(true);
    good.media.endSession = (roomId, reason) =>
      Media.prototype.endSession.call(roomId === bad.roomId ? bad.media : good.media, roomId, reason);
    await expect(good.failures.closeDue(later(150_000))).rejects.toThrow('A bug.');
    expect(good.media.ended).toEqual([`${good.roomId} room-closed`]);
    good.media.sessionOf = sessionOf(false);
    expect(await good.failures.closeDue(later(160_000))).toBeNull();
    expect(bad.media.ended).toEqual([`${bad.roomId} room-closed`]);
  });

  it('does not close a room that is recorded again by then', async () => {
    const { workflow, failures, media, roomId, id } = await recorded();
    await workflow.stoppedByMedia(id, end('disk-full'));
    await failures.closeDue(START);
    await workflow.start({ roomId, config });
    expect(await failures.closeDue(later(150_000))).toBeNull();
    expect(media.ended).toEqual([]);
  });

  it('does not count an end that was asked for, or the end of the session, whatever becomes of the file', async () => {
    for (const stop of [
      (it: Awaited<ReturnType<typeof recorded>>) =>
        it.workflow.stop({ roomId: it.roomId, recordingId: null, reason: 'requested' }),
      (it: Awaited<ReturnType<typeof recorded>>) => it.workflow.stoppedByMedia(it.id, end('session-ended')),
    ]) {
      const it = await recorded();
      await stop(it);
      await moveRecording(catalog, it.id, 'failed', { failureReason: 'It could not be composed.' });
      expect(await it.failures.closeDue(START)).toBeNull();
      expect(it.media.ended).toEqual([]);
    }
  });

  it('counts a composition that fails while the recording runs', async () => {
    const { failures, media, id } = await recorded();
    await moveRecording(catalog, id, 'failed', { failureReason: 'It could not be composed.' });
    await failures.closeDue(START);
    await failures.closeDue(later(150_000));
    expect(media.ended).toHaveLength(1);
  });

  it('counts a start that we refuse, not one that is the caller’s fault', async () => {
    const { workflowOf, workflow, failures, media, roomId, join: joins } = await system();
    await joins();
    await workflow.start({ roomId, config });
    const again = workflow.start({ roomId, config, onFailure });
    await expect(again).rejects.toMatchObject({ code: 'RECORDING_ALREADY_RUNNING' });
    await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
    expect(await failures.closeDue(START)).toBeNull();
    const refused = workflowOf(Number.MAX_SAFE_INTEGER).start({ roomId, config, onFailure });
    await expect(refused).rejects.toMatchObject({ code: 'DISK_FULL' });
    media.refusal = new RoomtapeError('DISK_FULL', 'The start could not be written to disk.');
    await expect(workflow.start({ roomId, config, onFailure })).rejects.toMatchObject({ code: 'DISK_FULL' });
    media.refusal = undefined;
    expect(await failures.closeDue(START)).toEqual(later(150_000));
    // Nobody finds what was refused.
    expect((await recordingsOf(roomId)).filter(({ status }) => status === 'failed')).toEqual([]);
    await failures.closeDue(later(150_000));
    expect(media.ended).toEqual([`${roomId} room-closed`]);
  });

  it('waits for people to come back where the media process was lost, and closes then', async () => {
    const { workflow, failures, media, roomId, id } = await recorded();
    media.active.clear();
    media.sessions.clear();
    await workflow.reconcile([]);
    expect((await findAnyRecording(catalog, id))?.status).toBe('failed');
    await failures.closeDue(START);
    expect(await failures.closeDue(later(151_000))).toEqual(later(152_000));
    media.sessions.set(roomId, newHexId());
    expect(await failures.closeDue(later(152_000))).toBeNull();
    expect(media.ended).toEqual([`${roomId} room-closed`]);
    expect(await findRecording(catalog, id)).not.toBeNull();
  });
});
