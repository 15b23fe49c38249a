/**
 * A session's journal, understood: media with times, room events with times, and how far both are final.
 *
 * The driver pushes records one by one in journal order until `settledNs` reaches what it needs, then reads. All that is read is a
 * function of the records pushed so far, and nothing before `settledNs` ever changes: a frame that turns up late takes the place
 * at `settledNs`. So a compositor that follows a live journal and one that comes a day later see the same.
 */
import type { SessionEvent, StreamInfo } from '../domain/events.ts';
import type { RecordingId, TrackId } from '../domain/ids.ts';
import { NS_PER_MS, type SessionTimeNs } from '../domain/media-time.ts';
import type { JournalRecord, JournalSnapshot } from '../journal/record.ts';
import { AudioMedia } from './audio-media.ts';
import { DomainClock } from './clock/domain-clock.ts';
import { type RecordingSpan, RoomLog, type TimedEvent } from './room-log.ts';
import { type Activity, Stream } from './stream.ts';
import type { AudioPacket, TimelineStream, VideoFrame } from './types.ts';
import { VideoMedia } from './video-media.ts';
import { settledBy } from './watermark.ts';

export type { RecordingSpan, TimedEvent } from './room-log.ts';

/** Clocks, gaps and the watermark are looked at once in so much journal time: often beside a frame, seldom beside packets. */
const STEP_NS = 10 * NS_PER_MS;

/** Streams that ended are forgotten so long after: sound is kept for a second, and senders' clocks may be a second ahead. */
const FORGET_AFTER_NS = 2000 * NS_PER_MS;

/** What was wrong with the media, for the log: counted, never thrown. */
export interface TimelineFaults {
  /** Packets and pictures that made no sense. */
  readonly malformed: number;
  /** Audio packets that came when their time was already final. */
  readonly late: number;
  /** Records of streams that the journal never opened. */
  readonly unknown: number;
}

const addFaults = (sum: { malformed: number; late: number }, { malformed, media }: Stream): void => {
  sum.malformed += malformed + media.malformed;
  if (media instanceof AudioMedia) sum.late += media.late;
};

export class Timeline {
  readonly #room = new RoomLog();
  readonly #streams = new Map<number, Stream>();
  readonly #byTrack = new Map<TrackId, Stream[]>();
  readonly #domains = new Map<string, { readonly clock: DomainClock; readonly activity: Activity }>();
  readonly #tracks = new Map<TrackId, Activity>();
  readonly #readSettled = (): SessionTimeNs => this.#settledNs;
  readonly #isMuted = (stream: Stream): boolean => this.#room.isMuted(stream.info.trackId);
  #settledNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  #arrivalNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  #nextStepNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  #unknown = 0;
  /** Of streams that are forgotten. */
  #past = { malformed: 0, late: 0 };

  /** Takes the next record, strictly in journal order. Payloads are copied where they are kept. Never throws on hostile media. */
  push(record: JournalRecord): void {
    const { arrivalNs } = record;
    if (arrivalNs > this.#arrivalNs) this.#arrivalNs = arrivalNs;
    switch (record.type) {
      case 'rtp':
        this.#stream(record.stream)?.rtp(record.payload, arrivalNs);
        break;
      case 'sender-report':
        this.#stream(record.stream)?.senderReport(record.payload, arrivalNs);
        break;
      case 'event':
        this.#event(arrivalNs, record.event);
        break;
      case 'snapshot':
        this.#snapshot(arrivalNs, record.snapshot);
        break;
      case 'sample':
      case 'index':
      case 'tick':
        break;
    }
    if (this.#arrivalNs >= this.#nextStepNs) this.#step();
  }

  /** Nothing more will come: all gaps expire, everything held is released, `settledNs` becomes Infinity. Idempotent. */
  finish(): void {
    for (const stream of this.#streams.values()) stream.close(this.#arrivalNs);
    this.#settledNs = Number.POSITIVE_INFINITY;
  }

  /** Everything before this time is final. Never goes back; −Infinity before the first record. */
  get settledNs(): SessionTimeNs {
    return this.#settledNs;
  }

  /** Arrival time of the newest record pushed; −Infinity before the first. */
  get arrivalNs(): SessionTimeNs {
    return this.#arrivalNs;
  }

  /** Recordings that the journal has mentioned, by id. */
  get recordings(): ReadonlyMap<RecordingId, RecordingSpan> {
    return this.#room.recordings;
  }

  /** All events so far, in order of time. The first is the `room-state` of the snapshot that the journal was entered at. */
  get events(): readonly TimedEvent[] {
    return this.#room.events;
  }

  get faults(): TimelineFaults {
    const faults = { ...this.#past, unknown: this.#unknown };
    for (const stream of this.#streams.values()) addFaults(faults, stream);
    return faults;
  }

  /** All streams that have opened, in order of opening, without those of which nothing is kept any more (`discardBefore`). */
  *streams(): Iterable<TimelineStream> {
    for (const stream of this.#streams.values()) yield stream.view;
  }

  /** Streams (simulcast layers and epochs) of one track, in order of opening. */
  streamsOf(trackId: TrackId): readonly TimelineStream[] {
    return (this.#byTrack.get(trackId) ?? []).map((stream) => stream.view);
  }

  /** Frames with time in [from, to), in decode order (times never decrease). Empty for unknown and audio streams. */
  videoFrames(stream: number, fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly VideoFrame[] {
    return this.#video(stream)?.frames(fromNs, toNs) ?? [];
  }

  /** Frames from the last keyframe before `ns` up to, not including, `ns`: what a decoder needs to enter there. */
  gopBefore(stream: number, ns: SessionTimeNs): readonly VideoFrame[] {
    return this.#video(stream)?.gopBefore(ns) ?? [];
  }

  /** Audio that overlaps [from, to), in order. Between packets there is silence. Empty for unknown and video streams. */
  audioPackets(stream: number, fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly AudioPacket[] {
    const media = this.#streams.get(stream)?.media;
    return media instanceof AudioMedia ? media.packets(fromNs, toNs) : [];
  }

  /** Since when, seen from `ns`, the track has been unmuted; −Infinity if it never was muted; null while muted. */
  unmutedSince(trackId: TrackId, ns: SessionTimeNs): SessionTimeNs | null {
    return this.#room.unmutedSince(trackId, ns);
  }

  /**
   * Lets go of media before this time, but keeps each video stream's pictures since its last keyframe before it, and 1 s of audio.
   * Streams that had ended by then, and whose last picture nobody can ask for any more, are forgotten: a session may see thousands.
   */
  discardBefore(ns: SessionTimeNs): void {
    for (const stream of this.#streams.values()) stream.media.discardBefore(ns);
    for (const streams of this.#byTrack.values()) this.#forget(streams, ns - FORGET_AFTER_NS);
  }

  /** Of one track's streams: those that ended before this time and of which nothing is left to show, or only what a newer epoch replaced. */
  #forget(streams: Stream[], ns: SessionTimeNs): void {
    const replaced = new Set<string | null>();
    for (const stream of streams.toReversed()) {
      const { stream: number, rid, trackId } = stream.info;
      if (stream.isForgettable(ns) || (replaced.has(rid) && stream.endedBefore(ns))) {
        addFaults(this.#past, stream);
        streams.splice(streams.indexOf(stream), 1);
        this.#streams.delete(number);
        if (streams.length === 0) this.#byTrack.delete(trackId);
      } else if (stream.media instanceof VideoMedia && stream.media.hasPictureBefore(ns)) {
        replaced.add(rid);
      }
    }
  }

  #video(stream: number): VideoMedia | null {
    const media = this.#streams.get(stream)?.media;
    return media instanceof VideoMedia ? media : null;
  }

  #stream(number: number): Stream | undefined {
    const stream = this.#streams.get(number);
    if (stream === undefined) this.#unknown += 1;
    return stream;
  }

  /** Moves clocks, gives up old gaps, and finds how far all is final. At times that the journal alone determines. */
  #step(): void {
    const nowNs = this.#arrivalNs;
    this.#nextStepNs = (Math.floor(nowNs / STEP_NS) + 1) * STEP_NS;
    for (const { clock } of this.#domains.values()) clock.advance(nowNs);
    for (const stream of this.#streams.values()) stream.advance(nowNs);
    this.#settledNs = Math.max(this.#settledNs, settledBy(this.#streams.values(), this.#isMuted, nowNs));
  }

  #event(atNs: SessionTimeNs, event: SessionEvent): void {
    this.#room.event(atNs, event);
    if (event.type === 'stream-opened') this.#open(event.stream, atNs, null);
    else if (event.type === 'stream-closed') this.#close(atNs, (stream) => stream.info.stream === event.stream);
    else if (event.type === 'track-unpublished') this.#end(atNs, (stream) => stream.info.trackId === event.trackId);
    else if (event.type === 'track-muted') this.#muted(atNs, event.trackId, event.muted);
    else if (event.type === 'session-ended') this.#close(atNs, () => true);
    else if (event.type === 'participant-left') {
      this.#end(atNs, (stream) => stream.info.participantId === event.participantId);
    }
  }

  /**
   * The first snapshot enters the journal; a later one repeats what is known, or mends it where events were dropped. One after a gap takes
   * the streams up again where they now are: what they sent meanwhile was never written.
   */
  #snapshot(atNs: SessionTimeNs, snapshot: JournalSnapshot): void {
    this.#room.snapshot(atNs, snapshot);
    if (snapshot.afterGap) this.#closeUnlisted(atNs, snapshot);
    for (const { extendedSequence, lastSenderReport, ...info } of snapshot.streams) {
      const known = this.#streams.get(info.stream);
      if (known !== undefined && !snapshot.afterGap) continue;
      const stream = known ?? this.#open(info, atNs, extendedSequence);
      if (known !== undefined && extendedSequence !== null) known.resume(extendedSequence, atNs);
      if (lastSenderReport === null) continue;
      stream.senderReport(Buffer.from(lastSenderReport.packet, 'base64'), lastSenderReport.arrivalNs);
    }
  }

  #closeUnlisted(atNs: SessionTimeNs, snapshot: JournalSnapshot): void {
    const listed = new Set(snapshot.streams.map(({ stream }) => stream));
    this.#close(atNs, ({ info }) => !listed.has(info.stream));
  }

  #open(info: StreamInfo, atNs: SessionTimeNs, extendedSequence: number | null): Stream {
    const known = this.#streams.get(info.stream);
    if (known !== undefined) return known;
    const { clock, activity } = this.#domain(info.clockDomain);
    const track = this.#track(info.trackId);
    const shared = { domain: clock, connection: activity, track };
    const stream = new Stream(info, atNs, extendedSequence, shared, this.#readSettled);
    this.#streams.set(info.stream, stream);
    const siblings = this.#byTrack.get(info.trackId);
    if (siblings === undefined) this.#byTrack.set(info.trackId, [stream]);
    else siblings.push(stream);
    return stream;
  }

  #muted(atNs: SessionTimeNs, trackId: TrackId, muted: boolean): void {
    for (const stream of this.#byTrack.get(trackId) ?? []) stream.muted(muted, atNs);
  }

  #close(atNs: SessionTimeNs, which: (stream: Stream) => boolean): void {
    for (const stream of this.#streams.values()) if (which(stream)) stream.close(atNs);
  }

  /** Their tracks are not published any more. */
  #end(atNs: SessionTimeNs, which: (stream: Stream) => boolean): void {
    this.#close(atNs, which);
    for (const stream of this.#streams.values()) if (which(stream) && stream.goneNs > atNs) stream.goneNs = atNs;
  }

  #domain(name: string): { readonly clock: DomainClock; readonly activity: Activity } {
    const known = this.#domains.get(name);
    if (known !== undefined) return known;
    const domain = { clock: new DomainClock(), activity: { lastArrivalNs: Number.NEGATIVE_INFINITY } };
    this.#domains.set(name, domain);
    return domain;
  }

  #track(trackId: TrackId): Activity {
    const known = this.#tracks.get(trackId);
    if (known !== undefined) return known;
    const activity = { lastArrivalNs: Number.NEGATIVE_INFINITY };
    this.#tracks.set(trackId, activity);
    return activity;
  }
}
