/**
 * What writing down costs: CPU per 1000 packets at the pace of 1, 10 and 50 publishers, beside a program that writes the same bytes to one
 * file with nothing around them (same write and sync intervals; no format, no checksums, no chunks). Then flat out: records a second,
 * written and read. `node bench/journal.ts [seconds]`.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { RoomId, SessionId } from '../src/domain/ids.ts';
import { readJournal } from '../src/journal/reader.ts';
import { createJournalSinkFactory, type JournalSink } from '../src/journal/sink.ts';
import { createLogger } from '../src/support/log.ts';

/** One publisher: 2.5 Mbps of video in full packets and an Opus packet every 20 ms. */
const VIDEO_PER_SECOND = 270;
const AUDIO_PER_SECOND = 50;
const VIDEO = Buffer.alloc(1180, 0x5a);
const AUDIO = Buffer.alloc(120, 0xa5);
const PUMP_MS = 10;
const FLAT_OUT_RECORDS = 200_000;
/** Flat out the memory before the disk holds all of it: what is measured is the work, not the policy for a slow disk. */
const FLAT_OUT_BUFFER_BYTES = 1024 ** 3;

interface Target {
  packet(stream: number, packet: Buffer): void;
  close(): Promise<void>;
}

const openSink = (folder: string, bufferBytes?: number): Promise<JournalSink> =>
  createJournalSinkFactory({
    root: folder,
    log: createLogger('bench', 'warn'),
    ...(bufferBytes !== undefined && { limits: { bufferBytes } }),
  }).open({
    sessionId: '0123456789abcdef01234567' as SessionId,
    roomId: 'aaaa-bbbb-cccc' as RoomId,
    snapshot: () => ({ participants: [], tracks: [], streams: [], pins: [], recordings: [] }),
    onKeyframesWanted: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });

const journal = async (folder: string): Promise<Target> => {
  const sink = await openSink(folder);
  return {
    packet: (stream, packet) => sink.rtp(stream, packet, process.hrtime.bigint(), false),
    close: () => sink.close(),
  };
};

const bareFile = async (folder: string): Promise<Target> => {
  const file = await open(join(folder, 'bare'), 'w');
  let block = Buffer.allocUnsafe(4 * 1024 * 1024);
  let spare = Buffer.allocUnsafe(4 * 1024 * 1024);
  let filled = 0;
  let writing: Promise<unknown> = Promise.resolve();
  const flush = (): void => {
    if (filled === 0) return;
    const [full, length] = [block, filled];
    [block, spare] = [spare, block];
    filled = 0;
    writing = writing.then(() => file.write(full, 0, length));
  };
  const writes = setInterval(flush, 50);
  const syncs = setInterval(() => {
    writing = writing.then(() => file.datasync());
  }, 750);
  return {
    packet: (_stream, packet) => {
      packet.copy(block, filled);
      filled += packet.length;
    },
    close: async () => {
      clearInterval(writes);
      clearInterval(syncs);
      flush();
      await writing;
      await file.datasync();
      await file.close();
    },
  };
};

const nothing = async (): Promise<Target> => ({ packet: () => undefined, close: async () => undefined });

/** CPU seconds (user and system, all threads) and packets of a paced run. */
const paced = async (
  publishers: number,
  seconds: number,
  openTarget: (folder: string) => Promise<Target>,
): Promise<{ cpu: number; packets: number }> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-bench-'));
  try {
    const target = await openTarget(folder);
    const before = process.cpuUsage();
    const start = performance.now();
    let [video, audio] = [0, 0];
    for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - start) / 1000) {
      for (; video < elapsed * VIDEO_PER_SECOND * publishers; video++) target.packet(1 + (video % publishers), VIDEO);
      for (; audio < elapsed * AUDIO_PER_SECOND * publishers; audio++) target.packet(101 + (audio % publishers), AUDIO);
      await delay(PUMP_MS);
    }
    await target.close();
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / 1e6, packets: video + audio };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const flatOut = async (): Promise<{ written: number; read: number }> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-bench-'));
  try {
    const sink = await openSink(folder, FLAT_OUT_BUFFER_BYTES);
    const start = performance.now();
    for (let i = 0; i < FLAT_OUT_RECORDS; i++) {
      sink.rtp(1, VIDEO, process.hrtime.bigint(), false);
      // As many as an event loop turn of a very busy room; the disk takes them in between.
      if (i % 2000 === 0) await nextTurn();
    }
    await sink.close();
    const written = FLAT_OUT_RECORDS / ((performance.now() - start) / 1000);
    const from = performance.now();
    let records = 0;
    for await (const batch of readJournal(sink.directory)) records += batch.records.length;
    return { written, read: records / ((performance.now() - from) / 1000) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const seconds = Number(process.argv[2] ?? 5);
// The first run pays for compilation; it is not shown.
await paced(10, 1, journal);
const rows: Record<string, string | number>[] = [];
for (const publishers of [1, 10, 50]) {
  const idle = await paced(publishers, seconds, nothing);
  const per1000 = ({ cpu, packets }: { cpu: number; packets: number }): number =>
    (Math.max(0, cpu - (idle.cpu / idle.packets) * packets) / packets) * 1000;
  const ours = per1000(await paced(publishers, seconds, journal));
  const bare = per1000(await paced(publishers, seconds, bareFile));
  rows.push({
    publishers,
    'packets/s': publishers * (VIDEO_PER_SECOND + AUDIO_PER_SECOND),
    'journal, CPU-ms/1000': (ours * 1000).toFixed(2),
    'bare write, CPU-ms/1000': (bare * 1000).toFixed(2),
    ratio: bare > 0 ? (ours / bare).toFixed(2) : 'n/a',
  });
}
console.table(rows);
const { written, read } = await flatOut();
console.table([{ 'written records/s': Math.round(written), 'read records/s': Math.round(read) }]);
