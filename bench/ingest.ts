/**
 * What receiving costs: CPU seconds of the media process, all of its threads, per 1000 packets that it takes from 1, 10 and 50 publishers
 * (DTLS, SRTP) and writes into the journal, beside a process that takes the same packets as bare datagrams from one UDP socket and keeps
 * nothing. The publishers run in a process of their own.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordingId } from '../src/domain/ids.ts';
import { readJournal } from '../src/journal/reader.ts';
import { MediaClient } from '../src/rooms/media-client.ts';
import type { MediaSettings } from '../src/rooms/media-settings.ts';
import { createLogger } from '../src/support/log.ts';
import { newHexId, newRoomId } from '../src/support/new-id.ts';
import type { Scope } from '../src/support/scope.ts';
import { cpuSecondsOf } from './cpu.ts';
import type { Order, Reply } from './ingest-child.ts';
import { apart, type BenchOptions, type Row, temporaryFolder } from './row.ts';

const CHILD = fileURLToPath(new URL('./ingest-child.ts', import.meta.url));
const MEDIA = fileURLToPath(new URL('../src/processes/media.ts', import.meta.url));
const PUBLISHERS = [1, 10, 50];
/** One publisher is so little work that it takes longer to tell it from chance. */
const secondsFor = (publishers: number, quick: boolean): number => (quick ? 2 : publishers === 1 ? 20 : 10);
/** Code that runs for the first time is compiled: that is not what a thousand packets cost. */
const WARM_UP_SECONDS = 2;
const CONNECT_LIMIT_MS = 10_000;
const LAYOUT = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;

/** A process that ends with the scope. */
const owned = (scope: Scope, name: string, child: ChildProcess): ChildProcess => {
  const exited = once(child, 'exit');
  return scope.own(name, child, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
};

/** Tells a child what to do and waits until it is done. */
const ask = async <T extends Reply['type']>(
  child: ChildProcess,
  order: Order,
  expected: T,
): Promise<Extract<Reply, { type: T }>> => {
  child.send(order);
  const [reply] = (await once(child, 'message')) as [Reply];
  if (reply.type !== expected) {
    throw new Error(reply.type === 'failed' ? reply.message : `"${reply.type}" was answered to "${order.type}".`);
  }
  return reply as Extract<Reply, { type: T }>;
};

/** CPU seconds per 1000 packets of a process while `run` lasts. */
const measured = async (pid: number, packets: () => Promise<number>, run: () => Promise<unknown>): Promise<number> => {
  const [cpuBefore, packetsBefore] = [await cpuSecondsOf(pid), await packets()];
  await run();
  const [cpu, taken] = [(await cpuSecondsOf(pid)) - cpuBefore, (await packets()) - packetsBefore];
  if (taken === 0) throw new Error('No packet arrived.');
  return (cpu / taken) * 1000;
};

const startMedia = async (scope: Scope): Promise<{ client: MediaClient; pid: number }> => {
  const folder = await temporaryFolder(scope);
  const settings: MediaSettings = {
    socketPath: join(folder, 'media.sock'),
    journalsDir: join(folder, 'journals'),
    resumeSecretFile: join(folder, 'resume-secret'),
    logLevel: 'warn',
    rtc: { bindAddress: '127.0.0.1', port: 0, announcedAddresses: [], tcp: false, useRemb: false, iceServers: [] },
  };
  const child = spawn(process.execPath, [MEDIA], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, ROOMTAPE_MEDIA: JSON.stringify(settings) },
  });
  owned(scope, 'media process', child);
  const client = new MediaClient({
    path: settings.socketPath,
    log: createLogger('bench', 'silent'),
    onDurable: async () => undefined,
  });
  client.start();
  scope.own('media client', client, () => client.close());
  await client.connected(CONNECT_LIMIT_MS);
  return { client, pid: child.pid ?? 0 };
};

/** Packets in a journal. */
const journaled = async (directory: string): Promise<number> => {
  let packets = 0;
  for await (const { records } of readJournal(directory)) {
    for (const { type } of records) if (type === 'rtp') packets += 1;
  }
  return packets;
};

const ours = async (publishers: number, seconds: number, scope: Scope): Promise<number> => {
  const { client, pid } = await startMedia(scope);
  const child = owned(scope, 'publishers', fork(CHILD));
  const roomId = newRoomId();
  const { offers } = await ask(child, { type: 'offers', count: publishers }, 'offers');
  const answers: string[] = [];
  for (const [index, offer] of offers.entries()) {
    const claims = { roomId, name: `Publisher ${index}`, canModerate: false, hidden: false };
    answers.push((await client.request('whip.publish', { claims, offer })).answer);
  }
  await ask(child, { type: 'answers', answers }, 'connected');
  const recordingId = newHexId<RecordingId>();
  const { journalDir } = await client.request('recording.start', { recordingId, roomId, layout: LAYOUT });
  const received = async (): Promise<number> => (await client.request('stats', {})).rtp_packets_received_total ?? 0;
  await ask(child, { type: 'pump-tracks', seconds: WARM_UP_SECONDS }, 'done');
  const cost = await measured(pid, received, () => ask(child, { type: 'pump-tracks', seconds }, 'done'));
  const total = await received();
  await client.request('recording.stop', { recordingId, reason: 'requested' });
  const written = await journaled(journalDir);
  if (written < total) throw new Error(`${total} packets were received and only ${written} journaled.`);
  return cost;
};

const bareSocket = async (publishers: number, seconds: number, scope: Scope): Promise<number> => {
  const sender = owned(scope, 'senders', fork(CHILD));
  const receiver = owned(scope, 'bare socket', fork(CHILD));
  const { port } = await ask(receiver, { type: 'listen' }, 'listening');
  const pump = (duration: number) =>
    ask(sender, { type: 'pump-datagrams', seconds: duration, port, publishers }, 'done');
  const received = async (): Promise<number> => (await ask(receiver, { type: 'count' }, 'count')).packets;
  await pump(WARM_UP_SECONDS);
  return measured(receiver.pid ?? 0, received, () => pump(seconds));
};

export async function* benchIngest({ quick, scope, note }: BenchOptions): AsyncGenerator<Row, void, undefined> {
  for (const publishers of PUBLISHERS) {
    const seconds = secondsFor(publishers, quick);
    const who = publishers === 1 ? '1 publisher' : `${publishers} publishers`;
    note(`${who}, ${seconds} s`);
    const cost = await apart(scope, (inner) => ours(publishers, seconds, inner));
    note(`${who} beside a bare socket, ${seconds} s`);
    const beside = await apart(scope, (inner) => bareSocket(publishers, seconds, inner));
    yield {
      what: `receive and journal, ${who}`,
      ours: cost,
      beside: { name: 'bare UDP socket', value: beside },
      unit: 'CPU s / 1000 packets',
    };
  }
}
