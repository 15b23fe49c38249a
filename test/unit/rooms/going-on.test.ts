import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ParticipantId, RecordingId } from '../../../src/domain/ids.ts';
import { sealAbandonedJournals } from '../../../src/journal/resume.ts';
import { scanJournal } from '../../../src/journal/scan.ts';
import { interruptedSessions } from '../../../src/processes/interrupted-sessions.ts';
import { sdpOffer } from './fake-engine.ts';
import { Rig, ROOM, type TestSocket } from './rig.ts';

const silent = pino({ level: 'silent' });
const CAMERA = [{ mid: '0', source: 'camera' }];

let dead: Rig;
let rig: Rig;
beforeEach(() => {
  dead = new Rig();
  rig = new Rig();
});
afterEach(async () => {
  await dead.close();
  await rig.close();
});

/** The media process of `dead` dies, and `laterMs` after it that of `rig` finds what is on disk. */
const dieAndGoOn = async (laterMs: number): Promise<void> => {
  cpSync(dead.folder, rig.folder, { recursive: true });
  rig.clock.move(Number(dead.clock.monotonicNs() - rig.clock.monotonicNs()) / 1e6 + laterMs);
  await sealAbandonedJournals(rig.folder, silent);
  await rig.rooms.goOn(await interruptedSessions(rig.folder, rig.clock.wallMs(), silent));
};

/** Ada and Bob are recorded; Ada sends her camera, muted for a moment, and is pinned. All of it is on disk. */
const recorded = async (): Promise<{ ada: TestSocket; bob: TestSocket; recordingId: RecordingId }> => {
  const ada = await dead.join('ada', { canModerate: true });
  const bob = await dead.join('bob');
  await ada.offer('publish', 'a', sdpOffer('video'), CAMERA);
  const session = dead.connectedPublisher();
  const started = await dead.startRecording();
  for (const ssrc of [11, 22]) session.send(session.openStream('camera', ssrc), true);
  await ada.say({ type: 'pin', participantId: 'ada', pinned: true });
  dead.clock.move(500);
  const recordingId = started.recordingId as RecordingId;
  await dead.rooms.changeLayout(recordingId, { type: 'SIDEBAR' });
  return { ada, bob, recordingId };
};

const resumeTokenOf = (socket: TestSocket): string => socket.last('joined').resumeToken;

describe('a session whose media process died while it was recorded', () => {
  test('goes on under its id, with its recording as it was last', async () => {
    const { ada, recordingId } = await recorded();
    const { sessionId } = ada.last('joined');
    const [was] = dead.rooms.recordings();
    await dieAndGoOn(2000);
    expect(rig.rooms.sessionOf(ROOM)).toMatchObject({
      sessionId,
      participants: [
        { participantId: 'ada', name: 'ada', hidden: false },
        { participantId: 'bob', name: 'bob', hidden: false },
      ],
    });
    expect(rig.rooms.recordings()).toMatchObject([
      { recordingId, sessionId, revision: 1, layout: { type: 'SIDEBAR' }, startedNs: was?.startedNs, pauses: [] },
    ]);
    expect(rig.rooms.recordings()[0]?.startedAtMs).toBe(was?.startedAtMs);
  });

  test('says whole milliseconds, whatever the nanoseconds are', async () => {
    dead.clock.move(0.4);
    const { ada } = await recorded();
    dead.clock.move(0.3);
    await dieAndGoOn(2000);
    const again = await rig.join('ada', {}, resumeTokenOf(ada));
    expect(again.last('joined').recordingForMs).toBeGreaterThan(2000);
    expect(rig.rooms.recordings().every(({ startedAtMs }) => Number.isInteger(startedAtMs))).toBe(true);
  });

  test('gives everybody who comes back his place, and asks for his media anew', async () => {
    const { ada, bob, recordingId } = await recorded();
    const [track] = ada.last('answer').tracks;
    await dieAndGoOn(2000);
    const again = await rig.join('ada', {}, resumeTokenOf(ada));
    expect(again.last('joined')).toMatchObject({
      sessionId: ada.last('joined').sessionId,
      resumed: false,
      recording: true,
      participants: [{ participantId: 'ada', pinned: true }, { participantId: 'bob' }],
      tracks: [{ trackId: track?.trackId, participantId: 'ada', source: 'camera' }],
    });
    await again.offer('publish', 'b', sdpOffer('video'), CAMERA);
    expect(again.last('answer').tracks).toEqual([{ mid: '0', trackId: track?.trackId }]);
    const session = rig.connectedPublisher();
    session.send(session.openStream('camera', 33), true);
    await rig.join('bob', {}, resumeTokenOf(bob));
    rig.pass(1000);
    await rig.rooms.stopRecording(recordingId, 'requested');
    await rig.rooms.close();

    const records = await rig.journal(ada.last('joined').sessionId, [1]);
    const snapshots = records.flatMap((record) => (record.type === 'snapshot' ? [record.snapshot] : []));
    expect(snapshots.at(-1)).toMatchObject({ afterGap: true, streams: [], lastStream: 2 });
    const events = records.flatMap((record) => (record.type === 'event' ? [record.event] : []));
    const interrupted = events.find(({ type }) => type === 'interrupted');
    expect(interrupted).toMatchObject({ type: 'interrupted' });
    if (interrupted?.type !== 'interrupted') throw new Error('It says nothing of the interruption.');
    expect(interrupted.untilNs - interrupted.fromNs).toBe(2_000_000_000);
    // Numbers are never given twice.
    const opened = events.flatMap((event) => (event.type === 'stream-opened' ? [event.stream.stream] : []));
    expect(opened).toEqual([1, 2, 3]);
    const summary = await scanJournal(join(rig.folder, ada.last('joined').sessionId));
    expect(summary?.recordings).toMatchObject([{ recordingId, stop: { reason: 'requested' } }]);
  });

  test('ends where it was interrupted if nobody comes back, once the server has been there for 20 s', async () => {
    const { ada, recordingId } = await recorded();
    await dieAndGoOn(60_000);
    rig.rooms.serverLeft();
    rig.pass(30_000);
    expect(rig.rooms.recordings()).toHaveLength(1);
    rig.rooms.serverCame();
    rig.pass(19_900);
    expect(rig.rooms.recordings()).toHaveLength(1);
    rig.pass(2_300);
    await rig.rooms.close();
    const [stopped] = rig.durablesOf('recording-stopped');
    expect(stopped).toMatchObject({ recordingId, reason: 'media-process-lost' });
    const events = (await rig.journal(ada.last('joined').sessionId, [1])).flatMap((record) =>
      record.type === 'event' && record.event.type === 'interrupted' ? [record.event] : [],
    );
    expect(stopped?.stoppedNs).toBe(events[0]?.fromNs);
    expect(rig.durablesOf('session-ended')).toHaveLength(1);
  });

  test('loses who does not come back, and keeps who does', async () => {
    const { ada } = await recorded();
    await dieAndGoOn(2000);
    const again = await rig.join('ada', {}, resumeTokenOf(ada));
    const stay = () => void again.say({ type: 'ping' });
    rig.pass(19_900, stay);
    expect(again.all('participant-left')).toEqual([]);
    rig.pass(300, stay);
    expect(again.last('participant-left')).toMatchObject({ participantId: 'bob', reason: 'timeout' });
    expect(rig.rooms.recordings()).toHaveLength(1);
  });

  test('is not gone on with when its recordings were over, nor minutes later', async () => {
    const { recordingId } = await recorded();
    await dieAndGoOn(4 * 60_000);
    expect(rig.rooms.sessions()).toEqual([]);
    await dead.rooms.stopRecording(recordingId, 'requested');
    expect(await interruptedSessions(dead.folder, dead.clock.wallMs(), silent)).toEqual([]);
  });

  test('goes on paused where it was paused', async () => {
    const { ada, recordingId } = await recorded();
    await dead.rooms.pauseRecording(recordingId);
    await dieAndGoOn(2000);
    expect(rig.rooms.recordings()).toMatchObject([{ revision: 2, pauses: [{ endedAtMs: null }] }]);
    const again = await rig.join('ada', {}, resumeTokenOf(ada));
    expect(again.last('joined')).toMatchObject({ recording: true, recordingPaused: true });
    await rig.rooms.resumeRecording(recordingId);
    expect(rig.rooms.recordings()).toMatchObject([{ revision: 3, pauses: [{ endedAtMs: expect.any(Number) }] }]);
  });

  test('remembers whom alone a recording is about', async () => {
    const ada = await dead.join('ada');
    await dead.join('bob');
    const id = 'c'.repeat(24) as RecordingId;
    await dead.rooms.startRecording(
      id,
      ROOM,
      { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
      { participantId: 'bob' as ParticipantId },
    );
    await dieAndGoOn(2000);
    const again = await rig.join('ada', {}, resumeTokenOf(ada));
    rig.pass(20_300, () => void again.say({ type: 'ping' }));
    await rig.rooms.stopRecording(id, 'requested');
    expect(rig.durablesOf('recording-stopped')).toMatchObject([{ recordingId: id, reason: 'participant-left' }]);
  });
});
