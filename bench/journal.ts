/**
 * What writing down costs: CPU per 1000 packets at the pace of 1, 10 and 50 publishers, beside a program that writes the same bytes to one
 * file with nothing around them (same write and sync intervals; no format, no checksums, no chunks). Then flat out: records a second,
 * written and read.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { RoomId, SessionId } from '../src/domain/ids.ts';
import { readJournal } from '../src/journal/reader.ts';
import { createJournalSinkFactory, type JournalSink } from '../src/journal/sink.ts';
import { createLogger } from '../src/support/log.ts';
import type { Scope } from '../src/support/scope.ts';
import { type BenchOptions, type Row, temporaryFolder } from './row.ts';

/** One publisher: 2.5 Mbps of video in full packets and an Opus packet every 20 ms. */
const VIDEO_PER_SECOND = 270;
const AUDIO_PER_SECOND = 50;
const VIDEO = Buffer.alloc(1180, 0x5a);
const AUDIO = Buffer.alloc(120, 0xa5);
const PUMP_MS = 10;
const FLAT_OUT_RECORDS = 200_000;
/** As many as an event loop turn of a very busy room; the disk takes them in between. */
const FLAT_OUT_BATCH = 2_000;
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
    snapshot: () => ({ participants: [], tracks: [], streams: [], pins: [], recordings: [], lastStream: 0 }),
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
  scope: Scope,
): Promise<{ cpu: number; packets: number }> => {
  const target = await openTarget(await temporaryFolder(scope));
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
};

/** The least that writing the same bytes in the same order takes: one file, written in blocks, synced at the end. */
const bareFlatOut = async (folder: string): Promise<number> => {
  const file = await open(join(folder, 'bare'), 'w');
  const block = Buffer.concat(Array.from({ length: FLAT_OUT_BATCH }, () => VIDEO));
  const start = performance.now();
  for (let i = 0; i < FLAT_OUT_RECORDS; i += FLAT_OUT_BATCH) await file.write(block);
  await file.datasync();
  await file.close();
  return FLAT_OUT_RECORDS / ((performance.now() - start) / 1000);
};

const flatOut = async (folder: string): Promise<{ written: number; read: number }> => {
  const sink = await openSink(folder, FLAT_OUT_BUFFER_BYTES);
  const start = performance.now();
  for (let i = 0; i < FLAT_OUT_RECORDS; i++) {
    sink.rtp(1, VIDEO, process.hrtime.bigint(), false);
    if (i % FLAT_OUT_BATCH === 0) await nextTurn();
  }
  await sink.close();
  const written = FLAT_OUT_RECORDS / ((performance.now() - start) / 1000);
  const from = performance.now();
  let records = 0;
  for await (const batch of readJournal(sink.directory)) records += batch.records.length;
  return { written, read: records / ((performance.now() - from) / 1000) };
};

export async function* benchJournal({ quick, scope, note }: BenchOptions): AsyncGenerator<Row, void, undefined> {
  // The first run pays for compilation; it is not shown.
  await paced(10, 1, journal, scope);
  for (const publishers of [1, 10, 50]) {
    const seconds = quick ? 1 : publishers === 1 ? 10 : 5;
    const who = publishers === 1 ? '1 publisher' : `${publishers} publishers`;
    note(`${who}, 3 × ${seconds} s`);
    const idle = await paced(publishers, seconds, nothing, scope);
    const per1000 = ({ cpu, packets }: { cpu: number; packets: number }): number =>
      (Math.max(0, cpu - (idle.cpu / idle.packets) * packets) / packets) * 1000;
    const ours = per1000(await paced(publishers, seconds, journal, scope));
    const bare = per1000(await paced(publishers, seconds, bareFile, scope));
    yield {
      what: `journal alone, ${who}`,
      ours,
      beside: { name: 'bare fs.write', value: bare },
      unit: 'CPU s / 1000 packets',
    };
  }
  note('flat out');
  const { written, read } = await flatOut(await temporaryFolder(scope));
  const bare = await bareFlatOut(await temporaryFolder(scope));
  yield {
    what: 'journal written flat out',
    ours: written,
    beside: { name: 'bare fs.write', value: bare },
    unit: 'records / s',
  };
  yield { what: 'journal read flat out', ours: read, beside: null, unit: 'records / s' };
}
