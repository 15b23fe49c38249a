/**
 * The recordings of one session: when each starts and ends, and with them when the session's journal is written.
 *
 * Invariants:
 * 1. Starts, stops and closings of the journal happen one after the other (`#queue`), so that no start meets a journal that closes.
 * 2. While a recording is active the journal is open; it stays open for a tail after the last one has stopped.
 * 3. While all active recordings are paused, no packet is journaled; events are. What a pause withheld stays out of the tail, too.
 * 4. Every recording that began is reported as stopped exactly once (`onStopped`), whatever the disk does.
 */
import { RoomtapeError } from '../domain/errors.ts';
import type { ActiveRecording, SessionEvent } from '../domain/events.ts';
import type { ParticipantId, RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import { changedLayout, isSameLayout, type LayoutChange } from '../domain/layout-change.ts';
import { withPause, withResume } from '../domain/media-spans.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { StopReason } from '../domain/recording.ts';
import type { Logger } from '../support/log.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { ActiveRecordingState } from './control.ts';
import type { InterruptedSession } from './interrupted-session.ts';
import type { RoomJournal } from './room-journal.ts';

/**
 * Packets of the recorded span still come after its end: late ones, and those that were lost and are sent again (a NACK is answered
 * within a round trip or two, and repeated up to half a second). A sender report that dates the last of them is not far either.
 */
export const JOURNAL_TAIL_MS = 700;

/** More than a line of a picture holds. */
const LONGEST_TEXT = 300;

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
  /** Somebody with this id is in the room, and not hidden. */
  readonly isPresent: (participantId: ParticipantId) => boolean;
  /** The first recording has begun, the last one has ended, or all are paused or not all any more. */
  readonly onIndicatorChanged: (active: boolean, paused: boolean) => void;
  /** A recording begins, or goes on after a pause: every picture should begin with a keyframe. */
  readonly onKeyframesWantedNow: () => void;
  /** A running recording is not as it was. */
  readonly onChanged: (state: ActiveRecordingState) => void;
  readonly onStopped: (recording: StoppedRecording) => void;
}

/** Whom and what a recording is about. */
export interface RecordingAbout {
  /** Whom alone; it ends when he leaves. */
  readonly participantId?: ParticipantId | null;
  /** What is said on these topics of the room is shown in it. */
  readonly topics?: readonly string[];
  /** Under whose id the page that renders it is in the room. */
  readonly pageParticipantId?: ParticipantId | null;
}

/** A time before now: session time, and by the wall clock. */
export interface EndTime {
  readonly endNs: SessionTimeNs;
  readonly endAtMs: number;
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
  #announced: 'nothing' | 'recording' | 'paused' = 'nothing';

  constructor(options: RoomRecordingsOptions) {
    this.#options = options;
  }

  get active(): readonly ActiveRecording[] {
    return [...this.#running.values()].map((running) => running.recording);
  }

  get states(): readonly ActiveRecordingState[] {
    return [...this.#running.values()].map((running) => running.state);
  }

  /** Recordings run, and all of them are paused. */
  get paused(): boolean {
    return this.#running.size > 0 && this.states.every(isPaused);
  }

  /** What the longest running recording has recorded by now (ms); null where none runs that participants have been told of. */
  recordedMs(nowMs: number): number | null {
    if (this.#announced === 'nothing') return null;
    return Math.max(...this.states.map((state) => recordedMsOf(state, nowMs)));
  }

  /** The running recording whose page is in the room under this id; undefined where there is none. */
  pageOf(participantId: ParticipantId): RecordingId | undefined {
    return this.active.find((recording) => recording.pageParticipantId === participantId)?.recordingId;
  }

  knows(recordingId: RecordingId): boolean {
    return this.#running.has(recordingId) || this.#starting.has(recordingId) || this.#stopped.has(recordingId);
  }

  /**
   * Begins; resolves when the start record is on disk. Idempotent by id. NO_ACTIVE_SESSION if the session ended meanwhile,
   * PARTICIPANT_NOT_FOUND if it is about somebody who is not there, RECORDING_NOT_RUNNING if this recording has ended already, DISK_FULL.
   */
  start(recordingId: RecordingId, layout: LayoutProgram, about: RecordingAbout = {}): Promise<ActiveRecordingState> {
    const running = this.#running.get(recordingId);
    const starting = this.#starting.get(recordingId);
    if (starting) return starting;
    if (running) return Promise.resolve(running.state);
    if (this.#stopped.has(recordingId)) {
      return Promise.reject(
        new RoomtapeError('RECORDING_NOT_RUNNING', `Recording "${recordingId}" has ended and cannot start again.`),
      );
    }
    const started = this.#inTurn(() => this.#start(recordingId, layout, about)).finally(() =>
      this.#starting.delete(recordingId),
    );
    this.#starting.set(recordingId, started);
    return started;
  }

  /**
   * Goes on with those that were running when another media process died; resolves when the journal says since when. Rejects with DISK_FULL:
   * then none runs.
   */
  goOn({ sessionId, roomId, directory, recordings, lastNs }: InterruptedSession): Promise<void> {
    return this.#inTurn(async () => {
      const { journal, clock } = this.#options;
      for (const { recording, startedAtMs, pauses, revision } of recordings) {
        const { recordingId, startedNs, layout, participantId = null } = recording;
        const about = { recordingId, sessionId, roomId, startedNs, startedAtMs, journalDir: directory };
        this.#running.set(recordingId, { recording, participantId, state: { ...about, revision, layout, pauses } });
      }
      try {
        const sink = await journal.open();
        this.#directMedia();
        const nowNs = clock.monotonicNs();
        await sink.durableEvent({ type: 'interrupted', fromNs: lastNs, untilNs: sink.toSessionTime(nowNs) }, nowNs);
      } catch (error) {
        this.#running.clear();
        throw error;
      }
      this.#announce();
    });
  }

  /** Ends; resolves when the stop record is on disk. Idempotent while the session is remembered. RECORDING_NOT_RUNNING. */
  stop(recordingId: RecordingId, reason: StopReason): Promise<StoppedRecording> {
    return this.#inTurn(() => this.#stop(recordingId, reason));
  }

  /** Something was said in the room. Journaled where a recording that is not paused shows what is said on this topic. */
  said(participantId: ParticipantId, topic: string, text: string): void {
    void this.#inTurn(async () => {
      const isShown = [...this.#running.values()].some(
        ({ recording, state }) => recording.topics?.includes(topic) && !isPaused(state),
      );
      if (!isShown) return;
      this.#options.journal.event({ type: 'text-shown', participantId, topic, text: text.slice(0, LONGEST_TEXT) });
    });
  }

  /** Somebody has left: recordings that are about him alone end, those that are about to begin too. */
  participantLeft(participantId: ParticipantId): void {
    void this.#inTurn(async () => {
      const his = [...this.#running].filter(([, running]) => running.participantId === participantId);
      for (const [recordingId] of his) await this.#stop(recordingId, 'participant-left');
    });
  }

  /**
   * Another layout from now on; resolves when the journal has it on disk. A layout that is in force already changes nothing.
   * RECORDING_NOT_RUNNING, DISK_FULL.
   */
  changeLayout(recordingId: RecordingId, change: LayoutChange): Promise<ActiveRecordingState> {
    return this.#inTurn(() => this.#changeLayout(recordingId, change));
  }

  /** The same for every recording that runs now and is about more than one participant. */
  changeAllLayouts(change: LayoutChange): Promise<void> {
    return this.#inTurn(async () => {
      for (const [recordingId, { participantId }] of [...this.#running]) {
        if (participantId === null) await this.#changeLayout(recordingId, change);
      }
    });
  }

  /** From now on nothing of it is recorded; resolves when the word of it is on disk. RECORDING_NOT_RUNNING, RECORDING_PAUSED, DISK_FULL. */
  pause(recordingId: RecordingId): Promise<ActiveRecordingState> {
    return this.#inTurn(() => this.#pause(recordingId));
  }

  /** From now on it is recorded again. RECORDING_NOT_RUNNING, RECORDING_NOT_PAUSED, DISK_FULL. */
  resume(recordingId: RecordingId): Promise<ActiveRecordingState> {
    return this.#inTurn(() => this.#resume(recordingId));
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

  /** The session is over: ends everything and seals the journal. `at`: when it was over, if that was earlier. */
  end(reason: StopReason, at: EndTime | null = null): Promise<void> {
    return this.#inTurn(async () => {
      this.#ended = true;
      await this.#stopAll(reason, at);
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
    { participantId = null, topics = [], pageParticipantId = null }: RecordingAbout,
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
    const recording: ActiveRecording = {
      recordingId,
      startedNs,
      layout,
      ...(participantId !== null && { participantId }),
      ...(topics.length > 0 && { topics }),
      ...(pageParticipantId !== null && { pageParticipantId }),
    };
    const state: ActiveRecordingState = {
      recordingId,
      sessionId,
      roomId,
      startedNs,
      startedAtMs: clock.wallMs(),
      journalDir: sink.directory,
      revision: 0,
      layout,
      pauses: [],
    };
    this.#running.set(recordingId, { recording, state, participantId });
    this.#directMedia();
    onKeyframesWantedNow();
    try {
      await sink.durableEvent({ type: 'recording-started', recording }, arrivalNs);
    } catch (cause) {
      this.#running.delete(recordingId);
      this.#directMedia();
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new RoomtapeError('DISK_FULL', `The start could not be written to disk: ${detail}`, { cause });
    }
    this.#announce();
    return state;
  }

  async #pause(recordingId: RecordingId): Promise<ActiveRecordingState> {
    const { journal, clock } = this.#options;
    const { recording, state, participantId } = this.#runningOf(recordingId);
    if (isPaused(state)) throw new RoomtapeError('RECORDING_PAUSED', `Recording "${recordingId}" is paused already.`);
    const arrivalNs = clock.monotonicNs();
    const pausedNs = journal.sink?.toSessionTime(arrivalNs) ?? state.startedNs;
    const running = {
      participantId,
      recording: { ...recording, pauses: withPause(recording.pauses ?? [], pausedNs) },
      state: { ...state, pauses: [...state.pauses, { startedAtMs: clock.wallMs(), endedAtMs: null }] },
    };
    return this.#change(running, { type: 'recording-paused', recordingId, pausedNs }, arrivalNs);
  }

  async #resume(recordingId: RecordingId): Promise<ActiveRecordingState> {
    const { journal, clock, onKeyframesWantedNow } = this.#options;
    const { recording, state, participantId } = this.#runningOf(recordingId);
    const last = state.pauses.at(-1);
    if (!last || !isPaused(state)) {
      throw new RoomtapeError('RECORDING_NOT_PAUSED', `Recording "${recordingId}" is not paused.`);
    }
    const arrivalNs = clock.monotonicNs();
    const resumedNs = journal.sink?.toSessionTime(arrivalNs) ?? state.startedNs;
    const running = {
      participantId,
      recording: { ...recording, pauses: withResume(recording.pauses ?? [], resumedNs) },
      state: { ...state, pauses: [...state.pauses.slice(0, -1), { ...last, endedAtMs: clock.wallMs() }] },
    };
    const changed = this.#change(running, { type: 'recording-resumed', recordingId, resumedNs }, arrivalNs);
    onKeyframesWantedNow();
    return changed;
  }

  async #changeLayout(recordingId: RecordingId, change: LayoutChange): Promise<ActiveRecordingState> {
    const { recording, state, participantId } = this.#runningOf(recordingId);
    const layout = changedLayout(recording.layout, change);
    if (isSameLayout(layout, recording.layout)) return state;
    const running = { participantId, recording: { ...recording, layout }, state: { ...state, layout } };
    return this.#change(running, { type: 'layout-changed', recordingId, layout }, this.#options.clock.monotonicNs());
  }

  /** Takes a change over, writes its event to disk, and tells of it. A disk that refuses ends the recording by `fail`. */
  async #change(to: Running, event: SessionEvent, arrivalNs: bigint): Promise<ActiveRecordingState> {
    const { journal, onChanged } = this.#options;
    const { recordingId } = to.recording;
    const state = { ...to.state, revision: to.state.revision + 1 };
    this.#running.set(recordingId, { ...to, state });
    this.#directMedia();
    try {
      await journal.sink?.durableEvent(event, arrivalNs);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new RoomtapeError('DISK_FULL', `The change could not be written to disk: ${detail}`, { cause });
    }
    onChanged(state);
    this.#announce();
    return state;
  }

  #runningOf(recordingId: RecordingId): Running {
    const running = this.#running.get(recordingId);
    if (running) return running;
    throw new RoomtapeError('RECORDING_NOT_RUNNING', `Recording "${recordingId}" is not running.`);
  }

  async #stop(recordingId: RecordingId, reason: StopReason, at: EndTime | null = null): Promise<StoppedRecording> {
    const { journal, clock, log, onStopped } = this.#options;
    const before = this.#stopped.get(recordingId);
    if (before) return before;
    const running = this.#runningOf(recordingId);
    const arrivalNs = clock.monotonicNs();
    const { startedNs } = running.state;
    const stoppedNs = Math.max(startedNs, at?.endNs ?? journal.sink?.toSessionTime(arrivalNs) ?? startedNs);
    const stopped = { recordingId, stoppedNs, stoppedAtMs: at?.endAtMs ?? clock.wallMs(), reason };
    this.#running.delete(recordingId);
    this.#directMedia();
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

  async #stopAll(reason: StopReason, at: EndTime | null = null): Promise<void> {
    for (const recordingId of [...this.#running.keys()]) await this.#stop(recordingId, reason, at);
  }

  /** Invariant 3. With nothing running it stays as it is: a tail belongs to what was recorded last. */
  #directMedia(): void {
    if (this.paused) this.#options.journal.withholdMedia();
    else if (this.#running.size > 0) this.#options.journal.writeMedia();
  }

  #announce(): void {
    const now = this.paused ? 'paused' : this.#running.size > 0 ? 'recording' : 'nothing';
    if (now === this.#announced) return;
    this.#announced = now;
    this.#options.onIndicatorChanged(now !== 'nothing', now === 'paused');
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

const isPaused = ({ pauses }: ActiveRecordingState): boolean => pauses.at(-1)?.endedAtMs === null;

/** Without its pauses. */
const recordedMsOf = ({ startedAtMs, pauses }: ActiveRecordingState, nowMs: number): number => {
  const pausedMs = pauses.reduce((sum, pause) => sum + (pause.endedAtMs ?? nowMs) - pause.startedAtMs, 0);
  return Math.max(0, nowMs - startedAtMs - pausedMs);
};
