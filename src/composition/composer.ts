/**
 * Renders a recording segment by segment from its journal. What comes out is a function of the journal and the configuration: a
 * segment that is rendered again, by another process, alone, is the same up to the encoder.
 *
 * Segments are asked for in ascending order. Those that are finished already, or that somebody else renders, are passed over: their
 * events and levels are taken in, nothing is drawn. Going back takes a new composer.
 */
import type { RecordingId } from '../domain/ids.ts';
import { MediaSpans } from '../domain/media-spans.ts';
import { SEGMENT_TICKS, type SessionTimeNs } from '../domain/media-time.ts';
import { LEAD_IN_NS } from '../timeline/layers.ts';
import type { Levels } from '../timeline/speaker.ts';
import type { Timeline } from '../timeline/timeline.ts';
import { encodeSound } from './audio-encoder.ts';
import { planesOf } from './av.ts';
import { type Decoding, decodeAnyhow } from './careful-decoding.ts';
import { FragmentWriter } from './fragment-writer.ts';
import { type LeftOut, leaveOut, soundWithout } from './left-out.ts';
import { NothingToComposeError } from './nothing-to-compose.ts';
import { PictureTrack } from './picture-track.ts';
import { Planner } from './planner.ts';
import { rateOf } from './rate-control.ts';
import { publishSegment, readFacts, type SegmentFacts, segmentPaths } from './segment-files.ts';
import { type SegmentSound, type SegmentSpan, segmentSound } from './segment-sound.ts';
import { ShownTexts } from './shown-texts.ts';
import { gridOf } from './sound-grid.ts';
import type { CompositionConfig } from './task.ts';
import { VideoEncoder } from './video-encoder.ts';
import { Watermarks } from './watermarks.ts';

/** How far beyond its end a segment hears: AAC overlap, the limiter's and Opus' look-ahead are 61 ms together; these are 167 ms. */
const LOOK_AHEAD_TICKS = 5;

/** A journal that is being read. */
export interface JournalFeed {
  readonly timeline: Timeline;
  /** Pushes some more records into the timeline, waiting for them if need be. False: there are no more. */
  advance(): Promise<boolean>;
}

export interface ComposerOptions {
  readonly feed: JournalFeed;
  readonly recordingId: RecordingId;
  readonly config: CompositionConfig;
  readonly segmentsDir: string;
  readonly scratchDir: string;
  /** Threads of the H.264 encoder. */
  readonly threads: number;
  /** How pictures and sound are decoded; as they come, where it is absent. */
  readonly decoding?: Decoding;
  /** Called whenever it gets on, however slowly: work that hangs is told by it. */
  readonly onStep?: () => void;
  /** Nothing can be rendered until the recording, which is paused, goes on or ends; or that is over. */
  readonly onPaused?: (paused: boolean) => void;
}

/** Session time up to which the journal must be final for a segment; null: it is not known yet where the segment ends. */
const neededFor = (spans: MediaSpans, index: number): SessionTimeNs | null => {
  const endTick = (index + 1) * SEGMENT_TICKS + LOOK_AHEAD_TICKS;
  const endNs = spans.reachNs(endTick);
  if (endNs === null) return null;
  const begun = spans.within(index * SEGMENT_TICKS, endTick);
  return Math.max(endNs, ...begun.map(({ fromNs }) => fromNs + LEAD_IN_NS));
};

export class Composer {
  readonly #options: ComposerOptions;
  readonly #leftOut: LeftOut;
  #planner: Planner | null = null;
  #pictures: PictureTrack | null = null;
  #watermarks: Watermarks | null = null;
  readonly #texts = new ShownTexts();
  #eventsTaken = 0;
  #segment = 0;
  #undecodable = 0;
  #paused = false;
  #closed = false;

  constructor(options: ComposerOptions) {
    this.#options = options;
    const { fixedLayout = false, excludeParticipants = [] } = options.config;
    this.#leftOut = { participants: new Set(excludeParticipants), layouts: fixedLayout };
  }

  /** The lowest segment that can still be asked for. */
  get position(): number {
    return this.#segment;
  }

  /** Frames that could not be decoded, those on the way to a segment's first picture included; complete once it is closed. */
  get undecodable(): number {
    return this.#undecodable;
  }

  /** Ticks of the whole recording, null as long as the journal has not been read to its end. At least one. */
  get totalTicks(): number | null {
    return this.#spans()?.totalTicks ?? null;
  }

  /**
   * Renders a segment, or takes it as it is if it is finished, once the journal reaches that far. Resolves to its ticks, or null if
   * the recording ends before it. Rejects with `NothingToComposeError` if the journal knows no such recording.
   */
  async render(index: number): Promise<number | null> {
    if (index < this.#segment) throw new Error(`Segment ${index} was asked for after segment ${this.#segment - 1}.`);
    while (this.#segment < index) {
      if ((await this.#take(this.#segment, false)) === null) return null;
    }
    return this.#take(index, true);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leavePictures();
  }

  #leavePictures(): void {
    this.#pictures?.close();
    this.#undecodable += this.#pictures?.undecodable ?? 0;
    this.#pictures = null;
  }

  async #take(index: number, render: boolean): Promise<number | null> {
    const spans = await this.#reach(index);
    const firstTick = index * SEGMENT_TICKS;
    const ticks = Math.min(SEGMENT_TICKS, (spans.totalTicks ?? Number.POSITIVE_INFINITY) - firstTick);
    if (ticks <= 0) return null;
    const span: SegmentSpan = { index, ticks, spans };
    const finished = await readFacts(this.#options.segmentsDir, index);
    if (render && finished?.ticks !== ticks) await this.#render(span);
    else await this.#passOver(span, finished);
    this.#segment = index + 1;
    this.#takeEvents(this.#plannerFor(spans));
    this.#options.feed.timeline.discardBefore(spans.reachNs(firstTick + ticks) ?? Number.NEGATIVE_INFINITY);
    this.#eventsTaken = this.#options.feed.timeline.events.length;
    return ticks;
  }

  /** Where the recording's ticks lie, as far as the journal has been read; null before its start. */
  #spans(): MediaSpans | null {
    const { timeline } = this.#options.feed;
    const recording = timeline.recordings.get(this.#options.recordingId);
    if (!recording) return null;
    const over = timeline.settledNs === Number.POSITIVE_INFINITY;
    return new MediaSpans(recording.startNs, recording.pauses, recording.stopNs ?? (over ? timeline.arrivalNs : null));
  }

  /**
   * Reads on until everything that a segment shows and hears is final. While the recording is paused nobody knows what follows: the segment
   * in progress waits for its resumption or its end.
   */
  async #reach(index: number): Promise<MediaSpans> {
    const { feed, recordingId } = this.#options;
    for (;;) {
      const spans = this.#spans();
      const neededNs = spans && neededFor(spans, index);
      this.#tellPaused(spans !== null && neededNs === null);
      if (spans && neededNs !== null && feed.timeline.settledNs >= neededNs) return spans;
      const isMore = await feed.advance();
      this.#options.onStep?.();
      if (isMore) continue;
      if (!spans) throw new NothingToComposeError(`The journal holds no start of recording ${recordingId}.`);
      feed.timeline.finish();
    }
  }

  #tellPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#options.onPaused?.(paused);
  }

  #plannerFor(spans: MediaSpans): Planner {
    const { recordingId, config, feed } = this.#options;
    this.#planner ??= new Planner({
      source: feed.timeline,
      recordingId,
      layout: config.layout,
      canvas: config,
      spans,
      transitions: config.transitions ?? true,
    });
    this.#planner.setSpans(spans);
    return this.#planner;
  }

  #takeEvents(planner: Planner): void {
    const { events } = this.#options.feed.timeline;
    const fresh = events.slice(this.#eventsTaken).flatMap((event) => leaveOut(event, this.#leftOut) ?? []);
    planner.addEvents(fresh);
    this.#texts.take(fresh);
    this.#eventsTaken = events.length;
  }

  #prepare(span: SegmentSpan, levels: readonly Levels[]): Planner {
    const planner = this.#plannerFor(span.spans);
    this.#takeEvents(planner);
    planner.addLevels(levels);
    return planner;
  }

  /** Takes in what a segment means for the ones after it. A recording of sound alone has nothing to take in. */
  async #passOver(span: SegmentSpan, finished: SegmentFacts | null): Promise<void> {
    if (this.#options.config.mode === 'audio') return;
    const levels = finished?.levels ?? (await this.#sound(span)).levels;
    const planner = this.#prepare(span, levels);
    for (let tick = 0; tick < span.ticks; tick++) planner.next();
    this.#leavePictures();
  }

  async #render(span: SegmentSpan): Promise<void> {
    const { scratchDir, segmentsDir, config } = this.#options;
    const paths = segmentPaths(scratchDir, span.index);
    const sound = await this.#sound(span);
    const audioBytes = await encodeSound(sound.mix, sound.owned, paths.audio, gridOf(config.fileFormat));
    const videoBytes =
      config.mode === 'audio' ? 0 : await this.#renderPicture(span, this.#prepare(span, sound.levels), paths.video);
    await publishSegment(scratchDir, segmentsDir, {
      version: 1,
      index: span.index,
      ticks: span.ticks,
      videoBytes,
      audioBytes,
      levels: sound.levels,
    });
  }

  #sound(span: SegmentSpan): Promise<SegmentSound> {
    const { feed, config, onStep, decoding } = this.#options;
    const source = soundWithout(feed.timeline, this.#leftOut.participants);
    const grid = gridOf(config.fileFormat);
    return segmentSound(source, span, { grid, ...(onStep && { onStep }), ...(decoding && { decode: decoding.sound }) });
  }

  /** What was last said on each topic. */
  #saidAt(tick: number, spans: MediaSpans): ReadonlyMap<string, string> {
    const time = spans.at(tick);
    if (time) return this.#texts.at(time.atNs, spans);
    throw new Error(`Tick ${tick} is drawn before it is known when it is.`);
  }

  /** Resolves to the bytes of coded picture. */
  async #renderPicture(span: SegmentSpan, planner: Planner, path: string): Promise<number> {
    const { config, threads, decoding = decodeAnyhow, onStep } = this.#options;
    if (!this.#pictures) {
      planner.enterAnew();
      this.#pictures = new PictureTrack(config, config.theme, decoding.frame);
    }
    if (config.watermarks) this.#watermarks ??= await Watermarks.open(config.watermarks, config);
    const watermarks = this.#watermarks;
    const encoder = await VideoEncoder.open(config, threads, rateOf(config, config.fileFormat ?? 'mp4'));
    try {
      const writer = await FragmentWriter.open(path, encoder.context, 'video');
      try {
        for (let i = 0; i < span.ticks; i++) {
          const { tick } = planner;
          const { frame, moved } = await this.#pictures.draw(planner.next());
          if (watermarks) watermarks.lay(planesOf(frame), tick, this.#saidAt(tick, span.spans));
          await encoder.encode(frame, tick, moved || i === 0, writer);
          if (watermarks) watermarks.lift(planesOf(frame));
          onStep?.();
        }
        await encoder.finish(writer, onStep);
        await writer.finish();
        return writer.bytes;
      } finally {
        await writer.close();
      }
    } finally {
      encoder.close();
    }
  }
}
