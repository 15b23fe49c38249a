/**
 * One file of a participant under way: pictures and sound as they come, black where there is no picture, silence where there is no sound.
 * Times it is given are session time. States: open → finished or discarded.
 */
import type { Size } from '../domain/layout.ts';
import type { VideoCodec } from '../domain/media.ts';
import { NS_PER_MS, NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';
import type { VideoFrame } from '../timeline/types.ts';
import type { BlackFrames } from './black.ts';
import { containerFor } from './container.ts';
import { type CopiedFacts, CopiedFile, type PictureFormat } from './copied-file.ts';
import type { FirstPicture } from './first-picture.ts';
import { SILENT_FRAME_NS, silence } from './silence.ts';
import type { SoundPacket } from './sound-lane.ts';

/** A first picture that comes this soon is shown from the beginning: no flash of black. */
const LEAD_IN_NS = 500 * NS_PER_MS;
/** Black is repeated, so that players find something to begin with wherever they are sent. */
const BLACK_EVERY_NS = NS_PER_S;
/** A recording that was ended as soon as it was begun has one picture and two packets of silence: players take no empty file. */
const SHORTEST_NS = 40 * NS_PER_MS;
/** Off for less than this, the last picture stands: a track that is replaced, or whose owner leaves, is no reason to blink. */
const BLINK_NS = 200 * NS_PER_MS;
/** Of a camera that never was on. */
const NO_CAMERA: Size & { readonly codec: VideoCodec } = { codec: 'vp8', width: 640, height: 360 };

/** A picture that a file may begin with. */
export interface First {
  readonly frame: VideoFrame;
  readonly codec: VideoCodec;
  readonly judged: FirstPicture;
}

export interface ParticipantFileOptions {
  /** Absolute path of the finished file without its extension. */
  readonly path: string;
  readonly scratchDir: string;
  readonly startNs: SessionTimeNs;
  readonly fileFormat: FileFormat;
  readonly black: BlackFrames;
  readonly onStep: (() => void) | undefined;
}

export class ParticipantFile {
  readonly startNs: SessionTimeNs;
  readonly codec: VideoCodec;
  readonly #file: CopiedFile;
  readonly #black: BlackFrames;
  #size: Size;
  /** When black is due; null while there is a picture. */
  #blackNs: SessionTimeNs | null;
  /** Black has been shown since the last picture. */
  #isBlack = false;
  #blank = true;
  #soundNs: SessionTimeNs;

  private constructor(file: CopiedFile, startNs: SessionTimeNs, black: BlackFrames, format: PictureFormat) {
    this.#file = file;
    this.startNs = startNs;
    this.#black = black;
    this.codec = format.codec;
    this.#size = format;
    this.#blackNs = startNs;
    this.#soundNs = startNs;
  }

  /** `first`: what says what the file holds; null: it holds black alone. */
  static async open(options: ParticipantFileOptions, first: First | null): Promise<ParticipantFile> {
    const { path, scratchDir, startNs, black, onStep } = options;
    const codec = first?.codec ?? NO_CAMERA.codec;
    const { width, height, reordered } = first?.judged ?? { ...NO_CAMERA, reordered: 0 };
    const keyframe = first?.frame.data ?? (await black.of(codec, NO_CAMERA));
    const picture = { codec, width, height, reordered, keyframe, colour: first?.frame.colour ?? null };
    const container = containerFor(options.fileFormat, codec);
    const file = await CopiedFile.create({ path, scratchDir, container, picture, sound: true, onStep });
    return new ParticipantFile(file, startNs, black, picture);
  }

  async picture(frame: VideoFrame): Promise<void> {
    if (this.#blank && frame.timeNs - this.startNs <= LEAD_IN_NS) {
      if (frame.timeNs > this.startNs) this.#file.picture(frame.data, 0, true);
    } else await this.#blackUntil(frame.timeNs);
    this.#blank = false;
    this.#blackNs = null;
    this.#isBlack = false;
    if (frame.keyframe) this.#size = frame.size ?? this.#size;
    this.#file.picture(frame.data, (frame.shownNs ?? frame.timeNs) - this.startNs, frame.keyframe);
  }

  /** The camera is off from here on. */
  dark(atNs: SessionTimeNs): void {
    this.#blackNs ??= Math.max(atNs, this.startNs);
  }

  /** Everything before this time has been given: what is missing of it is black and silent. */
  async reached(ns: SessionTimeNs): Promise<void> {
    if (ns - this.startNs > LEAD_IN_NS) await this.#blackUntil(ns);
    this.#silentForWholeFrames(ns);
  }

  async #blackUntil(ns: SessionTimeNs): Promise<void> {
    if (!this.#blank && !this.#isBlack && this.#blackNs !== null && ns - this.#blackNs <= BLINK_NS) return;
    while (this.#blackNs !== null && this.#blackNs < ns) {
      const frame = await this.#black.of(this.codec, this.#size);
      this.#file.picture(frame, this.#blackNs - this.startNs, true);
      this.#blank = false;
      this.#isBlack = true;
      this.#blackNs += BLACK_EVERY_NS;
    }
  }

  sound({ data, startNs, endNs }: SoundPacket): void {
    this.#silentUntil(startNs);
    this.#file.sound(data, startNs - this.startNs, endNs - startNs);
    this.#soundNs = Math.max(endNs, this.#soundNs);
  }

  #silentUntil(ns: SessionTimeNs): void {
    for (const { data, startNs, endNs } of silence(this.#soundNs, ns)) {
      this.#file.sound(data, startNs - this.startNs, endNs - startNs);
      this.#soundNs = endNs;
    }
  }

  /** As far as silence of full length goes: the rest is left to whatever comes next. */
  #silentForWholeFrames(ns: SessionTimeNs): void {
    const frames = Math.floor((ns - this.#soundNs) / SILENT_FRAME_NS);
    if (frames > 0) this.#silentUntil(this.#soundNs + frames * SILENT_FRAME_NS);
  }

  /** Completes it: it lasts until then. */
  async finish(atNs: SessionTimeNs): Promise<CopiedFacts> {
    const endNs = Math.max(atNs, this.startNs + SHORTEST_NS);
    await this.#blackUntil(endNs);
    this.#silentUntil(endNs);
    return this.#file.finish(endNs - this.startNs);
  }

  /** Leaves nothing behind. */
  discard(): Promise<void> {
    return this.#file.discard();
  }
}
