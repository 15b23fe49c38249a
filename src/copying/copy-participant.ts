/**
 * The participant form: one file with a participant's camera and microphone, as long as the recording, by copying coded packets. Where the
 * camera is off it shows black, where the microphone is off it is silent. Pictures lost on the way leave the last one standing.
 *
 * A sender that goes on with another codec gets another file from there on: no container changes codecs in the middle.
 */

import type { ParticipantId } from '../domain/ids.ts';
import type { Size } from '../domain/layout.ts';
import type { VideoCodec } from '../domain/media.ts';
import { NS_PER_MS, NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';
import type { VideoFrame } from '../timeline/types.ts';
import { BlackFrames } from './black.ts';
import { containerFor } from './container.ts';
import { CopiedFile, type PictureFormat } from './copied-file.ts';
import { type CopyFeed, windowsOf } from './copy-feed.ts';
import type { FirstPicture, JudgeFirst } from './first-picture.ts';
import { type CopiedPart, partName } from './parts.ts';
import { PictureLane } from './picture-lane.ts';
import { SILENT_FRAME_NS, silence } from './silence.ts';
import { SoundLane } from './sound-lane.ts';

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

export interface CopyParticipantOptions {
  /** Opens the recording's journal at its start; called twice. */
  readonly openFeed: () => Promise<CopyFeed>;
  readonly participantId: ParticipantId;
  readonly fileFormat: FileFormat;
  /** Absolute path of the first file without its extension. */
  readonly artifactPath: string;
  /** For files that are not whole yet. */
  readonly scratchDir: string;
  readonly judgeFirst: JudgeFirst;
  /** Called as the work gets on where no records are read. */
  readonly onStep?: () => void;
}

type First = { readonly frame: VideoFrame; readonly codec: VideoCodec; readonly judged: FirstPicture };

/** Null: nothing may begin with this picture. */
const asFirst = async (judge: JudgeFirst, frame: VideoFrame, codec: VideoCodec): Promise<First | null> => {
  const judged = await judge(frame, codec);
  return judged && { frame, codec, judged };
};

/** The first picture that can be shown, wherever in the recording it is: a file must say what it holds before it holds it. */
const findFirstPicture = async (
  feed: CopyFeed,
  participantId: ParticipantId,
  judge: JudgeFirst,
): Promise<First | null> => {
  const lane = new PictureLane(feed.timeline, participantId, 'camera');
  for await (const { fromNs, toNs } of windowsOf(feed)) {
    for (const step of lane.steps(fromNs, toNs)) {
      const first = step.type === 'picture' ? await asFirst(judge, step.frame, step.codec) : null;
      if (first) return first;
    }
  }
  return null;
};

/** One file under way. Times it is given are session time. */
class Part {
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

  static async open(
    options: {
      path: string;
      scratchDir: string;
      startNs: SessionTimeNs;
      fileFormat: FileFormat;
      black: BlackFrames;
      onStep: (() => void) | undefined;
    },
    first: First | null,
  ): Promise<Part> {
    const { path, scratchDir, startNs, black, onStep } = options;
    const codec = first?.codec ?? NO_CAMERA.codec;
    const { width, height, reordered } = first?.judged ?? { ...NO_CAMERA, reordered: 0 };
    const keyframe = first?.frame.data ?? (await black.of(codec, NO_CAMERA));
    const picture = { codec, width, height, reordered, keyframe, colour: first?.frame.colour ?? null };
    const container = containerFor(options.fileFormat, codec);
    const file = await CopiedFile.create({ path, scratchDir, container, picture, sound: true, onStep });
    return new Part(file, startNs, black, picture);
  }

  async picture(frame: VideoFrame): Promise<void> {
    if (this.#blank && frame.timeNs - this.startNs <= LEAD_IN_NS) {
      if (frame.timeNs > this.startNs) this.#file.picture(frame.data, 0, true);
    } else await this.blackUntil(frame.timeNs);
    this.#blank = false;
    this.#blackNs = null;
    this.#isBlack = false;
    if (frame.keyframe) this.#size = frame.size ?? this.#size;
    this.#file.picture(frame.data, (frame.shownNs ?? frame.timeNs) - this.startNs, frame.keyframe);
  }

  dark(atNs: SessionTimeNs): void {
    this.#blackNs ??= Math.max(atNs, this.startNs);
  }

  async blackUntil(ns: SessionTimeNs): Promise<void> {
    if (!this.#blank && !this.#isBlack && this.#blackNs !== null && ns - this.#blackNs <= BLINK_NS) return;
    while (this.#blackNs !== null && this.#blackNs < ns) {
      const frame = await this.#black.of(this.codec, this.#size);
      this.#file.picture(frame, this.#blackNs - this.startNs, true);
      this.#blank = false;
      this.#isBlack = true;
      this.#blackNs += BLACK_EVERY_NS;
    }
  }

  sound(data: Buffer, startNs: SessionTimeNs, endNs: SessionTimeNs): void {
    this.silentUntil(startNs);
    this.#file.sound(data, startNs - this.startNs, endNs - startNs);
    this.#soundNs = Math.max(endNs, this.#soundNs);
  }

  silentUntil(ns: SessionTimeNs): void {
    for (const { data, startNs, endNs } of silence(this.#soundNs, ns)) {
      this.#file.sound(data, startNs - this.startNs, endNs - startNs);
      this.#soundNs = endNs;
    }
  }

  /** As far as silence of full length goes: the rest is left to whatever comes next. */
  silentForWholeFrames(ns: SessionTimeNs): void {
    const frames = Math.floor((ns - this.#soundNs) / SILENT_FRAME_NS);
    if (frames > 0) this.silentUntil(this.#soundNs + frames * SILENT_FRAME_NS);
  }

  async finish(atNs: SessionTimeNs): Promise<CopiedPart['facts']> {
    const endNs = Math.max(atNs, this.startNs + SHORTEST_NS);
    await this.blackUntil(endNs);
    this.silentUntil(endNs);
    return this.#file.finish(endNs - this.startNs);
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }
}

/** Makes the file, or the files. Rejects, leaving nothing unfinished behind, where the journal or the disk refuses. */
export const copyParticipant = async (options: CopyParticipantOptions): Promise<CopiedPart[]> => {
  const { openFeed, participantId, fileFormat, artifactPath, scratchDir, judgeFirst, onStep } = options;
  const scout = await openFeed();
  const first = await findFirstPicture(scout, participantId, judgeFirst).finally(() => scout.close());
  const feed = await openFeed();
  const { startNs } = feed.span;
  const parts: CopiedPart[] = [];
  const black = new BlackFrames();
  const open = (fromNs: SessionTimeNs, picture: First | null): Promise<Part> =>
    Part.open(
      { path: partName(artifactPath, parts.length), scratchDir, startNs: fromNs, fileFormat, black, onStep },
      picture,
    );
  let part = await open(startNs, first).catch(async (error: unknown) => {
    await feed.close();
    throw error;
  });
  let endNs = startNs;
  const finish = async (): Promise<void> => {
    const offsetSeconds = (part.startNs - startNs) / NS_PER_S;
    parts.push({ facts: await part.finish(endNs), offsetSeconds });
  };
  try {
    const pictures = new PictureLane(feed.timeline, participantId, 'camera');
    const sounds = new SoundLane(feed.timeline, participantId, 'microphone');
    for await (const { fromNs, toNs } of windowsOf(feed)) {
      const heard = sounds.steps(fromNs, toNs).filter((step) => step.type === 'sound');
      for (const step of pictures.steps(fromNs, toNs)) {
        if (step.type === 'off') part.dark(step.atNs);
        if (step.type !== 'picture') continue;
        const { frame, codec } = step;
        while (heard[0] && heard[0].startNs < frame.timeNs) {
          const { data, startNs: from, endNs: to } = heard.shift() as (typeof heard)[number];
          part.sound(data, from, to);
        }
        if (!first || frame.timeNs < first.frame.timeNs) continue;
        if (codec !== part.codec) {
          const next = await asFirst(judgeFirst, frame, codec);
          if (!next) continue;
          endNs = frame.timeNs;
          await finish();
          part = await open(frame.timeNs, next);
        }
        await part.picture(frame);
      }
      for (const { data, startNs: from, endNs: to } of heard) part.sound(data, from, to);
      if (toNs - part.startNs > LEAD_IN_NS) await part.blackUntil(toNs);
      part.silentForWholeFrames(toNs);
      endNs = toNs;
    }
    await finish();
    return parts;
  } catch (error) {
    await part.discard();
    throw error;
  } finally {
    await feed.close();
  }
};
