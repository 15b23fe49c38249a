import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { RecordingId } from '../../../src/domain/ids.ts';
import { createJournalSinkFactory } from '../../../src/journal/sink.ts';
import type { DurableEvent } from '../../../src/rooms/control.ts';
import { ControlServer } from '../../../src/rooms/control-server.ts';
import { type HelloState, MediaClient } from '../../../src/rooms/media-client.ts';
import type { ServerMessage } from '../../../src/rooms/protocol.ts';
import { Rooms } from '../../../src/rooms/rooms.ts';
import { dial } from '../../../src/support/ipc.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeEngine, sdpOffer } from './fake-engine.ts';
import { GRID, ROOM } from './rig.ts';

const log = pino({ level: 'silent' });
const ada = { roomId: ROOM, participantId: 'ada', name: 'Ada', canModerate: false, hidden: false };

let scope: Scope;
let folder: string;
let path: string;
beforeEach(() => {
  scope = new Scope();
  folder = mkdtempSync(join(tmpdir(), 'roomtape-control-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
  path = join(folder, 'media.sock');
});
afterEach(() => scope.close());

/** The media process's side, with no network behind it. */
const startMedia = async () => {
  const clock = new FakeClock();
  const shutdowns: number[] = [];
  const control = new ControlServer({ path, log, onShutdown: (graceMs) => shutdowns.push(graceMs) });
  const rooms = new Rooms({
    engine: new FakeEngine(clock),
    sinks: createJournalSinkFactory({ root: join(folder, 'journals'), log, clock }),
    clock,
    log,
    output: control,
    resumeSecret: Buffer.alloc(32, 7),
    iceServers: [],
  });
  await control.start(rooms);
  const close = async () => {
    await rooms.close();
    await control.close();
  };
  scope.own('media', close, (end) => end());
  return { control, rooms, clock, close, shutdowns };
};

/** The server process's side. */
const startServer = async (handle: (event: DurableEvent) => Promise<void> = async () => undefined) => {
  const events: DurableEvent[] = [];
  const hellos: HelloState[] = [];
  const client = new MediaClient({
    path,
    log,
    redeliveryPauseMs: 10,
    onHello: async (state) => void hellos.push(state),
    onDurable: async (event) => {
      await handle(event);
      events.push(event);
    },
  });
  scope.own('server', client, () => client.close());
  client.start();
  await client.connected(5000);
  return { client, events, hellos, types: () => events.map((event) => event.type) };
};

const openSocket = async (client: MediaClient, claims = ada) => {
  const received: ServerMessage[] = [];
  const closed: string[] = [];
  const channel = await client.openChannel(claims, {
    send: (message) => received.push(message),
    close: (reason) => closed.push(reason),
  });
  const types = () => received.map((message) => message.type);
  return { channel, received, closed, types };
};

describe('the media client', () => {
  test('relays a room socket both ways, and refuses what is no message of the protocol', async () => {
    await startMedia();
    const { client } = await startServer();
    const socket = await openSocket(client);
    socket.channel.receive({ type: 'join', protocol: 1 });
    await expect.poll(socket.types).toEqual(['joined']);
    socket.channel.receive({ type: 'offer', requestId: 'r1', transport: 'sideways' });
    await expect.poll(socket.types).toEqual(['joined', 'error']);
    expect(socket.received[1]).toMatchObject({ code: 'INVALID_REQUEST', requestId: 'r1' });
    socket.channel.receive('nonsense');
    await expect.poll(socket.types).toEqual(['joined', 'error', 'error']);
    socket.channel.receive({ type: 'leave' });
    await expect.poll(() => socket.closed).toEqual(['left']);
    expect(socket.types().at(-1)).toBe('bye');
  });

  test('passes refusals on with their codes', async () => {
    await startMedia();
    const { client } = await startServer();
    const whep = client.request('whep.subscribe', { claims: ada, participantId: 'nobody', offer: sdpOffer('video') });
    await expect(whep).rejects.toMatchObject({ code: 'PARTICIPANT_NOT_FOUND' });
    const start = client.request('recording.start', { recordingId: 'x', roomId: ROOM, layout: GRID });
    await expect(start).rejects.toMatchObject({ code: 'NO_ACTIVE_SESSION' });
    const odd = client.request('recording.start', {
      recordingId: 'x',
      roomId: ROOM,
      layout: { ...GRID, gridSize: 99 },
    });
    await expect(odd).rejects.toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining('gridSize') });
  });

  test('is refused at once while the media process is away, and finds it when it is back', async () => {
    const first = await startMedia();
    const { client, hellos } = await startServer();
    const states: string[] = [];
    client.onState((state) => states.push(state));
    const socket = await openSocket(client);
    await first.close();
    await expect.poll(() => states).toEqual(['away']);
    expect(socket.closed).toEqual(['media-unavailable']);
    await expect(client.request('stats', {})).rejects.toMatchObject({ code: 'MEDIA_UNAVAILABLE' });
    await startMedia();
    await client.connected(5000);
    expect(states).toEqual(['away', 'connected']);
    expect(hellos).toHaveLength(2);
    expect(hellos[1]?.bootId).not.toBe(hellos[0]?.bootId);
    await client.close();
    await client.close();
    expect(states.at(-1)).toBe('closed');
  });

  test('waits for a media process that is not there yet', async () => {
    const client = new MediaClient({ path, log, onDurable: async () => undefined });
    scope.own('server', client, () => client.close());
    client.start();
    await startMedia();
    await client.connected(5000);
    expect(client.state).toBe('connected');
  });
});

describe('durable events', () => {
  test('come in order, are acknowledged when they have been handled, and not sent again', async () => {
    const media = await startMedia();
    const { client, types } = await startServer();
    await client.request('whip.publish', { claims: ada, offer: sdpOffer('audio') });
    await expect(client.request('session.of', { roomId: ROOM })).resolves.toMatchObject({
      session: { roomId: ROOM, participants: [{ participantId: 'ada' }] },
    });
    await expect(client.request('session.of', { roomId: 'empty' })).resolves.toEqual({ session: null });
    media.rooms.removeParticipant(ROOM, 'ada');
    await expect.poll(types).toEqual(['session-started', 'participant-joined', 'participant-left']);
    await expect.poll(async () => (await client.request('stats', {})).control_events_pending).toBe(0);
    await client.close();
    const next = await startServer();
    await next.client.request('stats', {});
    expect(next.events).toEqual([]);
  });

  test('wait for a server process that died, whatever happened meanwhile', async () => {
    const media = await startMedia();
    const first = await startServer();
    const socket = await openSocket(first.client);
    socket.channel.receive({ type: 'join', protocol: 1 });
    await expect.poll(first.types).toContain('participant-joined');
    const recordingId = newHexId<RecordingId>();
    await first.client.request('recording.start', { recordingId, roomId: ROOM, layout: GRID });
    await expect.poll(async () => (await first.client.request('stats', {})).control_events_pending).toBe(0);
    await first.client.close();

    await media.rooms.stopRecording(recordingId, 'max-duration');
    const second = await startServer();
    expect(second.hellos[0]).toMatchObject({
      sessions: [{ roomId: ROOM, participants: [{ participantId: 'ada', name: 'Ada' }] }],
      recordings: [],
    });
    await expect.poll(second.types).toEqual(['recording-stopped']);
    expect(second.events[0]).toMatchObject({ recordingId, reason: 'max-duration' });
  });

  test('that could not be handled are handed over again, before any that follow', async () => {
    const media = await startMedia();
    let failures = 1;
    const tried: string[] = [];
    const { client, types } = await startServer(async (event) => {
      tried.push(event.type);
      if (failures-- > 0) throw new Error('The database is away.');
    });
    await client.request('whip.publish', { claims: ada, offer: sdpOffer('audio') });
    await expect.poll(types, { timeout: 5000 }).toEqual(['session-started', 'participant-joined']);
    expect(tried).toEqual(['session-started', 'session-started', 'participant-joined']);
    await expect.poll(async () => (await client.request('stats', {})).control_events_pending).toBe(0);
    expect(media.rooms.sessions()).toHaveLength(1);
  });

  test('that nobody can ever handle do not keep the others waiting', async () => {
    await startMedia();
    const { client, types } = await startServer(async (event) => {
      if (event.type === 'session-started') throw new Error('invalid byte sequence for encoding "UTF8": 0x00');
    });
    await client.request('whip.publish', { claims: ada, offer: sdpOffer('audio') });
    await expect.poll(types, { timeout: 5000 }).toEqual(['participant-joined']);
    await expect.poll(async () => (await client.request('stats', {})).control_events_pending).toBe(0);
  });

  test('wait for a database that is away for as long as it is', async () => {
    await startMedia();
    let tries = 0;
    const { client, types } = await startServer(async () => {
      tries += 1;
      if (tries <= 30) throw new RoomtapeError('DATABASE_UNAVAILABLE', 'The database is away.');
    });
    await client.request('whip.publish', { claims: ada, offer: sdpOffer('audio') });
    await expect.poll(types, { timeout: 5000 }).toEqual(['session-started', 'participant-joined']);
  });

  test('being handled when the connection breaks are neither lost nor handled twice at once', async () => {
    await startMedia();
    const gate = Promise.withResolvers<void>();
    const { client, types } = await startServer(() => gate.promise);
    await client.request('whip.publish', { claims: ada, offer: sdpOffer('audio') });
    const intruder = await dial(path, {});
    await intruder.request('hello', { version: 1 });
    intruder.close();
    await expect.poll(() => client.state).toBe('connected');
    gate.resolve();
    await expect.poll(types).toEqual(['session-started', 'participant-joined']);
    await expect
      .poll(async () => (await client.request('stats', {}).catch(() => ({}))) as object)
      .toMatchObject({
        control_events_pending: 0,
      });
    expect(types()).toEqual(['session-started', 'participant-joined']);
  });
});

describe('the control server', () => {
  test('obeys only the process that said hello last', async () => {
    const media = await startMedia();
    const lost: string[] = [];
    const former = await dial(path, { onClose: () => lost.push('former') });
    await expect(former.request('session.end', { roomId: ROOM, reason: 'x' })).rejects.toMatchObject({
      code: 'NOT_PERMITTED',
    });
    await expect(former.request('stats', {})).resolves.toMatchObject({ rooms_sessions: 0 });
    await expect(former.request('hello', { version: 2 })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(former.request('unheard', {})).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' });
    await former.request('hello', { version: 1 });
    const next = await dial(path, {});
    await next.request('hello', { version: 1 });
    await expect.poll(() => lost).toEqual(['former']);
    await expect(next.request('session.end', { roomId: ROOM, reason: 'x' })).resolves.toEqual({ ended: false });
    await next.request('shutdown', { graceMs: 500 });
    await expect.poll(() => media.shutdowns).toEqual([500]);
    next.close();
  });

  test('lets go of a server process that hangs, before it costs memory', async () => {
    const media = await startMedia();
    const socket = connect(path);
    await once(socket, 'connect');
    scope.own('hung server', socket, () => socket.destroy());
    const hello = Buffer.from(JSON.stringify({ kind: 'request', id: 1, method: 'hello', params: { version: 1 } }));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(hello.length);
    socket.write(Buffer.concat([head, hello]));
    await once(socket, 'readable');
    socket.pause();
    expect(media.rooms.orphanedMs).toBe(0);
    const message = {
      type: 'message',
      topic: 'chat',
      payload: 'x'.repeat(16_384),
      participantId: 'ada',
      at: '',
    } as const;
    for (let n = 0; n < 5000; n++) media.control.toChannel('c', message);
    const orphanedMs = () => {
      media.clock.move(1);
      return media.rooms.orphanedMs;
    };
    await expect.poll(orphanedMs).toBeGreaterThan(0);
  });
});
