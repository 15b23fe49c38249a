/**
 * Everything live on this machine: the sessions of its rooms, their sockets' channels, WHIP and WHEP resources, recordings. What the
 * server process may ask of it is `control-server.ts`; what it says by itself goes to `RoomsOutput`.
 *
 * It has one timer. All limits of time (presence, grace, tail of a journal, keyframes) are looked at ten times a second.
 */
import { RoomtapeError } from '../domain/errors.ts';
import type { RecordingId, SessionId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import type { LayoutChange } from '../domain/layout-change.ts';
import type { StopReason } from '../domain/recording.ts';
import type { Logger } from '../support/log.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { ActiveRecordingState, DurableEvent, ParticipantClaims, SessionState } from './control.ts';
import type { InterruptedSession } from './interrupted-session.ts';
import type { MediaEngine } from './media-session.ts';
import type { PacketSinkFactory } from './packet-sink.ts';
import type { ServerPresence } from './presence.ts';
import type { ClientMessage, ServerMessage } from './protocol.ts';
import { Resources } from './resources.ts';
import type { RecordingAbout, StoppedRecording } from './room-recordings.ts';
import type { RoomSession } from './room-session.ts';
import { SessionDirectory } from './session-directory.ts';
import { type IceServer, Signalling } from './signalling.ts';
import { Stalls } from './stalls.ts';

/** Fine enough for a 700 ms tail and keyframes spread over a second, and nothing beside a room's packets. */
export const TICK_MS = 100;
/** Ends of recordings that are answered again to a server that asks again. Hours of a busy machine. */
const STOPPED_REMEMBERED = 1000;

/** Where rooms speak without being asked. */
export interface RoomsOutput {
  /** Must reach the server process, now or when it is back. */
  durable(event: DurableEvent): void;
  toChannel(channelId: string, message: ServerMessage): void;
  /** The socket is to be closed. */
  channelClosed(channelId: string, reason: string): void;
}

export interface RoomsOptions {
  readonly engine: MediaEngine;
  readonly sinks: PacketSinkFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly output: RoomsOutput;
  readonly resumeSecret: Buffer;
  readonly iceServers: readonly IceServer[];
  /** Sessions at once; 0 or left out: no limit. */
  readonly mostSessions?: number | undefined;
}

export class Rooms {
  readonly #options: RoomsOptions;
  readonly #sessions: SessionDirectory;
  readonly #signalling: Signalling;
  readonly #resources: Resources;
  readonly #stalls = new Stalls();
  readonly #stopped = new Map<RecordingId, StoppedRecording>();
  #server: ServerPresence;
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RoomsOptions) {
    const { engine, sinks, clock, log, output, resumeSecret, iceServers } = options;
    this.#options = options;
    this.#server = { away: true, sinceMs: monotonicMs(clock) };
    this.#sessions = new SessionDirectory({
      sinks,
      clock,
      log,
      mostSessions: options.mostSessions,
      onDurable: (event) => output.durable(event),
      onRecordingStopped: (_sessionId: SessionId, recording) => this.#remember(recording),
    });
    this.#resources = new Resources({ sessions: this.#sessions, engine, clock });
    this.#signalling = new Signalling({
      sessions: this.#sessions,
      engine,
      clock,
      log,
      resumeSecret,
      iceServers,
      toChannel: (channelId, message) => output.toChannel(channelId, message),
      channelClosed: (channelId, reason) => output.channelClosed(channelId, reason),
    });
  }

  /** Goes on with sessions of a media process that died. One whose journal cannot be opened is left to the server, which ends its recordings. */
  async goOn(sessions: readonly InterruptedSession[]): Promise<void> {
    const { log } = this.#options;
    for (const session of sessions) {
      const { sessionId, roomId } = session;
      try {
        await this.#sessions.goOn(session);
        log.warn({ sessionId, roomId }, 'A session that was interrupted goes on.');
      } catch (error) {
        log.error({ err: error, sessionId, roomId }, 'A session that was interrupted could not be gone on with.');
      }
    }
  }

  /** Starts the timer. */
  start(): void {
    this.#timer ??= setInterval(() => this.tick(), TICK_MS);
  }

  /** What the timer does. */
  tick(): void {
    this.#stalls.tick(monotonicMs(this.#options.clock));
    this.#sessions.tick(this.#server, this.#stalls);
    this.#resources.tick(this.#stalls);
    this.#signalling.tick();
  }

  serverCame(): void {
    this.#server = { away: false, sinceMs: monotonicMs(this.#options.clock) };
  }

  /** With it went every socket; their participants stay for as long as presence says. */
  serverLeft(): void {
    this.#server = { away: true, sinceMs: monotonicMs(this.#options.clock) };
    this.#signalling.serverLeft();
  }

  /** For how long there has been no server process and no session; 0 while there is one of either. */
  get orphanedMs(): number {
    const busy = !this.#server.away || this.sessions().length > 0;
    return busy ? 0 : monotonicMs(this.#options.clock) - this.#server.sinceMs;
  }

  sessions(): SessionState[] {
    return [...this.#sessions.running].map((session) => session.state());
  }

  /** The session that runs in a room now. */
  sessionOf(roomId: string): SessionState | null {
    return this.#sessions.find(roomId)?.state() ?? null;
  }

  recordings(): ActiveRecordingState[] {
    return this.#sessions.all.flatMap((session) => [...session.recordings.states]);
  }

  openChannel(channelId: string, claims: ParticipantClaims): void {
    this.#refuseWhenClosing();
    this.#signalling.open(channelId, claims);
  }

  receive(channelId: string, message: ClientMessage): Promise<void> {
    return this.#signalling.receive(channelId, message);
  }

  closeChannel(channelId: string): void {
    this.#signalling.close(channelId);
  }

  async publish(claims: ParticipantClaims, offer: string) {
    this.#refuseWhenClosing();
    return this.#resources.publish(claims, offer);
  }

  async watch(claims: ParticipantClaims, participantId: string, offer: string) {
    this.#refuseWhenClosing();
    return this.#resources.watch(claims, participantId, offer);
  }

  deleteResource(roomId: string, resourceId: string): boolean {
    return this.#resources.delete(roomId, resourceId);
  }

  /** See `recording.start`. NO_ACTIVE_SESSION, PARTICIPANT_NOT_FOUND, DISK_FULL, RECORDING_NOT_RUNNING (it has ended already). */
  async startRecording(
    recordingId: RecordingId,
    roomId: string,
    layout: LayoutProgram,
    about: RecordingAbout = {},
  ): Promise<ActiveRecordingState> {
    this.#refuseWhenClosing();
    const session = this.#holderOf(recordingId) ?? this.#sessions.find(roomId);
    if (this.#stopped.has(recordingId)) {
      throw new RoomtapeError('RECORDING_NOT_RUNNING', `Recording "${recordingId}" has ended and cannot start again.`);
    }
    if (!session) throw new RoomtapeError('NO_ACTIVE_SESSION', 'Room has no active session.');
    return session.recordings.start(recordingId, layout, about);
  }

  /** See `recording.stop`. RECORDING_NOT_RUNNING. */
  async stopRecording(recordingId: RecordingId, reason: StopReason): Promise<StoppedRecording> {
    const before = this.#stopped.get(recordingId);
    if (before) return before;
    return this.#runningHolderOf(recordingId).recordings.stop(recordingId, reason);
  }

  /** See `recording.layout`. RECORDING_NOT_RUNNING. */
  async changeLayout(recordingId: RecordingId, change: LayoutChange): Promise<ActiveRecordingState> {
    return this.#runningHolderOf(recordingId).recordings.changeLayout(recordingId, change);
  }

  /** See `recording.pause`. RECORDING_NOT_RUNNING, RECORDING_PAUSED. */
  async pauseRecording(recordingId: RecordingId): Promise<ActiveRecordingState> {
    return this.#runningHolderOf(recordingId).recordings.pause(recordingId);
  }

  /** See `recording.resume`. RECORDING_NOT_RUNNING, RECORDING_NOT_PAUSED. */
  async resumeRecording(recordingId: RecordingId): Promise<ActiveRecordingState> {
    return this.#runningHolderOf(recordingId).recordings.resume(recordingId);
  }

  /** Ends a room's session in order; resolves when its journal is sealed. False: there is none. */
  async endSession(roomId: string, reason: string): Promise<boolean> {
    if (reason === 'room-deactivated') this.#signalling.turnAway(roomId);
    const session = this.#sessions.find(roomId);
    if (!session) return false;
    await session.end(reason === 'room-deactivated' ? 'room-deactivated' : 'session-ended');
    return true;
  }

  removeParticipant(roomId: string, participantId: string): boolean {
    const session = this.#sessions.find(roomId);
    const participant = session?.participant(participantId);
    if (!session || !participant || participant.hidden) return false;
    session.leave(participant, 'removed');
    return true;
  }

  /** Hardly any room is left on the disk: every recording is ended in order while there is some. */
  diskFull(error: Error): void {
    for (const { recordings } of this.#sessions.all) if (recordings.active.length > 0) recordings.fail(error);
  }

  /** Gauges and the engine's counters, by Prometheus name. */
  stats(): Record<string, number> {
    const sessions = [...this.#sessions.running];
    const participants = sessions.flatMap((session) => session.participants);
    return {
      ...this.#options.engine.stats(),
      ...this.#options.sinks.stats(),
      rooms_sessions: sessions.length,
      rooms_participants: participants.filter((participant) => !participant.hidden).length,
      rooms_tracks: participants.reduce((sum, participant) => sum + participant.tracks.size, 0),
      rooms_channels: this.#signalling.channelCount,
      rooms_watchers: this.#resources.watcherCount,
      rooms_recordings: this.recordings().length,
      rooms_journals_open: sessions.filter((session) => session.journal.sink !== null).length,
    };
  }

  /** Leaves everything to the next media process: journals are sealed as they are, recordings go on in them. Resolves when all is on disk. */
  async handOver(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#sessions.all.map((session) => session.journal.close()));
  }

  /** Ends every session in order; resolves when all journals are sealed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#resources.close();
    await this.#sessions.endAll('session-ended');
  }

  #holderOf(recordingId: RecordingId): RoomSession | undefined {
    return this.#sessions.all.find((session) => session.recordings.knows(recordingId));
  }

  #runningHolderOf(recordingId: RecordingId): RoomSession {
    const session = this.#holderOf(recordingId);
    if (session) return session;
    throw new RoomtapeError('RECORDING_NOT_RUNNING', `Recording "${recordingId}" is not running.`);
  }

  #refuseWhenClosing(): void {
    if (this.#closing) throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is shutting down: try again.');
  }

  #remember(recording: StoppedRecording): void {
    this.#stopped.set(recording.recordingId, recording);
    if (this.#stopped.size <= STOPPED_REMEMBERED) return;
    const [oldest] = this.#stopped.keys();
    if (oldest) this.#stopped.delete(oldest);
  }
}
