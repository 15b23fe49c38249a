/**
 * Renders a recording segment by segment from its journal. What comes out is a function of the journal and the configuration: a
 * segment that is rendered again, by another process, alone, is the same up to the encoder.
 *
 * Segments are asked for in ascending order. Those that are finished already, or that somebody else renders, are passed over: their
 * events and levels are taken in, nothing is drawn. Going back takes a new composer.
 */
import type { RecordingId } from '../domain/ids.ts';
import { SEGMENT_TICKS, type SessionTimeNs, ticksIn, tickToNs } from '../domain/media-time.ts';
import { LEAD_IN_NS } from '../timeline/layers.ts';
import type { Levels } from '../timeline/speaker.ts';
import type { Timeline } from '../timeline/timeline.ts';
import { encodeSound } from './audio-encoder.ts';
import { planesOf } from './av.ts';
import type { DecodeFrame } from './careful-decoding.ts';
import { FragmentWriter } from './fragment-writer.ts';
import { PictureTrack } from './picture-track.ts';
import { Planner } from './planner.ts';
import { publishSegment, readFacts, type SegmentFacts, segmentPaths } from './segment-files.ts';
import { type SegmentSound, type SegmentSpan, segmentSound } from './segment-sound.ts';
import type { CompositionConfig } from './task.ts';
import { VideoEncoder } from './video-encoder.ts';
import { Watermarks } from './watermarks.ts';

/** How far beyond its end a segment hears: AAC overlap, the limiter's and Opus' look-ahead are 61 ms together. */
const LOOK_AHEAD_NS = 150_000_000;

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
  /** How frames are decoded; as they come, where it is absent. */
  readonly decodeFrame?: DecodeFrame;
  /** Called whenever it gets on, however slowly: work that hangs is told by it. */
  readonly onStep?: () => void;
}

/** The journal says nothing that could be rendered. */
export class NothingToComposeError extends Error {
  override readonly name = 'NothingToComposeError';
}

export class Composer {
  readonly #options: ComposerOptions;
  #startNs: SessionTimeNs | null = null;
  #planner: Planner | null = null;
  #pictures: PictureTrack | null = null;
  #watermarks: Watermarks | null = null;
  #eventsTaken = 0;
  #segment = 0;
  #undecodable = 0;
  #closed = false;

  constructor(options: ComposerOptions) {
    this.#options = options;
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
    const { timeline } = this.#options.feed;
    const span = timeline.recordings.get(this.#options.recordingId);
    if (!span) return null;
    const over = timeline.settledNs === Number.POSITIVE_INFINITY;
    const endNs = span.stopNs ?? (over ? timeline.arrivalNs : null);
    return endNs === null ? null : Math.max(1, ticksIn(endNs - span.startNs));
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
    const startNs = await this.#start();
    const endNs = startNs + tickToNs((index + 1) * SEGMENT_TICKS);
    await this.#settle(Math.max(endNs + LOOK_AHEAD_NS, startNs + LEAD_IN_NS));
    const { totalTicks } = this;
    const ticks = Math.min(SEGMENT_TICKS, (totalTicks ?? Number.POSITIVE_INFINITY) - index * SEGMENT_TICKS);
    if (ticks <= 0) return null;
    const span: SegmentSpan = { index, ticks, startNs, totalTicks };
    const finished = await readFacts(this.#options.segmentsDir, index);
    if (render && finished?.ticks !== ticks) await this.#render(span);
    else await this.#passOver(span, finished);
    this.#segment = index + 1;
    this.#takeEvents();
    this.#options.feed.timeline.discardBefore(startNs + tickToNs(index * SEGMENT_TICKS + ticks));
    this.#eventsTaken = this.#options.feed.timeline.events.length;
    return ticks;
  }

  /** Reads on to the record that starts the recording. */
  async #start(): Promise<SessionTimeNs> {
    if (this.#startNs !== null) return this.#startNs;
    const { timeline } = this.#options.feed;
    let recording = timeline.recordings.get(this.#options.recordingId);
    while (!recording) {
      if (!(await this.#options.feed.advance())) {
        throw new NothingToComposeError(`The journal holds no start of recording ${this.#options.recordingId}.`);
      }
      recording = timeline.recordings.get(this.#options.recordingId);
    }
    this.#startNs = recording.startNs;
    return recording.startNs;
  }

  async #settle(untilNs: SessionTimeNs): Promise<void> {
    const { timeline } = this.#options.feed;
    while (timeline.settledNs < untilNs) {
      if (!(await this.#options.feed.advance())) timeline.finish();
      this.#options.onStep?.();
    }
  }

  #plannerFor(startNs: SessionTimeNs): Planner {
    const { recordingId, config, feed } = this.#options;
    this.#planner ??= new Planner({
      source: feed.timeline,
      recordingId,
      layout: config.layout,
      canvas: config,
      startNs,
    });
    return this.#planner;
  }

  #takeEvents(): void {
    const { events } = this.#options.feed.timeline;
    if (this.#startNs !== null) this.#plannerFor(this.#startNs).addEvents(events.slice(this.#eventsTaken));
    this.#eventsTaken = events.length;
  }

  #prepare(span: SegmentSpan, levels: readonly Levels[]): Planner {
    const planner = this.#plannerFor(span.startNs);
    this.#takeEvents();
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
    const audioBytes = await encodeSound(sound.mix, sound.owned, paths.audio);
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
    return segmentSound(this.#options.feed.timeline, span, this.#options.onStep);
  }

  /** Resolves to the bytes of coded picture. */
  async #renderPicture(span: SegmentSpan, planner: Planner, path: string): Promise<number> {
    const { config, threads, decodeFrame, onStep } = this.#options;
    if (!this.#pictures) {
      planner.enterAnew();
      this.#pictures = new PictureTrack(config, config.theme, decodeFrame);
    }
    if (config.watermarks) this.#watermarks ??= await Watermarks.open(config.watermarks, config);
    const watermarks = this.#watermarks;
    const encoder = await VideoEncoder.open(config, threads);
    try {
      const writer = await FragmentWriter.open(path, encoder.context, 'video');
      try {
        for (let i = 0; i < span.ticks; i++) {
          const { tick } = planner;
          const { frame, moved } = await this.#pictures.draw(planner.next());
          if (watermarks) watermarks.lay(planesOf(frame), tick);
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
