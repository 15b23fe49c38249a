/**
 * The media process as a process: its socket, its port, real WebRTC publishers, journals on disk. The server process is played by the
 * test: a media client and a front door for WHIP and room sockets, with no token checks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { StreamInfo } from '../../src/domain/events.ts';
import type { RecordingId, RoomId } from '../../src/domain/ids.ts';
import type { JournalProblem } from '../../src/journal/chunk-cursor.ts';
import { readJournal } from '../../src/journal/reader.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import type { DurableEvent } from '../../src/rooms/control.ts';
import { type HelloState, MediaClient } from '../../src/rooms/media-client.ts';
import { dial } from '../../src/support/ipc.ts';
import { newHexId, newRoomId } from '../../src/support/new-id.ts';
import { Scope } from '../../src/support/scope.ts';
import { Participant, type ParticipantOptions, prepareMedia } from '../../src/synthetic/participant.ts';

const MEDIA = fileURLToPath(new URL('../../src/processes/media.ts', import.meta.url));
const GRID = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
const SMALL = { size: { width: 320, height: 180 }, fps: 15, seconds: 4 };

const folder = mkdtempSync(join(tmpdir(), 'roomtape-media-'));
const socketPath = join(folder, 'media.sock');
const journalsDir = join(folder, 'journals');
const scope = new Scope();
scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));

const startMedia = async (): Promise<ChildProcess> => {
  const settings = {
    socketPath,
    journalsDir,
    resumeSecretFile: join(folder, 'resume-secret'),
    logLevel: 'warn',
    rtc: { bindAddress: '127.0.0.1', port: 0, announcedAddresses: [], tcp: false, useRemb: false, iceServers: [] },
  };
  const child = spawn(process.execPath, [MEDIA], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH: process.env.PATH, ROOMTAPE_MEDIA: JSON.stringify(settings) },
  });
  const exited = once(child, 'exit');
  scope.own('media process', child, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  return child;
};

/** What the server process does of WHIP and room sockets, for whatever client is connected at the moment. */
const openFrontDoor = async (client: () => MediaClient): Promise<string> => {
  const claims = (request: IncomingMessage, roomId: string) => {
    const url = new URL(request.url ?? '', 'http://x');
    return { roomId, name: url.searchParams.get('name') ?? undefined, canModerate: false, hidden: false };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, , roomId = '', resourceId = ''] = new URL(request.url ?? '', 'http://x').pathname.split('/');
    if (request.method === 'DELETE') {
      const { deleted } = await client().request('resource.delete', { roomId, resourceId });
      response.writeHead(deleted ? 200 : 404).end();
      return;
    }
    const offer = (await request.setEncoding('utf8').toArray()).join('');
    const published = await client().request('whip.publish', { claims: claims(request, roomId), offer });
    response.writeHead(201, { location: `/whip/${roomId}/${published.resourceId}` }).end(published.answer);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', async (socket, request) => {
    const early: string[] = [];
    let receive = (text: string): unknown => early.push(text);
    socket.on('message', (data) => receive(String(data)));
    const roomId = new URL(request.url ?? '', 'http://x').pathname.split('/')[3] ?? '';
    const channel = await client().openChannel(claims(request, roomId), {
      send: (message) => socket.send(JSON.stringify(message)),
      close: (reason) => socket.close(1000, reason),
    });
    receive = (text) => channel.receive(JSON.parse(text));
    for (const text of early) receive(text);
    socket.on('close', () => channel.closed());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.own('front door', server, () => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const startClient = async () => {
  const events: DurableEvent[] = [];
  const hellos: HelloState[] = [];
  const client = new MediaClient({
    path: socketPath,
    log: pino({ level: 'silent' }),
    onHello: async (state) => void hellos.push(state),
    onDurable: async (event) => void events.push(event),
  });
  client.start();
  scope.own('client', client, () => client.close());
  await client.connected(10_000);
  return { client, events, hellos };
};

let media: ChildProcess;
let server: Awaited<ReturnType<typeof startClient>>;
let url: string;

const publish = async (roomId: RoomId, options: Partial<ParticipantOptions> = {}): Promise<Participant> => {
  const participant = await Participant.join({
    url,
    roomId,
    token: 'none',
    name: 'Ada',
    index: 0,
    ...SMALL,
    ...options,
  });
  scope.own('participant', participant, () => participant.vanish());
  return participant;
};

const record = (roomId: RoomId) =>
  server.client.request('recording.start', { recordingId: newHexId<RecordingId>(), roomId, layout: GRID });

/** @param cutShort chunks whose writer was killed: they have no end. */
const read = async (directory: string, cutShort: readonly number[] = []): Promise<JournalRecord[]> => {
  const records: JournalRecord[] = [];
  const problems: JournalProblem[] = [];
  for await (const batch of readJournal(directory)) {
    problems.push(...batch.problems);
    records.push(...batch.records);
  }
  expect(problems).toEqual(cutShort.map((chunk) => ({ kind: 'unsealed', chunk })));
  return records;
};

/** Packets received so far; asked as anybody may, also while there is no server process. */
const received = async (): Promise<number> => {
  const peer = await dial(socketPath, {});
  try {
    const stats = (await peer.request('stats', {})) as Record<string, number>;
    return stats.rtp_packets_received_total ?? 0;
  } finally {
    peer.close();
  }
};

/** Waits until the publishers have sent so many packets more. One of ours sends about 65 a second. */
const flow = async (packets: number): Promise<void> => {
  const before = await received();
  await expect.poll(async () => (await received()) - before, { timeout: 20_000 }).toBeGreaterThan(packets);
};

const isSealed = (directory: string): boolean =>
  readdirSync(directory).some((name) => name.endsWith('.rtj')) &&
  !readdirSync(directory).some((name) => name.endsWith('.open'));

/** How many streams there are, and how many sequence numbers are missing in each. */
const flowOf = (records: JournalRecord[]) => {
  const sequences = new Map<number, number[]>();
  for (const entry of records) {
    if (entry.type !== 'rtp') continue;
    sequences.set(entry.stream, [...(sequences.get(entry.stream) ?? []), entry.payload.readUInt16BE(2)]);
  }
  const missing = [...sequences.values()].map((numbers) => {
    const first = numbers[0] ?? 0;
    const offsets = new Set(numbers.map((number) => (number - first + 0x10000) & 0xffff));
    return Math.max(...offsets) + 1 - offsets.size;
  });
  return { streams: sequences.size, missing };
};

beforeAll(async () => {
  await prepareMedia({ url: '', roomId: '', token: '', name: 'Ada', index: 0, ...SMALL });
  media = await startMedia();
  server = await startClient();
  url = await openFrontDoor(() => server.client);
});
afterAll(() => scope.close());

describe('the media process', () => {
  test('records what a WHIP publisher sends, from a keyframe on, and seals the journal', async () => {
    const roomId = newRoomId<RoomId>();
    const participant = await publish(roomId);
    await flow(60);
    const started = await record(roomId);
    await flow(130);
    const { stoppedNs } = await server.client.request('recording.stop', {
      recordingId: started.recordingId,
      reason: 'requested',
    });
    await participant.leave();
    await expect.poll(() => isSealed(started.journalDir), { timeout: 5000 }).toBe(true);
    expect(statSync(started.journalDir).mode & 0o777).toBe(0o700);

    const records = await read(started.journalDir);
    const [snapshot] = records;
    if (snapshot?.type !== 'snapshot') throw new Error('A journal begins with a snapshot.');
    expect(snapshot.snapshot.participants).toMatchObject([{ name: 'Ada' }]);
    expect(flowOf(records).missing).toEqual([0, 0]);
    expect(stoppedNs).toBeGreaterThan(started.startedNs);
    const streams = records.flatMap((entry): readonly StreamInfo[] => {
      if (entry.type === 'snapshot') return entry.snapshot.streams;
      return entry.type === 'event' && entry.event.type === 'stream-opened' ? [entry.event.stream] : [];
    });
    const kinds = new Map(streams.map((stream) => [stream.stream, stream.source]));
    const packets = { camera: 0, microphone: 0, reports: 0 };
    for (const entry of records) {
      if (entry.type === 'sender-report') packets.reports += 1;
      if (entry.type !== 'rtp') continue;
      const source = kinds.get(entry.stream);
      if (source === 'camera' || source === 'microphone') packets[source] += 1;
      else throw new Error(`Stream ${entry.stream} was journaled before it was opened.`);
    }
    expect(packets.camera).toBeGreaterThan(20);
    expect(packets.microphone).toBeGreaterThan(60);
    expect(packets.reports).toBeGreaterThan(0);
    await expect
      .poll(() => server.events.map((event) => event.type), { timeout: 5000 })
      .toEqual(['session-started', 'participant-joined', 'recording-stopped', 'participant-left', 'session-ended']);
  });

  test('goes on recording while there is no server process, without a hole', async () => {
    const roomId = newRoomId<RoomId>();
    const participant = await publish(roomId, { via: 'room' });
    const started = await record(roomId);
    await flow(30);
    await server.client.close();
    await flow(100);
    server = await startClient();
    expect(server.hellos[0]).toMatchObject({
      sessions: [{ roomId, participants: [{ name: 'Ada' }] }],
      recordings: [{ recordingId: started.recordingId, journalDir: started.journalDir }],
    });
    await flow(30);
    await server.client.request('session.end', { roomId, reason: 'requested' });
    await participant.vanish();
    expect(isSealed(started.journalDir)).toBe(true);
    expect(flowOf(await read(started.journalDir)).missing).toEqual([0, 0]);
    await expect.poll(() => server.events.map((event) => event.type), { timeout: 5000 }).toContain('session-ended');
    expect(server.events.find((event) => event.type === 'recording-stopped')).toMatchObject({
      recordingId: started.recordingId,
      reason: 'session-ended',
    });
  });

  test('misses a publisher that vanishes, and ends its session and recording', async () => {
    const roomId = newRoomId<RoomId>();
    const participant = await publish(roomId);
    const started = await record(roomId);
    await participant.vanish();
    const ended = () => server.events.find((event) => event.type === 'session-ended' && event.roomId === roomId);
    await expect.poll(ended, { timeout: 20_000 }).toBeDefined();
    const left = server.events.find((event) => event.type === 'participant-left' && event.roomId === roomId);
    if (left?.type !== 'participant-left') throw new Error('Nobody left.');
    expect(left.reason).toBe('timeout');
    expect(isSealed(started.journalDir)).toBe(true);
  });

  test('refuses to be two', async () => {
    const second = await startMedia();
    const [code] = await once(second, 'exit');
    expect(code).toBe(1);
    await expect(server.client.request('stats', {})).resolves.toMatchObject({ rooms_sessions: 0 });
  });

  test('ends in order when it is told to: journals sealed, the server process informed', async () => {
    const roomId = newRoomId<RoomId>();
    await publish(roomId);
    const started = await record(roomId);
    await flow(20);
    const exited = once(media, 'exit');
    media.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(isSealed(started.journalDir)).toBe(true);
    expect(server.events.slice(-3).map((event) => event.type)).toEqual([
      'participant-left',
      'recording-stopped',
      'session-ended',
    ]);
    await expect.poll(() => server.client.state, { timeout: 5000 }).toBe('away');
  });

  test('that was killed leaves a journal with which its successor goes on', async () => {
    media = await startMedia();
    await server.client.connected(10_000);
    const roomId = newRoomId<RoomId>();
    await publish(roomId);
    const { recordingId, journalDir } = await record(roomId);
    await flow(100);
    const exited = once(media, 'exit');
    media.kill('SIGKILL');
    await exited;
    expect(isSealed(journalDir)).toBe(false);
    media = await startMedia();
    await server.client.connected(20_000);
    // Under the same ids; nobody is back yet.
    expect(server.hellos.at(-1)).toMatchObject({ sessions: [{ roomId }], recordings: [{ recordingId }] });
    await server.client.request('recording.stop', { recordingId, reason: 'requested' });
    await expect.poll(() => isSealed(journalDir), { timeout: 5000 }).toBe(true);
    expect(flowOf(await read(journalDir, [1])).streams).toBe(2);
  });
});
