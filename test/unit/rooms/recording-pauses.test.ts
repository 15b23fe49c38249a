import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordingId } from '../../../src/domain/ids.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { sdpOffer } from './fake-engine.ts';
import { Rig, type TestSocket } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const refused = (promise: Promise<unknown>) => promise.then(() => 'accepted').catch((error) => error.code);
/** Somebody with a camera whose stream flows. */
const withCamera = async (name = 'ada') => {
  const socket = await rig.join(name);
  await socket.offer('publish', 'a', sdpOffer('video'), [{ mid: '0', source: 'camera' }]);
  const session = rig.connectedPublisher();
  const camera = session.openStream('camera', 11);
  session.send(camera, true);
  return { socket, session, camera, sessionId: socket.last('joined').sessionId };
};
const start = async () => (await rig.startRecording()).recordingId as RecordingId;
/** Everybody who has a socket says that he is there. */
const alive =
  (...sockets: TestSocket[]) =>
  () => {
    for (const socket of sockets) void socket.say({ type: 'ping' });
  };
/** What is in a journal, in words. */
const told = (records: readonly JournalRecord[]): string[] =>
  records.flatMap((record) => {
    if (record.type === 'event') return [record.event.type];
    if (record.type === 'snapshot') return [record.snapshot.afterGap ? 'snapshot after a gap' : 'snapshot'];
    return record.type === 'rtp'
      ? [`rtp ${record.payload.readUInt16BE(2)}`]
      : record.type === 'sender-report'
        ? ['report']
        : [];
  });

describe('a paused recording', () => {
  test('writes events and no media; behind it a chunk begins that says what was left out', async () => {
    const { socket, session, camera, sessionId } = await withCamera();
    const id = await start();
    session.send(camera);
    rig.clock.move(1000);
    const paused = await rig.rooms.pauseRecording(id);
    expect(paused).toMatchObject({ recordingId: id, revision: 1, pauses: [{ endedAtMs: null }] });
    // What the chunk before it asked for may still be due.
    rig.pass(1500, alive(socket));
    const asked = camera.keyframesAsked;
    session.send(camera);
    session.report(camera);
    await rig.join('bob');
    session.openStream('camera', 12);
    rig.pass(1500, alive(socket));
    session.send(camera);
    expect(camera.keyframesAsked).toBe(asked);
    const resumed = await rig.rooms.resumeRecording(id);
    expect(camera.keyframesAsked).toBe(asked + 1);
    const [pause] = resumed.pauses;
    expect((pause?.endedAtMs ?? 0) - (pause?.startedAtMs ?? 0)).toBe(3000);
    expect((pause?.startedAtMs ?? 0) - resumed.startedAtMs).toBe(1000);
    session.send(camera, true);
    await rig.rooms.stopRecording(id, 'requested');
    await rig.rooms.close();
    const records = await rig.journal(sessionId);
    expect(told(records)).toEqual([
      'snapshot',
      'recording-started',
      'rtp 2',
      'recording-paused',
      'participant-joined',
      'stream-opened',
      'snapshot after a gap',
      'recording-resumed',
      'rtp 5',
      'recording-stopped',
      ...told(records).slice(10),
    ]);
    const again = records.find((record) => record.type === 'snapshot' && record.snapshot.afterGap);
    if (again?.type !== 'snapshot') throw new Error('There is a snapshot after the gap.');
    expect(again.snapshot.chunk).toBe(2);
    expect(again.snapshot.streams).toMatchObject([
      { ssrc: 11, extendedSequence: 4, lastSenderReport: { packet: expect.any(String) } },
      { ssrc: 12, extendedSequence: null },
    ]);
    const startedNs = again.snapshot.recordings[0]?.startedNs ?? 0;
    expect(again.snapshot.recordings[0]?.pauses).toEqual([{ pausedNs: startedNs + 1e9, resumedNs: startedNs + 4e9 }]);
  });

  test('keeps what was sent in the pause out when it is retransmitted behind it', async () => {
    const { session, camera, sessionId } = await withCamera();
    const id = await start();
    await rig.rooms.pauseRecording(id);
    session.send(camera);
    session.send(camera);
    await rig.rooms.resumeRecording(id);
    session.resend(camera, 2);
    session.send(camera);
    await rig.rooms.stopRecording(id, 'requested');
    await rig.rooms.close();
    const packets = told(await rig.journal(sessionId)).filter((word) => word.startsWith('rtp'));
    expect(packets).toEqual(['rtp 4']);
  });

  test('is refused where it is paused already, not paused, over or unknown', async () => {
    await rig.join('ada');
    const id = await start();
    expect(await refused(rig.rooms.resumeRecording(id))).toBe('RECORDING_NOT_PAUSED');
    const both = await Promise.all([refused(rig.rooms.pauseRecording(id)), refused(rig.rooms.pauseRecording(id))]);
    expect(both).toEqual(['accepted', 'RECORDING_PAUSED']);
    await rig.rooms.stopRecording(id, 'requested');
    for (const other of [id, newHexId<RecordingId>()]) {
      expect(await refused(rig.rooms.pauseRecording(other))).toBe('RECORDING_NOT_RUNNING');
      expect(await refused(rig.rooms.resumeRecording(other))).toBe('RECORDING_NOT_RUNNING');
    }
  });

  test('ends when it is stopped, and nothing of the pause is in its tail', async () => {
    const { session, camera, sessionId } = await withCamera();
    const id = await start();
    session.send(camera);
    await rig.rooms.pauseRecording(id);
    rig.clock.move(5000);
    const stopped = await rig.rooms.stopRecording(id, 'requested');
    expect(stopped.stoppedAtMs).toBe(rig.clock.wallMs());
    rig.pass(600, () => session.send(camera));
    await rig.rooms.close();
    const words = told(await rig.journal(sessionId));
    expect(words.slice(0, 5)).toEqual([
      'snapshot',
      'recording-started',
      'rtp 2',
      'recording-paused',
      'recording-stopped',
    ]);
    expect(words.filter((word) => word.startsWith('rtp'))).toEqual(['rtp 2']);
  });

  test('ends with its session', async () => {
    const ada = await rig.join('ada');
    const id = await start();
    await rig.rooms.pauseRecording(id);
    await ada.say({ type: 'leave' });
    rig.pass(2500);
    await expect.poll(() => rig.durablesOf('recording-stopped')).toMatchObject([{ recordingId: id }]);
    expect(rig.durablesOf('recording-stopped')[0]?.reason).toBe('session-ended');
  });

  test('holds nothing back while another one is recorded, nor from one that begins', async () => {
    const { session, camera, sessionId } = await withCamera();
    const one = await start();
    const two = await start();
    await rig.rooms.pauseRecording(one);
    session.send(camera);
    await rig.rooms.pauseRecording(two);
    session.send(camera);
    const three = await start();
    session.send(camera);
    await rig.rooms.stopRecording(three, 'requested');
    session.send(camera);
    await rig.rooms.stopRecording(two, 'requested');
    await rig.rooms.resumeRecording(one);
    session.send(camera);
    await rig.rooms.close();
    const packets = told(await rig.journal(sessionId)).filter((word) => word.startsWith('rtp'));
    expect(packets).toEqual(['rtp 2', 'rtp 4', 'rtp 6']);
  });
});

describe('participants', () => {
  test('see that it is paused, and how much is recorded', async () => {
    const ada = await rig.join('ada');
    const id = await start();
    expect(ada.last('recording')).toEqual({ type: 'recording', active: true });
    rig.clock.move(2000);
    await rig.rooms.pauseRecording(id);
    expect(ada.last('recording')).toEqual({ type: 'recording', active: true, paused: true });
    rig.clock.move(3000);
    const bob = await rig.join('bob');
    expect(bob.last('joined')).toMatchObject({ recording: true, recordingPaused: true, recordingForMs: 2000 });
    await rig.rooms.resumeRecording(id);
    expect(bob.last('recording')).toEqual({ type: 'recording', active: true });
    rig.clock.move(1000);
    const cyd = await rig.join('cyd');
    expect(cyd.last('joined').recordingForMs).toBe(3000);
    expect(cyd.last('joined').recordingPaused).toBeUndefined();
    await rig.rooms.pauseRecording(id);
    await rig.rooms.stopRecording(id, 'requested');
    expect(ada.last('recording')).toEqual({ type: 'recording', active: false });
    expect(ada.all('recording')).toHaveLength(5);
  });
});
