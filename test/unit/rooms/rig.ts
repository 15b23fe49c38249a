/** Rooms as the media process has them, with a real journal in a folder of their own, a clock that the test moves, and no network. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import type { RecordingId, RoomId } from '../../../src/domain/ids.ts';
import type { JournalProblem } from '../../../src/journal/chunk-cursor.ts';
import { readJournal } from '../../../src/journal/reader.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { createJournalSinkFactory } from '../../../src/journal/sink.ts';
import type { DurableEvent, ParticipantClaims } from '../../../src/rooms/control.ts';
import { type ClientMessage, clientMessage, type ServerMessage } from '../../../src/rooms/protocol.ts';
import { Rooms, type RoomsOutput, TICK_MS } from '../../../src/rooms/rooms.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeEngine, type FakePublishSession } from './fake-engine.ts';

export const ROOM = 'abcd-efgh-1234' as RoomId;
export const GRID = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;

type Kind = ServerMessage['type'];
type Message<K extends Kind> = Extract<ServerMessage, { type: K }>;

/** One room socket of a test. */
export class TestSocket {
  readonly id = newHexId<string>();
  readonly received: ServerMessage[] = [];
  closedBecause: string | null = null;
  readonly #rig: Rig;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  say(message: ClientMessage | Record<string, unknown>): Promise<void> {
    return this.#rig.rooms.receive(this.id, clientMessage.parse(message));
  }

  drop(): void {
    this.#rig.rooms.closeChannel(this.id);
  }

  all<K extends Kind>(type: K): Message<K>[] {
    return this.received.filter((message): message is Message<K> => message.type === type);
  }

  /** The newest message of a kind; fails the test where there is none. */
  last<K extends Kind>(type: K): Message<K> {
    const found = this.all(type).at(-1);
    if (!found) throw new Error(`No "${type}" among: ${JSON.stringify(this.received)}`);
    return found;
  }

  async offer(
    transport: 'publish' | 'subscribe',
    connection: string,
    sdp: string,
    tracks: { mid: string; source?: string; trackId?: string }[],
  ): Promise<void> {
    await this.say({ type: 'offer', requestId: `${transport} ${connection}`, transport, connection, sdp, tracks });
  }
}

export class Rig implements RoomsOutput {
  readonly clock = new FakeClock();
  readonly engine = new FakeEngine(this.clock);
  readonly folder = mkdtempSync(join(tmpdir(), 'roomtape-rooms-'));
  readonly durables: DurableEvent[] = [];
  readonly sockets = new Map<string, TestSocket>();
  readonly rooms: Rooms;

  constructor(options: Partial<ConstructorParameters<typeof Rooms>[0]> = {}) {
    const log = pino({ level: 'silent' });
    this.rooms = new Rooms({
      engine: this.engine,
      sinks: createJournalSinkFactory({ root: this.folder, log, clock: this.clock }),
      clock: this.clock,
      log,
      output: this,
      resumeSecret: Buffer.alloc(32, 7),
      iceServers: [],
      ...options,
    });
    this.rooms.serverCame();
  }

  durable(event: DurableEvent): void {
    this.durables.push(event);
  }

  toChannel(channelId: string, message: ServerMessage): void {
    this.sockets.get(channelId)?.received.push(message);
  }

  channelClosed(channelId: string, reason: string): void {
    const socket = this.sockets.get(channelId);
    if (socket) socket.closedBecause = reason;
  }

  socket(claims: Partial<ParticipantClaims> = {}): TestSocket {
    const socket = new TestSocket(this);
    this.sockets.set(socket.id, socket);
    this.rooms.openChannel(socket.id, { roomId: ROOM, canModerate: false, hidden: false, ...claims });
    return socket;
  }

  async join(
    participantId: string,
    claims: Partial<ParticipantClaims> = {},
    resumeToken?: string,
  ): Promise<TestSocket> {
    const socket = this.socket({ participantId, name: participantId, ...claims });
    await socket.say({ type: 'join', protocol: 1, ...(resumeToken === undefined ? {} : { resumeToken }) });
    return socket;
  }

  /** The newest publishing connection, connected. */
  connectedPublisher(): FakePublishSession {
    const session = this.engine.published.at(-1);
    if (!session) throw new Error('Nobody has offered to publish.');
    return session.connect();
  }

  /** Lets time pass as the timer would see it. `alive`: what happens in between, once per tick. */
  pass(ms: number, alive: () => void = () => undefined): void {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.clock.move(TICK_MS);
      alive();
      this.rooms.tick();
    }
  }

  durablesOf<T extends DurableEvent['type']>(type: T): Extract<DurableEvent, { type: T }>[] {
    return this.durables.filter((event): event is Extract<DurableEvent, { type: T }> => event.type === type);
  }

  startRecording(recordingId = newHexId<RecordingId>()) {
    return this.rooms.startRecording(recordingId, ROOM, GRID);
  }

  /** Everything in a journal whose writer is done. `cutShort`: chunks whose writer died, which have no end. */
  async journal(sessionId: string, cutShort: readonly number[] = []): Promise<JournalRecord[]> {
    const records: JournalRecord[] = [];
    const problems: JournalProblem[] = [];
    for await (const batch of readJournal(join(this.folder, sessionId))) {
      problems.push(...batch.problems);
      records.push(...batch.records);
    }
    expect(problems).toEqual(cutShort.map((chunk) => ({ kind: 'unsealed', chunk })));
    return records;
  }

  async close(): Promise<void> {
    await this.rooms.close();
    await this.engine.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
