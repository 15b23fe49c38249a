import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SessionEvent } from '../../../src/domain/events.ts';
import { type Disk, systemDisk } from '../../../src/journal/disk.ts';
import { createJournalSinkFactory, type JournalSinkFactoryOptions } from '../../../src/journal/sink.ts';
import type { PacketSinkFactory, RoomSnapshot } from '../../../src/rooms/packet-sink.ts';
import {
  EMPTY_ROOM,
  PARTICIPANT,
  RECORDING,
  ROOM,
  readAll,
  recordingStarted,
  SESSION,
  silentLog,
  smallChunk,
  TestClock,
  TRACK,
  temporaryFolder,
  until,
  writeChunk,
} from './fixtures.ts';

const PACKET = Buffer.alloc(1000, 0x55);

/** A sink in a folder of its own, typed as the rooms see it: that this compiles is half of the contract. */
const setUp = async (options: Partial<JournalSinkFactoryOptions> & { snapshot?: () => RoomSnapshot } = {}) => {
  const clock = new TestClock();
  const root = options.root ?? join(await temporaryFolder(), 'journals');
  const factory: PacketSinkFactory = createJournalSinkFactory({ log: silentLog, clock, ...options, root });
  const calls = { keyframesWanted: 0, failures: [] as Error[] };
  const open = async () => {
    const sink = await factory.open({
      sessionId: SESSION,
      roomId: ROOM,
      snapshot: options.snapshot ?? (() => EMPTY_ROOM),
      onKeyframesWanted: () => {
        calls.keyframesWanted += 1;
      },
      onFailure: (error) => calls.failures.push(error),
    });
    onTestFinished(() => sink.close());
    return sink;
  };
  return { clock, root, calls, open, factory, directory: join(root, SESSION) };
};

/** A disk on which writing can be held back, or made to fail. */
const testDisk = () => {
  const control = {
    stalled: undefined as PromiseWithResolvers<void> | undefined,
    fail: null as (() => Error | null) | null,
  };
  const disk: Disk = {
    create: async (path) => {
      const file = await systemDisk.create(path);
      return {
        ...file,
        write: async (buffer, offset, length, position) => {
          await control.stalled?.promise;
          const error = control.fail?.();
          if (error) throw error;
          return file.write(buffer, offset, length, position);
        },
      };
    },
  };
  return { disk, control };
};

const diskFull = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('a journal sink', () => {
  it('writes packets, reports and events with session times, and seals at close', async () => {
    const { clock, open, directory } = await setUp();
    const sink = await open();
    const origin = clock.monotonicNs();
    sink.rtp(1, PACKET, origin + 1_000_000n, true);
    sink.senderReport(1, Buffer.alloc(28, 9), origin + 2_000_000n);
    sink.event({ type: 'track-muted', trackId: TRACK, muted: true }, origin + 3_000_000n);
    expect(sink.toSessionTime(origin + 5n)).toBe(5);
    await sink.close();
    expect(await readdir(directory)).toEqual(['00000001.rtj']);
    const { records, problems } = await readAll(directory);
    expect(problems).toEqual([]);
    expect(records).toMatchObject([
      { type: 'snapshot', arrivalNs: 0 },
      { type: 'rtp', arrivalNs: 1_000_000, stream: 1, payload: PACKET },
      { type: 'sender-report', arrivalNs: 2_000_000, stream: 1, payload: Buffer.alloc(28, 9) },
      { type: 'event', arrivalNs: 3_000_000, event: { type: 'track-muted', trackId: TRACK, muted: true } },
      { type: 'index', index: { records: 4, streams: [{ stream: 1, packets: 1 }] } },
    ]);
  });

  it('copies the packet before the call returns', async () => {
    const { clock, open, directory } = await setUp();
    const sink = await open();
    const packet = Buffer.from('first');
    sink.rtp(1, packet, clock.monotonicNs(), false);
    packet.fill(0);
    await sink.close();
    const rtp = (await readAll(directory)).records.find(({ type }) => type === 'rtp');
    expect(rtp).toMatchObject({ payload: Buffer.from('first') });
  });

  it('is for its owner only', async () => {
    const { open, directory, root } = await setUp();
    const sink = await open();
    for (const path of [root, directory]) expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    await sink.close();
  });

  it('puts what the room knows into the snapshot of every chunk, and asks for keyframes once in each', async () => {
    const state: RoomSnapshot = {
      participants: [{ participantId: PARTICIPANT, name: 'Anna', hidden: false }],
      tracks: [{ trackId: TRACK, participantId: PARTICIPANT, source: 'camera', muted: false }],
      streams: [
        {
          stream: 4,
          trackId: TRACK,
          participantId: PARTICIPANT,
          source: 'camera',
          ssrc: 77,
          payloadType: 96,
          codec: 'vp8',
          clockRate: 90000,
          fmtp: '',
          rid: null,
          clockDomain: 'c1',
          extensions: {},
          extendedSequence: 70000,
          lastSenderReport: { packet: Buffer.from([1, 2, 3]), arrivalNs: 5_000_000_007n },
        },
      ],
      pins: [PARTICIPANT],
      recordings: [],
      lastStream: 4,
    };
    const { clock, open, calls, directory } = await setUp({ snapshot: () => state });
    const sink = await open();
    await until('the first request for keyframes', () => calls.keyframesWanted === 1);
    sink.rtp(4, PACKET, clock.monotonicNs(), true);
    clock.advance(10_000);
    await until('the second chunk', async () => (await readdir(directory)).includes('00000002.open'));
    sink.rtp(4, PACKET, clock.monotonicNs(), false);
    sink.rtp(4, PACKET, clock.monotonicNs(), true);
    await sink.close();
    expect(calls.keyframesWanted).toBe(2);
    const { records } = await readAll(directory);
    const snapshots = records.flatMap((record) => (record.type === 'snapshot' ? [record.snapshot] : []));
    expect(snapshots).toMatchObject(
      [1, 2].map((chunk) => ({
        chunk,
        sessionId: SESSION,
        roomId: ROOM,
        bootId: 'boot-1',
        originMonotonicNs: '5000000000',
        participants: state.participants,
        pins: [PARTICIPANT],
        streams: [{ stream: 4, extendedSequence: 70000, lastSenderReport: { packet: 'AQID', arrivalNs: 7 } }],
      })),
    );
    const indexes = records.flatMap((record) => (record.type === 'index' ? [record.index] : []));
    expect(indexes.map(({ streams }) => streams[0]?.packets)).toEqual([1, 2]);
    expect(indexes.map(({ streams }) => streams[0]?.keyframes.length)).toEqual([1, 1]);
  });

  it('writes ticks while nobody sends', async () => {
    const { clock, open, directory } = await setUp();
    const sink = await open();
    clock.advance(300);
    await until('a tick', async () => (await readAll(directory)).records.some(({ type }) => type === 'tick'));
    await sink.close();
  });

  it('has durable events on disk when their promise resolves', async () => {
    const { clock, open, directory } = await setUp();
    const sink = await open();
    sink.rtp(1, PACKET, clock.monotonicNs(), true);
    await sink.durableEvent(recordingStarted(0), clock.monotonicNs());
    const { records } = await readAll(directory);
    expect(records.map(({ type }) => type)).toEqual(['snapshot', 'rtp', 'event']);
    await Promise.all([1, 2, 3].map(() => sink.durableEvent({ type: 'session-ended' }, clock.monotonicNs())));
    await sink.close();
    await expect(sink.durableEvent({ type: 'session-ended' }, 0n)).rejects.toThrow(/closed/);
  });

  it('refuses a durable event that no reader would take, and counts it', async () => {
    const { clock, open, directory } = await setUp();
    const sink = await open();
    const huge: SessionEvent = {
      type: 'participant-left',
      participantId: PARTICIPANT,
      reason: 'x'.repeat(1024 * 1024),
    };
    await expect(sink.durableEvent(huge, clock.monotonicNs())).rejects.toThrow(/too large/);
    sink.rtp(70_000, PACKET, clock.monotonicNs(), false);
    await sink.close();
    const { records, problems } = await readAll(directory);
    expect(problems).toEqual([]);
    expect(records).toMatchObject([
      { type: 'snapshot' },
      { event: { type: 'dropped', records: 2 } },
      { type: 'index' },
    ]);
  });

  it('closes once, however often it is asked', async () => {
    const { open, directory } = await setUp();
    const sink = await open();
    const closing = sink.close();
    expect(sink.close()).toBe(closing);
    await closing;
    sink.rtp(1, PACKET, 0n, false);
    expect((await readAll(directory)).records.length).toBe(2);
  });

  it('refuses a second writer of one session, until the first has closed', async () => {
    const { open } = await setUp();
    const sink = await open();
    await expect(open()).rejects.toThrow(/being written already/);
    await sink.close();
    await (await open()).close();
  });
});

describe('a journal that is opened again', () => {
  it('goes on in the next chunk on the same time axis', async () => {
    const { clock, open, directory } = await setUp();
    await (await open()).close();
    clock.advance(60_000);
    const sink = await open();
    expect(sink.toSessionTime(clock.monotonicNs())).toBe(60e9);
    await sink.close();
    const { records } = await readAll(directory);
    expect(records.flatMap((record) => (record.type === 'snapshot' ? [record.snapshot.chunk] : []))).toEqual([1, 2]);
  });

  it('finds its time axis again after a reboot, by wall time', async () => {
    const { clock, open } = await setUp();
    clock.advance(1000);
    await (await open()).close();
    clock.bootId = 'boot-2';
    clock.nowNs = 3_000_000n;
    clock.wall += 90_000;
    const sink = await open();
    expect(sink.toSessionTime(clock.monotonicNs())).toBe(90e9);
    await sink.close();
  });

  it('never runs back behind what is written, though the wall clock was set back', async () => {
    const { clock, open } = await setUp();
    const first = await open();
    clock.advance(5000);
    first.event({ type: 'session-ended' }, clock.monotonicNs());
    await first.close();
    clock.bootId = 'boot-2';
    clock.wall -= 1_000_000;
    const sink = await open();
    expect(sink.toSessionTime(clock.monotonicNs())).toBe(5_001_000_000);
    await sink.close();
  });

  it('seals what a dead writer left, without the torn record at its end', async () => {
    const { open, directory, root } = await setUp();
    const bytes = smallChunk(1);
    await mkdir(root, { recursive: true });
    await mkdir(directory);
    await writeChunk(directory, 1, bytes.subarray(0, -5), 'open');
    await writeChunk(directory, 2, Buffer.alloc(3), 'open');
    const sink = await open();
    await sink.close();
    expect(await readdir(directory)).toEqual(['00000001.rtj', '00000002.rtj']);
    const { records, problems } = await readAll(directory);
    expect(problems).toEqual([{ kind: 'unsealed', chunk: 1 }]);
    expect(records.map(({ type }) => type).join(' ')).toBe('snapshot rtp rtp rtp rtp rtp tick event snapshot index');
  });
});

describe('a slow disk', () => {
  it('costs packets when memory is full, never events; they are counted, and keyframes are asked for', async () => {
    const { disk, control } = testDisk();
    const { clock, open, calls, directory, factory } = await setUp({ disk, limits: { bufferBytes: 1024 * 1024 } });
    const sink = await open();
    await until('the snapshot is written', async () => (await readAll(directory)).records.length === 1);
    control.stalled = Promise.withResolvers();
    for (let i = 0; i < 3000; i++) {
      sink.rtp(1, PACKET, clock.monotonicNs(), false);
      if (i % 100 === 0) sink.event({ type: 'stream-closed', stream: i }, clock.monotonicNs());
    }
    control.stalled.resolve();
    control.stalled = undefined;
    await until('room again', async () => {
      sink.rtp(2, PACKET, clock.monotonicNs(), false);
      return (await readAll(directory)).records.some((record) => record.type === 'rtp' && record.stream === 2);
    });
    await sink.close();
    const { records, problems } = await readAll(directory);
    expect(problems).toEqual([]);
    const written = records.filter((record) => record.type === 'rtp' && record.stream === 1).length;
    const lost = records.flatMap((record) =>
      record.type === 'event' && record.event.type === 'dropped' ? [record.event] : [],
    );
    expect(lost.length).toBe(1);
    expect(written).toBeGreaterThan(500);
    // Packets of stream 2 may have been refused too, while the disk was catching up.
    const dropped = lost[0]?.records ?? 0;
    expect(dropped).toBeGreaterThanOrEqual(3000 - written);
    expect(lost[0]?.bytes).toBe(dropped * PACKET.length);
    expect(records.filter((record) => record.type === 'event' && record.event.type === 'stream-closed').length).toBe(
      30,
    );
    expect(calls.keyframesWanted).toBe(2);
    expect(calls.failures).toEqual([]);
    // Behind the gap another chunk begins, which says so: thousands may be missing, and no sequence number tells.
    const told = records.findIndex((record) => record.type === 'event' && record.event.type === 'dropped');
    expect(records.slice(told + 1, told + 3)).toMatchObject([
      { type: 'index' },
      { type: 'snapshot', snapshot: { chunk: 2, afterGap: true } },
    ]);
    expect(factory.stats()).toMatchObject({
      journal_packets_total: records.filter(({ type }) => type === 'rtp').length,
      journal_dropped_packets_total: dropped,
      journal_dropped_bytes_total: lost[0]?.bytes,
      journal_buffer_limit_bytes: 1024 * 1024,
    });
  });

  it('that takes nothing is told while it lasts, and costs nothing while memory lasts', async () => {
    const { disk, control } = testDisk();
    const { clock, open, factory, directory } = await setUp({ disk });
    const sink = await open();
    await until('the snapshot is written', async () => (await readAll(directory)).records.length === 1);
    control.stalled = Promise.withResolvers();
    for (let i = 0; i < 3000; i++) sink.rtp(1, PACKET, clock.monotonicNs(), false);
    await until('the stall is told', () => factory.stats().journal_stalled === 1);
    expect(factory.stats()).toMatchObject({ journal_stalls_total: 1, journal_dropped_packets_total: 0 });
    expect(factory.stats().journal_buffered_bytes).toBeGreaterThan(3000 * PACKET.length);
    control.stalled.resolve();
    control.stalled = undefined;
    await until('its end is told', () => factory.stats().journal_stalled === 0);
    await sink.close();
    expect((await readAll(directory)).records.filter(({ type }) => type === 'rtp')).toHaveLength(3000);
    expect(factory.stats()).toMatchObject({ journal_buffered_bytes: 0, journal_stalls_total: 1 });
  });
});

describe('a full disk', () => {
  it('is said once; events still find room, and the journal is sealed with them', async () => {
    const { disk, control } = testDisk();
    const { clock, open, calls, directory } = await setUp({ disk });
    const sink = await open();
    sink.rtp(1, PACKET, clock.monotonicNs(), true);
    await until('the packet is written', async () => (await readAll(directory)).records.length === 2);
    // Full until the reserve is given up.
    control.fail = () => {
      control.fail = null;
      return diskFull();
    };
    sink.rtp(1, PACKET, clock.monotonicNs(), false);
    await until('the failure is told', () => calls.failures.length === 1);
    expect(await readdir(directory)).toEqual(['00000001.open']);
    sink.rtp(1, PACKET, clock.monotonicNs(), false);
    await sink.durableEvent(
      { type: 'recording-stopped', recordingId: RECORDING, stoppedNs: 5, reason: 'disk-full' },
      clock.monotonicNs(),
    );
    await sink.close();
    const { records } = await readAll(directory);
    expect(records.map(({ type }) => type).join(' ')).toBe('snapshot rtp rtp event index');
    expect(calls.failures.length).toBe(1);
  });

  it('that stays full, or a broken one, ends the journal with what was written; nothing throws', async () => {
    const { disk, control } = testDisk();
    const { clock, open, calls, directory } = await setUp({ disk });
    const sink = await open();
    sink.rtp(1, PACKET, clock.monotonicNs(), true);
    await until('the packet is written', async () => (await readAll(directory)).records.length === 2);
    control.fail = () => Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    const stop = sink.durableEvent({ type: 'session-ended' }, clock.monotonicNs());
    await expect(stop).rejects.toThrow(/can't be written any more: EIO/);
    await expect(sink.durableEvent({ type: 'session-ended' }, clock.monotonicNs())).rejects.toThrow(/EIO/);
    sink.rtp(1, PACKET, clock.monotonicNs(), false);
    sink.event({ type: 'session-ended' }, clock.monotonicNs());
    await sink.close();
    expect(calls.failures.length).toBe(1);
    expect(await readdir(directory)).toEqual(['00000001.rtj']);
    expect((await readAll(directory)).records.map(({ type }) => type)).toEqual(['snapshot', 'rtp']);
  });

  it('at the beginning is told to who opens', async () => {
    const { open, root, directory } = await setUp({ disk: { create: () => Promise.reject(diskFull()) } });
    await expect(open()).rejects.toThrow(/ENOSPC/);
    expect(await readdir(directory)).toEqual([]);
    const usable = await setUp({ root });
    await (await usable.open()).close();
  });
});
