/**
 * One sitting of a room: who is in it, what they publish, what everybody is told, and its journal and recordings.
 *
 * States: `open → ending → ended`. It opens with its first participant and ends when nobody has been there for a short grace, or when it
 * is told to. Hidden participants are served but keep nothing alive, have no tile, and nobody is told of them.
 *
 * Order of every change: the session's own state, then the journal, then the participants, then the server process. A stream is
 * journaled as opened before its first packet.
 */
import type { ParticipantId, RoomId, SessionId, TrackId } from '../domain/ids.ts';
import type { StopReason } from '../domain/recording.ts';
import type { Logger } from '../support/log.ts';
import { newHexId } from '../support/new-id.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { DurableEvent, SessionState } from './control.ts';
import type { InterruptedSession } from './interrupted-session.ts';
import { KeyframePlan } from './keyframe-plan.ts';
import { LiveSpeaker } from './live-speaker.ts';
import { MessageBoard } from './message-board.ts';
import type { PacketSinkFactory, RoomSnapshot } from './packet-sink.ts';
import { Participant } from './participant.ts';
import { isGone, type ServerPresence } from './presence.ts';
import type { ServerMessage } from './protocol.ts';
import type { PublicationRoom } from './publication.ts';
import { RoomJournal } from './room-journal.ts';
import { RoomRecordings, type StoppedRecording } from './room-recordings.ts';
import { type LiveStream, newTrack, type RoomTrack, trackInfo } from './room-track.ts';
import type { Stalls } from './stalls.ts';

/** A lone participant who reloads the page says `leave` and joins again within about a second: that is one sitting, not two. */
export const SESSION_GRACE_MS = 2000;

export type LeaveReason = 'left' | 'removed' | 'replaced' | 'timeout' | 'room-closed';

export interface RoomSessionOptions {
  readonly roomId: RoomId;
  readonly sinks: PacketSinkFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onDurable: (event: DurableEvent) => void;
  readonly onRecordingStopped: (sessionId: SessionId, recording: StoppedRecording) => void;
  /** It takes no more participants: the next who joins the room opens another. Its recordings end behind this call. */
  readonly onEnding: (session: RoomSession) => void;
  /** It goes on with a session of a media process that died: `goOn` takes its recordings up. */
  readonly interrupted?: InterruptedSession;
}

export class RoomSession implements PublicationRoom {
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  readonly startedAtMs: number;
  readonly journal: RoomJournal;
  readonly recordings: RoomRecordings;
  readonly board = new MessageBoard();
  readonly #options: RoomSessionOptions;
  readonly #participants = new Map<ParticipantId, Participant>();
  readonly #streams = new Set<LiveStream>();
  readonly #speaker = new LiveSpeaker();
  readonly #keyframes = new KeyframePlan();
  /** Ids under which pages of recordings have been here. */
  readonly #pages = new Set<ParticipantId>();
  #pins: ParticipantId[] = [];
  #toldSpeaker: ParticipantId | null = null;
  #nextStream: number;
  /** Nobody has come back yet. */
  #deserted: boolean;
  #emptySinceMs: number | null = null;
  #ending: Promise<void> | null = null;

  constructor(options: RoomSessionOptions) {
    const { roomId, sinks, clock, log, interrupted } = options;
    const sessionId = interrupted?.sessionId ?? newHexId<SessionId>();
    this.#options = options;
    this.sessionId = sessionId;
    this.roomId = roomId;
    this.startedAtMs = interrupted?.startedAtMs ?? clock.wallMs();
    this.#nextStream = (interrupted?.lastStream ?? 0) + 1;
    this.#deserted = interrupted !== undefined;
    if (interrupted) this.#keepPlaces(interrupted);
    this.journal = new RoomJournal({
      sessionId,
      roomId,
      sinks,
      clock,
      log,
      snapshot: () => this.#snapshot(),
      onMediaAgain: () => {
        for (const live of this.#streams) live.withheldTo = live.stream.extendedSequence ?? live.withheldTo;
      },
      onKeyframesWanted: () => this.#keyframes.spread(this.#videoStreams(), monotonicMs(clock)),
      onFailure: (error) => this.recordings.fail(error),
    });
    this.recordings = new RoomRecordings({
      sessionId,
      roomId,
      journal: this.journal,
      clock,
      log,
      isPresent: (participantId) => this.#participants.get(participantId)?.hidden === false,
      onIndicatorChanged: (active, paused) => this.tell({ type: 'recording', active, ...(paused ? { paused } : {}) }),
      onKeyframesWantedNow: () => {
        for (const stream of this.#videoStreams()) stream.requestKeyframe();
      },
      onChanged: (recording) => options.onDurable({ type: 'recording-changed', recording }),
      onStopped: (recording) => this.#recordingStopped(recording),
    });
    options.onDurable({ type: 'session-started', session: this.state() });
  }

  /** Goes on with the recordings of the session that was interrupted. Rejects with DISK_FULL. */
  async goOn(): Promise<void> {
    const { interrupted } = this.#options;
    if (interrupted) await this.recordings.goOn(interrupted);
  }

  get participants(): readonly Participant[] {
    return [...this.#participants.values()];
  }

  get pins(): readonly ParticipantId[] {
    return this.#pins;
  }

  get speaker(): ParticipantId | null {
    return this.#toldSpeaker;
  }

  get ending(): boolean {
    return this.#ending !== null;
  }

  participant(participantId: string): Participant | undefined {
    return this.#participants.get(participantId as ParticipantId);
  }

  /** A page of a recording has been here under this id: nobody else is to be taken for it. */
  wasPage(participantId: ParticipantId): boolean {
    return this.#pages.has(participantId);
  }

  track(trackId: string): RoomTrack | undefined {
    for (const participant of this.#participants.values()) {
      const track = participant.trackById(trackId);
      if (track) return track;
    }
    return undefined;
  }

  state(): SessionState {
    return {
      sessionId: this.sessionId,
      roomId: this.roomId,
      startedAtMs: this.startedAtMs,
      participants: this.participants.map(({ participantId, name, hidden, joinedAtMs }) => ({
        participantId,
        name,
        hidden,
        joinedAtMs,
      })),
    };
  }

  /** Tells everybody who has a socket. */
  tell(message: ServerMessage, except?: Participant): void {
    for (const participant of this.#participants.values()) {
      if (participant !== except) participant.socket?.send(message);
    }
  }

  /** Lets somebody in. The id is free: whoever had it has been made to leave. */
  join(options: {
    participantId: ParticipantId;
    name: string;
    hidden: boolean;
    resourceId: string | null;
  }): Participant {
    const { clock, onDurable } = this.#options;
    const joinedAtMs = clock.wallMs();
    const participant = new Participant({ ...options, joinedAtMs, nowMs: monotonicMs(clock) });
    this.#participants.set(options.participantId, participant);
    if (participant.hidden) this.#pages.add(participant.participantId);
    this.journal.event({ type: 'participant-joined', participant: participant.info });
    if (!participant.hidden)
      this.tell({ type: 'participant-joined', participant: participant.view(false) }, participant);
    onDurable({
      type: 'participant-joined',
      sessionId: this.sessionId,
      roomId: this.roomId,
      participant: { participantId: participant.participantId, name: options.name, hidden: options.hidden, joinedAtMs },
    });
    return participant;
  }

  /** Sees somebody out: tracks, connections, socket. Nothing happens if it has gone already. */
  leave(participant: Participant, reason: LeaveReason): void {
    const { participantId, hidden, socket } = participant;
    if (this.#participants.get(participantId) !== participant) return;
    for (const track of [...participant.tracks.values()]) this.unpublish(participant, track);
    participant.disconnect();
    this.#setPin(participantId, false);
    this.#speaker.forget(participantId);
    this.#participants.delete(participantId);
    // Who merely fell silent may come back and join again: it is not told that all is over.
    if (reason !== 'timeout') socket?.send({ type: 'bye', reason });
    socket?.close(reason);
    participant.detach(false);
    this.journal.event({ type: 'participant-left', participantId, reason });
    // Who is replaced is there again at once; where the room closes, its end says why.
    if (reason !== 'replaced' && reason !== 'room-closed') this.recordings.participantLeft(participantId);
    if (!hidden) this.tell({ type: 'participant-left', participantId, reason });
    this.#options.onDurable({
      type: 'participant-left',
      sessionId: this.sessionId,
      roomId: this.roomId,
      participantId,
      atMs: this.#options.clock.wallMs(),
      reason,
    });
  }

  /** The participant's track of this source: the one it has, or a new one that everybody is told of. */
  publish(participant: Participant, source: RoomTrack['source']): RoomTrack {
    const present = participant.tracks.get(source);
    if (present) return present;
    const track = newTrack(newHexId<TrackId>(), participant.participantId, source);
    participant.tracks.set(source, track);
    this.journal.event({ type: 'track-published', track: trackInfo(track) });
    this.tell({ type: 'track-published', track: trackInfo(track) });
    return track;
  }

  unpublish(participant: Participant, track: RoomTrack): void {
    if (!participant.tracks.delete(track.source)) return;
    participant.publication?.drop(track);
    for (const viewer of this.#participants.values()) viewer.views.delete(track.trackId);
    if (track.source === 'microphone') this.#speaker.forget(participant.participantId);
    this.journal.event({ type: 'track-unpublished', trackId: track.trackId });
    this.tell({ type: 'track-unpublished', trackId: track.trackId });
  }

  /** False: it was so already, and nobody was told. */
  mute(track: RoomTrack, muted: boolean): boolean {
    if (track.muted === muted) return false;
    track.muted = muted;
    if (!muted && this.journal.sink) this.#requestKeyframes(track.trackId);
    if (track.source === 'microphone' && muted) this.#speaker.forget(track.participantId);
    this.journal.event({ type: 'track-muted', trackId: track.trackId, muted });
    this.tell({ type: 'track-muted', trackId: track.trackId, muted });
    return true;
  }

  /** False: it was so already, and nobody was told. */
  pin(participantId: ParticipantId, pinned: boolean): boolean {
    if (!this.#setPin(participantId, pinned)) return false;
    this.tell({ type: 'pinned', participantId, pinned });
    return true;
  }

  openStream(number: (stream: number) => LiveStream): LiveStream {
    const live = number(this.#nextStream++);
    this.#streams.add(live);
    this.journal.event({ type: 'stream-opened', stream: live.info });
    // A stream may begin anywhere, and what comes before its first keyframe shows nothing.
    if (this.journal.media) live.stream.requestKeyframe();
    return live;
  }

  closeStream(live: LiveStream): void {
    if (!this.#streams.delete(live)) return;
    this.#keyframes.forget(live.stream);
    this.journal.event({ type: 'stream-closed', stream: live.info.stream });
  }

  audioLevel(participantId: ParticipantId, level: number, atMs: number): void {
    this.#speaker.report(participantId, level, atMs);
  }

  /** Time has passed: who is gone, who speaks, what is due. Called about ten times a second. */
  tick(server: ServerPresence, stalls: Stalls): void {
    const nowMs = monotonicMs(this.#options.clock);
    let visible = 0;
    for (const participant of this.participants) {
      if (!participant.hidden) this.#deserted &&= participant.awaited;
      if (isGone(participant.signsOfLife(), server, stalls, nowMs)) this.leave(participant, 'timeout');
      else if (!participant.hidden) visible += 1;
    }
    const speaker = this.#speaker.update(nowMs);
    if (speaker !== this.#toldSpeaker) {
      this.#toldSpeaker = speaker;
      this.tell({ type: 'active-speaker', participantId: speaker });
    }
    this.#keyframes.tick(nowMs);
    this.recordings.tick(nowMs);
    if (visible > 0) this.#emptySinceMs = null;
    else if (this.#emptySinceMs === null) this.#emptySinceMs = nowMs;
    else if (nowMs - this.#emptySinceMs >= SESSION_GRACE_MS) void this.end('session-ended');
  }

  /** Ends it in order: everybody leaves, recordings stop, the journal is sealed. Idempotent. */
  end(reason: StopReason): Promise<void> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  async #end(reason: StopReason): Promise<void> {
    const { clock, onEnding, onDurable, interrupted } = this.#options;
    const { sessionId, roomId } = this;
    const atMs = clock.wallMs();
    // Nobody came back: it was over when the media process died.
    const last = this.#deserted && interrupted && { endNs: interrupted.lastNs, endAtMs: interrupted.lastAtMs };
    for (const participant of this.participants) this.leave(participant, 'room-closed');
    onEnding(this);
    if (last) await this.recordings.end('media-process-lost', last);
    else await this.recordings.end(reason);
    onDurable({ type: 'session-ended', sessionId, roomId, atMs });
  }

  /** Everybody who was there, with what he published, in the order in which tiles stand. */
  #keepPlaces({ participants, tracks, pins }: InterruptedSession): void {
    const { clock } = this.#options;
    const since = { joinedAtMs: clock.wallMs(), nowMs: monotonicMs(clock), resourceId: null };
    for (const info of participants) {
      const participant = new Participant({ ...info, ...since, awaited: true });
      this.#participants.set(info.participantId, participant);
      if (info.hidden) this.#pages.add(info.participantId);
      for (const { trackId, participantId, source, muted } of tracks) {
        if (participantId !== info.participantId) continue;
        participant.tracks.set(source, { ...newTrack(trackId, participantId, source), muted });
      }
    }
    this.#pins = pins.filter((id) => this.#participants.has(id));
  }

  #setPin(participantId: ParticipantId, pinned: boolean): boolean {
    if (this.#pins.includes(participantId) === pinned) return false;
    this.#pins = pinned ? [...this.#pins, participantId] : this.#pins.filter((id) => id !== participantId);
    this.journal.event({ type: 'pins-changed', pins: this.#pins });
    return true;
  }

  /** What is copied without decoding goes on with a keyframe where it was broken off. */
  #requestKeyframes(trackId: TrackId): void {
    for (const { info, stream } of this.#streams) {
      if (info.trackId === trackId && stream.kind === 'video') stream.requestKeyframe();
    }
  }

  #videoStreams(): LiveStream['stream'][] {
    return [...this.#streams].map((live) => live.stream).filter((stream) => stream.kind === 'video');
  }

  #recordingStopped(recording: StoppedRecording): void {
    const { sessionId, roomId } = this;
    const { recordingId, stoppedNs, stoppedAtMs, reason } = recording;
    this.#options.onRecordingStopped(sessionId, recording);
    this.#seeOutPages();
    this.#options.onDurable({
      type: 'recording-stopped',
      recordingId,
      sessionId,
      roomId,
      stoppedNs,
      stoppedAtMs,
      reason,
    });
  }

  /** A page has nothing to do here once its recording has ended. */
  #seeOutPages(): void {
    for (const participant of this.participants) {
      const { participantId, hidden } = participant;
      if (hidden && this.recordings.pageOf(participantId) === undefined) this.leave(participant, 'removed');
    }
  }

  #snapshot(): RoomSnapshot {
    return {
      participants: this.participants.map((participant) => participant.info),
      tracks: this.participants.flatMap((participant) => [...participant.tracks.values()].map(trackInfo)),
      streams: [...this.#streams].map(({ info, stream }) => ({
        ...info,
        extendedSequence: stream.extendedSequence,
        // A sender report is media, too: none of a pause is written.
        lastSenderReport: this.journal.isWithholding ? null : stream.lastSenderReport,
      })),
      pins: this.#pins,
      recordings: this.recordings.active,
      lastStream: this.#nextStream - 1,
    };
  }
}
