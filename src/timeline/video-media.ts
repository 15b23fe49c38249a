/** One video stream's pictures with their times. */
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { StreamClock } from './clock/stream-clock.ts';
import type { Depacketizer } from './depacketize/depacketizer.ts';
import { type AssembledFrame, FrameAssembler } from './depacketize/frame-assembler.ts';
import { MediaList } from './media-list.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { VideoFrame } from './types.ts';

export class VideoMedia {
  readonly #stream: number;
  readonly #clock: StreamClock;
  readonly #settledNs: () => SessionTimeNs;
  readonly #assembler: FrameAssembler;
  readonly #frames = new MediaList<VideoFrame>((frame) => frame.timeNs);
  #lastNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  #newestTicks: number | null = null;
  /** The latest RTP time of a picture so far. */
  #latestTicks = Number.NEGATIVE_INFINITY;

  /** @param settledNs how far the timeline is final: a frame that comes later than that takes its place there. */
  constructor(stream: number, clock: StreamClock, depacketizer: Depacketizer, settledNs: () => SessionTimeNs) {
    this.#stream = stream;
    this.#clock = clock;
    this.#settledNs = settledNs;
    this.#assembler = new FrameAssembler(depacketizer, (frame) => this.#place(frame));
  }

  get malformed(): number {
    return this.#assembler.malformed;
  }

  /** All pictures before this have been told of: the newest packet's time. −Infinity before the first. */
  get frontierNs(): SessionTimeNs {
    return this.#newestTicks === null ? Number.NEGATIVE_INFINITY : this.#clock.timeOf(this.#newestTicks);
  }

  /** False where no keyframe is held: there is nothing to show of it. */
  get hasPicture(): boolean {
    return this.hasPictureBefore(Number.POSITIVE_INFINITY);
  }

  /** True if there is something to show at this time. */
  hasPictureBefore(ns: SessionTimeNs): boolean {
    return this.#keyframeBefore(this.#frames.lowerBound(ns)) !== null;
  }

  packet(packet: RtpPacket, ticks: number): void {
    this.#newestTicks = ticks;
    this.#assembler.packet(packet.payload, ticks, packet.marker, packet.colour);
  }

  lost(): void {
    this.#assembler.lost();
  }

  flush(): void {
    this.#assembler.flush();
  }

  frames(fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly VideoFrame[] {
    return this.#frames.slice(this.#frames.lowerBound(fromNs), this.#frames.lowerBound(toNs));
  }

  gopBefore(ns: SessionTimeNs): readonly VideoFrame[] {
    const end = this.#frames.lowerBound(ns);
    const keyframe = this.#keyframeBefore(end);
    return keyframe === null ? [] : this.#frames.slice(keyframe, end);
  }

  discardBefore(ns: SessionTimeNs): void {
    const end = this.#frames.lowerBound(ns);
    this.#frames.dropTo(this.#keyframeBefore(end) ?? end);
  }

  #keyframeBefore(end: number): number | null {
    for (let i = end - 1; i >= 0; i -= 1) if (this.#frames.at(i)?.keyframe) return i;
    return null;
  }

  #place(frame: AssembledFrame): void {
    const { data, keyframe, decodable, size, colour, ticks } = frame;
    const dueNs = this.#clock.timeOf(ticks);
    const timeNs = Math.max(dueNs, this.#lastNs, this.#settledNs());
    this.#lastNs = timeNs;
    // Packets are in order, and so are a sender's times but for pictures that it reorders.
    const isOvertaken = ticks < this.#latestTicks;
    this.#latestTicks = Math.max(ticks, this.#latestTicks);
    const told = { ...(colour !== null && { colour }), ...(isOvertaken && { shownNs: dueNs }) };
    this.#frames.push({ stream: this.#stream, timeNs, keyframe, decodable, data, size, ...told });
  }
}
