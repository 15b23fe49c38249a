import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ParticipantId, RecordingId } from '../../../src/domain/ids.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { createJournalSinkFactory } from '../../../src/journal/sink.ts';
import type { PacketSinkFactory } from '../../../src/rooms/packet-sink.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { sdpOffer } from './fake-engine.ts';
import { Rig, ROOM, type TestSocket } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const GRID = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
const refused = (promise: Promise<unknown>) => promise.then(() => 'accepted').catch((error) => error.code);
const publish = (socket: TestSocket, connection = 'a') =>
  socket.offer('publish', connection, sdpOffer('audio', 'video'), [
    { mid: '0', source: 'microphone' },
    { mid: '1', source: 'camera' },
  ]);
const eventTypes = (records: JournalRecord[]): string[] =>
  records.flatMap((record) => (record.type === 'event' ? [record.event.type] : record.type === 'rtp' ? ['rtp'] : []));

/** Whoever stays must be heard of. */
const stay =
  (...sockets: TestSocket[]) =>
  () => {
    for (const socket of sockets) void socket.say({ type: 'ping' });
  };

describe('a recording', () => {
  test('is refused without a session', async () => {
    expect(await refused(rig.startRecording())).toBe('NO_ACTIVE_SESSION');
    expect(await refused(rig.rooms.stopRecording(newHexId<RecordingId>(), 'requested'))).toBe('RECORDING_NOT_RUNNING');
  });

  test('writes what was there, what happened and every packet, in order', async () => {
    const ada = await rig.join('ada');
    const { sessionId } = ada.last('joined');
    await publish(ada);
    const session = rig.connectedPublisher();
    const camera = session.openStream('camera', 11);
    session.send(camera);

    const started = await rig.startRecording();
    expect(started).toMatchObject({ sessionId, journalDir: expect.stringContaining(sessionId) });
    expect(ada.last('recording').active).toBe(true);
    expect(camera.keyframesAsked).toBeGreaterThan(0);
    rig.clock.move(20);
    session.send(camera, true);
    const bob = await rig.join('bob');
    expect(bob.last('joined')).toMatchObject({ recording: true, recordingForMs: 20 });
    const microphone = session.openStream('microphone', 22);
    expect(microphone.keyframesAsked).toBe(1);
    session.send(microphone);
    await ada.say({ type: 'mute', trackId: ada.last('answer').tracks[0]?.trackId ?? '', muted: true });
    await publish(ada, 'again');
    const next = rig.connectedPublisher();
    next.send(next.openStream('camera', 33), true);
    await bob.say({ type: 'leave' });
    rig.clock.move(1000);
    const stopped = await rig.rooms.stopRecording(started.recordingId as RecordingId, 'requested');
    expect(stopped.stoppedNs - started.startedNs).toBe(1_020_000_000);
    expect(stopped.stoppedAtMs - started.startedAtMs).toBe(1020);
    expect(ada.last('recording').active).toBe(false);
    await rig.rooms.close();

    const records = await rig.journal(sessionId);
    const [first] = records;
    if (first?.type !== 'snapshot') throw new Error('A journal begins with a snapshot.');
    expect(first.snapshot.participants).toEqual([{ participantId: 'ada', name: 'ada', hidden: false }]);
    expect(first.snapshot.tracks.map((track) => track.source)).toEqual(['microphone', 'camera']);
    expect(first.snapshot.streams).toMatchObject([{ stream: 1, ssrc: 11, source: 'camera', extendedSequence: 1 }]);
    expect(eventTypes(records)).toEqual([
      'recording-started',
      'rtp',
      'participant-joined',
      'stream-opened',
      'rtp',
      'track-muted',
      'stream-closed',
      'stream-closed',
      'stream-opened',
      'rtp',
      'participant-left',
      'recording-stopped',
      'track-unpublished',
      'stream-closed',
      'track-unpublished',
      'participant-left',
      'session-ended',
    ]);
    const streams = records.flatMap((record) => (record.type === 'rtp' ? [record.stream] : []));
    expect(streams).toEqual([1, 2, 3]);
    const opened = records.flatMap((record) =>
      record.type === 'event' && record.event.type === 'stream-opened' ? [record.event.stream] : [],
    );
    expect(opened.map(({ stream, ssrc, source }) => [stream, ssrc, source])).toEqual([
      [2, 22, 'microphone'],
      [3, 33, 'camera'],
    ]);
    expect(new Set([first.snapshot.streams[0], ...opened].map((stream) => stream?.clockDomain)).size).toBe(2);
    expect(opened[1]?.trackId).toBe(first.snapshot.streams[0]?.trackId);
  });

  test('starts and stops once, however often it is asked', async () => {
    await rig.join('ada');
    const recordingId = newHexId<RecordingId>();
    const [one, two] = await Promise.all([rig.startRecording(recordingId), rig.startRecording(recordingId)]);
    expect(two).toEqual(one);
    expect(await rig.startRecording(recordingId)).toEqual(one);
    const ends = await Promise.all([
      rig.rooms.stopRecording(recordingId, 'requested'),
      rig.rooms.stopRecording(recordingId, 'max-duration'),
    ]);
    expect(ends[1]).toEqual(ends[0]);
    expect(await rig.rooms.stopRecording(recordingId, 'requested')).toEqual(ends[0]);
    expect(rig.durablesOf('recording-stopped')).toMatchObject([{ recordingId, reason: 'requested' }]);
    expect(await refused(rig.startRecording(recordingId))).toBe('RECORDING_NOT_RUNNING');
  });

  test('takes late packets for 700 ms after its end, then the journal is sealed', async () => {
    const ada = await rig.join('ada');
    await publish(ada);
    const session = rig.connectedPublisher();
    const camera = session.openStream('camera');
    const { recordingId } = await rig.startRecording();
    await rig.rooms.stopRecording(recordingId as RecordingId, 'requested');
    rig.pass(600, () => session.send(camera));
    expect(rig.rooms.stats()).toMatchObject({ rooms_recordings: 0, rooms_journals_open: 1 });
    rig.pass(100);
    await expect.poll(() => rig.rooms.stats()).toMatchObject({ rooms_journals_open: 0 });
    session.send(camera);
    await rig.rooms.close();
    const types = eventTypes(await rig.journal(ada.last('joined').sessionId));
    expect(types).toEqual(['recording-started', 'recording-stopped', ...Array.from({ length: 6 }, () => 'rtp')]);
  });

  test('that starts in the tail of another, or right after it, finds its journal open', async () => {
    const ada = await rig.join('ada');
    const first = await rig.startRecording();
    await rig.rooms.stopRecording(first.recordingId as RecordingId, 'requested');
    rig.pass(500, stay(ada));
    const second = await rig.startRecording();
    rig.pass(2000, stay(ada));
    expect(rig.rooms.stats()).toMatchObject({ rooms_recordings: 1, rooms_journals_open: 1 });
    await rig.rooms.stopRecording(second.recordingId as RecordingId, 'requested');
    rig.pass(700, stay(ada));
    const third = await rig.startRecording();
    expect(third.journalDir).toBe(first.journalDir);
    await rig.rooms.stopRecording(third.recordingId as RecordingId, 'requested');
    await rig.rooms.close();
    const records = await rig.journal(ada.last('joined').sessionId);
    expect(eventTypes(records)).toEqual([
      ...Array.from({ length: 3 }, () => ['recording-started', 'recording-stopped']).flat(),
      'participant-left',
      'session-ended',
    ]);
  });

  test('ends with its session, which says so in order', async () => {
    const ada = await rig.join('ada');
    const { recordingId } = await rig.startRecording();
    await ada.say({ type: 'leave' });
    rig.pass(2500);
    await expect.poll(() => rig.durablesOf('session-ended')).toHaveLength(1);
    expect(rig.durables.map((event) => event.type)).toEqual([
      'session-started',
      'participant-joined',
      'participant-left',
      'recording-stopped',
      'session-ended',
    ]);
    expect(rig.durablesOf('recording-stopped')).toMatchObject([{ recordingId, reason: 'session-ended' }]);
    expect(await rig.rooms.stopRecording(recordingId as RecordingId, 'requested')).toMatchObject({
      reason: 'session-ended',
    });
    const types = eventTypes(await rig.journal(ada.last('joined').sessionId));
    expect(types.slice(-3)).toEqual(['participant-left', 'recording-stopped', 'session-ended']);
  });

  test('that is stopped while its session ends is answered with that end, and known until then', async () => {
    await rig.join('ada');
    const { recordingId } = await rig.startRecording();
    const ending = rig.rooms.endSession(ROOM, 'requested');
    expect(rig.rooms.sessions()).toEqual([]);
    expect(rig.rooms.recordings()).toMatchObject([{ recordingId }]);
    const stopped = await rig.rooms.stopRecording(recordingId as RecordingId, 'requested');
    expect(stopped.reason).toBe('session-ended');
    await ending;
    expect(rig.rooms.recordings()).toEqual([]);
    expect(rig.durablesOf('recording-stopped')).toHaveLength(1);
  });

  test('of a deactivated room says why it ended', async () => {
    await rig.join('ada');
    await rig.startRecording();
    await rig.rooms.endSession(rig.rooms.sessions()[0]?.roomId ?? '', 'room-deactivated');
    expect(rig.durablesOf('recording-stopped')).toMatchObject([{ reason: 'room-deactivated' }]);
  });

  test('asks every picture for a keyframe once per chunk, spread over a second', async () => {
    const wanted: (() => void)[] = [];
    await rig.close();
    const sinks: PacketSinkFactory = {
      open: (options) => {
        wanted.push(options.onKeyframesWanted);
        return real.open(options);
      },
      stats: () => real.stats(),
    };
    rig = new Rig({ sinks });
    const real = createJournalSinkFactory({ root: rig.folder, log: pino({ level: 'silent' }), clock: rig.clock });
    const streams = [];
    for (const name of ['ada', 'bob', 'cyd', 'dan']) {
      const socket = await rig.join(name);
      await publish(socket);
      streams.push(rig.connectedPublisher().openStream('camera'));
    }
    await rig.startRecording();
    expect(streams.map((stream) => stream.keyframesAsked)).toEqual([1, 1, 1, 1]);
    wanted[0]?.();
    rig.pass(100);
    const afterOneTick = streams.filter((stream) => stream.keyframesAsked === 2).length;
    rig.pass(1000);
    expect(afterOneTick).toBeLessThan(4);
    expect(streams.map((stream) => stream.keyframesAsked)).toEqual([2, 2, 2, 2]);
  });
});

describe('a disk that refuses', () => {
  test('at the start is told as DISK_FULL', async () => {
    await rig.close();
    rig = new Rig({ sinks: { open: () => Promise.reject(new Error('ENOSPC')), stats: () => ({}) } });
    await rig.join('ada');
    expect(await refused(rig.startRecording())).toBe('DISK_FULL');
    expect(rig.rooms.recordings()).toEqual([]);
    expect(rig.durablesOf('recording-stopped')).toEqual([]);
  });

  test('later ends the recordings in order, and the room goes on', async () => {
    let fail: (error: Error) => void = () => undefined;
    await rig.close();
    rig = new Rig({
      sinks: {
        open: async (options) => {
          fail = options.onFailure;
          return real.open(options);
        },
        stats: () => real.stats(),
      },
    });
    const real = createJournalSinkFactory({ root: rig.folder, log: pino({ level: 'silent' }), clock: rig.clock });
    const ada = await rig.join('ada');
    const { recordingId } = await rig.startRecording();
    fail(new Error('No space left on device.'));
    await expect.poll(() => rig.durablesOf('recording-stopped')).toHaveLength(1);
    expect(rig.durablesOf('recording-stopped')).toMatchObject([{ recordingId, reason: 'disk-full' }]);
    expect(ada.last('recording').active).toBe(false);
    await expect.poll(() => rig.rooms.stats().rooms_journals_open).toBe(0);
    await ada.say({ type: 'send', topic: 'chat', payload: 'still here' });
    expect(ada.last('message').payload).toBe('still here');
    const again = await rig.startRecording();
    expect(again.recordingId).not.toBe(recordingId);
  });
});

describe('a recording that is about one participant', () => {
  const about = (participantId: string, recordingId = newHexId<RecordingId>()) =>
    rig.rooms.startRecording(recordingId, ROOM, GRID, { participantId: participantId as ParticipantId });

  test('is refused where nobody has that id', async () => {
    await rig.join('ada');
    expect(await refused(about('bob'))).toBe('PARTICIPANT_NOT_FOUND');
    expect(rig.rooms.recordings()).toEqual([]);
  });

  test('ends when its participant leaves, and no other does', async () => {
    const [ada, bob] = [await rig.join('ada'), await rig.join('bob')];
    const room = await rig.startRecording();
    const [one, two, other] = [await about('bob'), await about('bob'), await about('ada')];
    await bob.say({ type: 'leave' });
    const ended = () => rig.durablesOf('recording-stopped').map(({ recordingId, reason }) => [recordingId, reason]);
    await expect.poll(ended).toEqual([
      [one.recordingId, 'participant-left'],
      [two.recordingId, 'participant-left'],
    ]);
    expect(rig.rooms.recordings().map(({ recordingId }) => recordingId)).toEqual([room.recordingId, other.recordingId]);
    expect(ada.last('recording').active).toBe(true);
  });

  test('goes on when its participant takes over from another place', async () => {
    await rig.join('ada');
    const { recordingId } = await about('ada');
    await rig.join('ada');
    expect(rig.rooms.recordings()).toMatchObject([{ recordingId }]);
  });

  test('gets a keyframe as soon as its camera is on again', async () => {
    const ada = await rig.join('ada');
    await publish(ada);
    const camera = rig.connectedPublisher().openStream('camera', 11);
    await about('ada');
    const trackId = ada.last('answer').tracks[1]?.trackId ?? '';
    await ada.say({ type: 'mute', trackId, muted: true });
    const before = camera.keyframesAsked;
    await ada.say({ type: 'mute', trackId, muted: false });
    expect(camera.keyframesAsked).toBe(before + 1);
  });
});
