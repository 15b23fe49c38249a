/**
 * The recordings of one session: when each starts and ends, and with them when the session's journal is written.
 *
 * Invariants:
 * 1. Starts, stops and closings of the journal happen one after the other (`#queue`), so that no start meets a journal that closes.
 * 2. While a recording is active the journal is open; it stays open for a tail after the last one has stopped.
 * 3. Every recording that began is reported as stopped exactly once (`onStopped`), whatever the disk does.
 */
import { RoomtapeError } from '../domain/errors.ts';
import type { ActiveRecording } from '../domain/events.ts';
import type { ParticipantId, RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import type { StopReason } from '../domain/recording.ts';
import type { Logger } from '../support/log.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { ActiveRecordingState } from './control.ts';
import type { RoomJournal } from './room-journal.ts';

/**
 * Packets of the recorded span still come after its end: late ones, and those that were lost and are sent again (a NACK is answered
 * within a round trip or two, and repeated up to half a second). A sender report that dates the last of them is not far either.
 */
export const JOURNAL_TAIL_MS = 700;

export interface StoppedRecording {
  readonly recordingId: RecordingId;
  readonly stoppedNs: number;
  readonly stoppedAtMs: number;
  readonly reason: StopReason;
}

export interface RoomRecordingsOptions {
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  readonly journal: RoomJournal;
  readonly clock: Clock;
  readonly log: Logger;
  /** Somebody with this id is in the room. */
  readonly isPresent: (participantId: ParticipantId) => boolean;
  /** The first recording has begun, or the last one has ended. */
  readonly onActiveChanged: (active: boolean) => void;
  /** A recording begins: every picture should begin with a keyframe. */
  readonly onKeyframesWantedNow: () => void;
  readonly onStopped: (recording: StoppedRecording) => void;
}

interface Running {
  /** Whom it is about; it ends with him. Null: it is about more than one. */
  readonly participantId: ParticipantId | null;
  readonly recording: ActiveRecording;
  readonly state: ActiveRecordingState;
}

export class RoomRecordings {
  readonly #options: RoomRecordingsOptions;
  readonly #running = new Map<RecordingId, Running>();
  readonly #starting = new Map<RecordingId, Promise<ActiveRecordingState>>();
  readonly #stopped = new Map<RecordingId, StoppedRecording>();
  #queue: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #tailEndsMs = 0;
  #ended = false;
  #announced = false;

  constructor(options: RoomRecordingsOptions) {
    this.#options = options;
  }

  get active(): readonly ActiveRecording[] {
    return [...this.#running.values()].map((running) => running.recording);
  }

  get states(): readonly ActiveRecordingState[] {
    return [...this.#running.values()].map((running) => running.state);
  }

  /** When the oldest running recording began (ms since 1970); null where none runs that participants have been told of. */
  get activeSinceMs(): number | null {
    return this.#announced ? Math.min(...this.states.map((state) => state.startedAtMs)) : null;
  }

  knows(recordingId: RecordingId): boolean {
    return this.#running.has(recordingId) || this.#starting.has(recordingId) || this.#stopped.has(recordingId);
  }

  /**
   * Begins; resolves when the start record is on disk. Idempotent by id. NO_ACTIVE_SESSION if the session ended meanwhile,
   * PARTICIPANT_NOT_FOUND if it is about somebody who is not there, RECORDING_NOT_RUNNING if this recording has ended already, DISK_FULL.
   */
  start(
    recordingId: RecordingId,
    layout: LayoutProgram,
    participantId: ParticipantId | null = null,
  ): Promise<ActiveRecordingState> {
    const running = this.#running.get(recordingId);
    const starting = this.#starting.get(recordingId);
    if (starting) return starting;
    if (running) return Promise.resolve(running.state);
    if (this.#stopped.has(recordingId)) {
      return Promise.reject(
        new RoomtapeError('RECORDING_NOT_RUNNING', `Recording "${recordingId}" has ended and cannot start again.`),
      );
    }
    const started = this.#inTurn(() => this.#start(recordingId, layout, participantId)).finally(() =>
      this.#starting.delete(recordingId),
    );
    this.#starting.set(recordingId, started);
    return started;
  }

  /** Ends; resolves when the stop record is on disk. Idempotent while the session is remembered. RECORDING_NOT_RUNNING. */
  stop(recordingId: RecordingId, reason: StopReason): Promise<StoppedRecording> {
    return this.#inTurn(() => this.#stop(recordingId, reason));
  }

  /** Somebody has left: recordings that are about him alone end, those that are about to begin too. */
  participantLeft(participantId: ParticipantId): void {
    void this.#inTurn(async () => {
      const his = [...this.#running].filter(([, running]) => running.participantId === participantId);
      for (const [recordingId] of his) await this.#stop(recordingId, 'participant-left');
    });
  }

  /** The disk refused: ends everything in order with what there is. */
  fail(error: Error): void {
    const { log, sessionId, journal } = this.#options;
    log.error({ err: error, sessionId }, 'The journal failed: its recordings end here.');
    void this.#inTurn(async () => {
      await this.#stopAll('disk-full');
      await journal.close();
    });
  }

  /** The session is over: ends everything and seals the journal. */
  end(reason: StopReason): Promise<void> {
    return this.#inTurn(async () => {
      this.#ended = true;
      await this.#stopAll(reason);
      this.#options.journal.event({ type: 'session-ended' });
      await this.#options.journal.close();
    });
  }

  /** Time has passed: seals a journal that nobody needs any more. */
  tick(nowMs: number): void {
    if (this.#queued > 0 || !this.#options.journal.sink || this.#running.size > 0 || nowMs < this.#tailEndsMs) return;
    void this.#inTurn(() => this.#options.journal.close());
  }

  async #start(
    recordingId: RecordingId,
    layout: LayoutProgram,
    participantId: ParticipantId | null,
  ): Promise<ActiveRecordingState> {
    const { journal, clock, sessionId, roomId, isPresent, onKeyframesWantedNow } = this.#options;
    if (this.#ended) throw new RoomtapeError('NO_ACTIVE_SESSION', 'Room has no active session.');
    if (participantId !== null && !isPresent(participantId)) {
      throw new RoomtapeError('PARTICIPANT_NOT_FOUND', `Nobody with the id "${participantId}" is in the room.`);
    }
    const sink = await journal.open();
    this.#tailEndsMs = monotonicMs(clock);
    const arrivalNs = clock.monotonicNs();
    const startedNs = sink.toSessionTime(arrivalNs);
    const recording: ActiveRecording = { recordingId, startedNs, layout };
    const state: ActiveRecordingState = {
      recordingId,
      sessionId,
      roomId,
      startedNs,
      startedAtMs: clock.wallMs(),
      journalDir: sink.directory,
    };
    this.#running.set(recordingId, { recording, state, participantId });
    onKeyframesWantedNow();
    try {
      await sink.durableEvent({ type: 'recording-started', recording }, arrivalNs);
    } catch (cause) {
      this.#running.delete(recordingId);
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new RoomtapeError('DISK_FULL', `The start could not be written to disk: ${detail}`, { cause });
    }
    this.#announce();
    return state;
  }

  async #stop(recordingId: RecordingId, reason: StopReason): Promise<StoppedRecording> {
    const { journal, clock, log, onStopped } = this.#options;
    const before = this.#stopped.get(recordingId);
    if (before) return before;
    const running = this.#running.get(recordingId);
    if (!running) {
      throw new RoomtapeError('RECORDING_NOT_RUNNING', `Recording "${recordingId}" is not running.`);
    }
    const arrivalNs = clock.monotonicNs();
    const stoppedNs = journal.sink?.toSessionTime(arrivalNs) ?? running.state.startedNs;
    const stopped = { recordingId, stoppedNs, stoppedAtMs: clock.wallMs(), reason };
    this.#running.delete(recordingId);
    this.#tailEndsMs = monotonicMs(clock) + JOURNAL_TAIL_MS;
    try {
      await journal.sink?.durableEvent({ type: 'recording-stopped', recordingId, stoppedNs, reason }, arrivalNs);
    } catch (error) {
      log.error({ err: error, recordingId }, 'The end of a recording could not be written; the catalog has it alone.');
    }
    this.#stopped.set(recordingId, stopped);
    onStopped(stopped);
    this.#announce();
    return stopped;
  }

  async #stopAll(reason: StopReason): Promise<void> {
    for (const recordingId of [...this.#running.keys()]) await this.#stop(recordingId, reason);
  }

  #announce(): void {
    const active = this.#running.size > 0;
    if (active === this.#announced) return;
    this.#announced = active;
    this.#options.onActiveChanged(active);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    this.#queued += 1;
    const done = this.#queue.then(step).finally(() => {
      this.#queued -= 1;
    });
    // The next step waits for this one, not for its success: who asked for it is told.
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
