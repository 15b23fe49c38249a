/**
 * Which coded pictures of one source go into a file that copies them. A file holds one chain: every picture in it refers only to
 * pictures before it since a keyframe. So a simulcast layer is changed, and a loss is over, at a keyframe and nowhere else. Pure.
 *
 * Wanted is the largest layer that sends. Where it falls silent, another takes over at its next keyframe; until then the last picture stands.
 */
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import type { TrackSource, VideoCodec } from '../domain/media.ts';
import { NS_PER_MS, NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import type { TimedEvent } from '../timeline/timeline.ts';
import type { TimelineStream, VideoFrame } from '../timeline/types.ts';
import { type Change, Stretches } from './stretches.ts';

/** The part of a timeline that is copied. */
export interface PictureSource {
  readonly events: readonly TimedEvent[];
  streams(): Iterable<TimelineStream>;
  videoFrames(stream: number, fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly VideoFrame[];
}

export type PictureStep =
  | { readonly type: 'picture'; readonly frame: VideoFrame; readonly codec: VideoCodec }
  /** Nothing of this source is shown from here on: it is muted, or gone. */
  | { readonly type: 'off'; readonly atNs: SessionTimeNs }
  /** It is on again, or for the first time; its first picture follows. */
  | { readonly type: 'on'; readonly atNs: SessionTimeNs };

/** A layer without a picture for so long has been switched off by its sender. */
const SILENT_NS = NS_PER_S;

/** Layers that are asked for keyframes together answer within this: the largest is waited for. */
const LAYERS_BEGIN_NS = 500 * NS_PER_MS;

interface LayerFrame {
  readonly view: TimelineStream;
  readonly frame: VideoFrame;
}

interface Current {
  readonly view: TimelineStream;
  area: number;
  newestNs: SessionTimeNs;
}

const areaOf = ({ size }: VideoFrame): number => (size ? size.width * size.height : 0);

/** True if a larger layer of the same track begins soon after this frame. */
const isSurpassed = (frames: readonly LayerFrame[], index: number): boolean => {
  const { view, frame } = frames[index] as LayerFrame;
  for (const other of frames.slice(index + 1)) {
    if (other.frame.timeNs > frame.timeNs + LAYERS_BEGIN_NS) return false;
    const begins = other.frame.keyframe && other.frame.decodable && other.view.trackId === view.trackId;
    if (begins && areaOf(other.frame) > areaOf(frame)) return true;
  }
  return false;
};

export class PictureLane {
  readonly #source: PictureSource;
  readonly #participantId: ParticipantId;
  readonly #wanted: TrackSource;
  readonly #stretches: Stretches;
  #on: TrackId | null = null;
  #current: Current | null = null;

  constructor(source: PictureSource, participantId: ParticipantId, wanted: TrackSource) {
    this.#source = source;
    this.#participantId = participantId;
    this.#wanted = wanted;
    this.#stretches = new Stretches(participantId, wanted);
  }

  /** What happens in [from, to), in order. Ask for window after window; the source must be settled to `toNs`. */
  steps(fromNs: SessionTimeNs, toNs: SessionTimeNs): PictureStep[] {
    this.#stretches.take(this.#source.events);
    const steps: PictureStep[] = [];
    const changes = this.#stretches.before(toNs);
    const frames = this.#frames(fromNs, toNs);
    for (const [i, { view, frame }] of frames.entries()) {
      while (changes[0] && changes[0].atNs <= frame.timeNs)
        steps.push(...this.#change(changes.shift() as Change, fromNs));
      if (view.trackId !== this.#on) continue;
      if (this.#current === null && isSurpassed(frames, i)) continue;
      if (this.#takes(view, frame)) {
        steps.push({ type: 'picture', frame, codec: view.codec as VideoCodec });
      }
    }
    for (const change of changes) steps.push(...this.#change(change, fromNs));
    return steps;
  }

  #change({ atNs, on }: Change, fromNs: SessionTimeNs): PictureStep[] {
    const before = this.#on;
    this.#on = on;
    this.#current = null;
    // What was on before the first window began is on from its beginning.
    const at = Math.max(atNs, fromNs);
    const off: PictureStep[] = before === null ? [] : [{ type: 'off', atNs: at }];
    return on === null ? off : [...off, { type: 'on', atNs: at }];
  }

  #takes(view: TimelineStream, frame: VideoFrame): boolean {
    if (!frame.decodable) return false;
    const current = this.#current;
    if (current?.view.stream !== view.stream) {
      if (!frame.keyframe || !this.#mayTake(view, frame)) return false;
      this.#current = { view, area: areaOf(frame), newestNs: frame.timeNs };
      return true;
    }
    current.newestNs = frame.timeNs;
    if (frame.keyframe) current.area = areaOf(frame);
    return true;
  }

  #mayTake(view: TimelineStream, keyframe: VideoFrame): boolean {
    const current = this.#current;
    if (current === null) return true;
    const nextEpoch = view.rid === current.view.rid && view.stream > current.view.stream;
    const silent = keyframe.timeNs - current.newestNs > SILENT_NS;
    return nextEpoch || silent || areaOf(keyframe) > current.area;
  }

  /** Frames of all layers and epochs, by time. */
  #frames(fromNs: SessionTimeNs, toNs: SessionTimeNs): LayerFrame[] {
    const frames: LayerFrame[] = [];
    let streams = 0;
    for (const view of this.#source.streams()) {
      if (view.participantId !== this.#participantId || view.source !== this.#wanted) continue;
      const own = this.#source.videoFrames(view.stream, fromNs, toNs);
      if (own.length > 0) streams += 1;
      for (const frame of own) frames.push({ view, frame });
    }
    return streams > 1 ? frames.sort((a, b) => a.frame.timeNs - b.frame.timeNs) : frames;
  }
}
