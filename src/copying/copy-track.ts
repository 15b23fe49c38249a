/**
 * The track form: one source of one participant, a new file whenever it goes on again (published, unmuted) or changes its codec, by
 * copying coded packets. A file begins with the first picture that can be shown, or the first packet of sound, and lasts until the source
 * goes off; where it begins in the recording is said beside it. Lost sound is silence, a lost picture leaves the last one standing.
 */
import type { ParticipantId } from '../domain/ids.ts';
import { mediaKindOf, type TrackSource, type VideoCodec } from '../domain/media.ts';
import { NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';
import type { VideoFrame } from '../timeline/types.ts';
import { containerFor } from './container.ts';
import { CopiedFile, type PictureFormat } from './copied-file.ts';
import { type CopyFeed, windowsOf } from './copy-feed.ts';
import type { JudgeFirst } from './first-picture.ts';
import { type CopiedPart, partName } from './parts.ts';
import { PictureLane, type PictureStep } from './picture-lane.ts';
import { silence } from './silence.ts';
import { SoundLane, type SoundStep } from './sound-lane.ts';

export interface CopyTrackOptions {
  /** Opens the recording's journal at its start. */
  readonly openFeed: () => Promise<CopyFeed>;
  readonly participantId: ParticipantId;
  readonly source: TrackSource;
  readonly fileFormat: FileFormat;
  /** Absolute path of the first file without its extension. */
  readonly artifactPath: string;
  /** For files that are not whole yet. */
  readonly scratchDir: string;
  readonly judgeFirst: JudgeFirst;
  /** Called as the work gets on where no records are read. */
  readonly onStep?: () => void;
}

interface Open {
  readonly file: CopiedFile;
  readonly startNs: SessionTimeNs;
  /** Null: sound. */
  readonly codec: VideoCodec | null;
  /** Where the sound written so far ends. */
  soundNs: SessionTimeNs;
}

class TrackFiles {
  readonly parts: CopiedPart[] = [];
  readonly #options: CopyTrackOptions;
  readonly #startNs: SessionTimeNs;
  #open: Open | null = null;

  constructor(options: CopyTrackOptions, startNs: SessionTimeNs) {
    this.#options = options;
    this.#startNs = startNs;
  }

  async take(step: PictureStep | SoundStep): Promise<void> {
    switch (step.type) {
      case 'on':
        return;
      case 'off':
        return this.finish(step.atNs);
      case 'picture': {
        const { frame, codec } = step;
        if (this.#open?.codec !== codec && !(await this.#begin(frame, codec))) return;
        const { file, startNs } = this.#open as Open;
        return file.picture(frame.data, (frame.shownNs ?? frame.timeNs) - startNs, frame.keyframe);
      }
      case 'sound': {
        const open = await this.#file(step.startNs, null);
        const { file, startNs } = open;
        for (const packet of [...silence(open.soundNs, step.startNs), step]) {
          file.sound(packet.data, packet.startNs - startNs, packet.endNs - packet.startNs);
        }
        open.soundNs = step.endNs;
      }
    }
  }

  /** Completes the file under way, if there is one. */
  async finish(endNs: SessionTimeNs): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (!open) return;
    // The last packet may have begun before the source went off and lasts a moment longer; a DTX pause lasts to the end.
    const lastNs = Math.max(endNs, open.soundNs);
    for (const packet of open.codec === null ? silence(open.soundNs, lastNs) : []) {
      open.file.sound(packet.data, packet.startNs - open.startNs, packet.endNs - packet.startNs);
    }
    const facts = await open.file.finish(Math.max(lastNs - open.startNs, 1));
    this.parts.push({ facts, offsetSeconds: (open.startNs - this.#startNs) / NS_PER_S });
  }

  async discard(): Promise<void> {
    await this.#open?.file.discard();
    this.#open = null;
  }

  /** Begins a file with a picture, which ends the one under way. False: nothing may begin with this picture. */
  async #begin(frame: VideoFrame, codec: VideoCodec): Promise<boolean> {
    const first = await this.#options.judgeFirst(frame, codec);
    if (!first) return false;
    await this.finish(frame.timeNs);
    await this.#file(frame.timeNs, { codec, ...first, keyframe: frame.data, colour: frame.colour ?? null });
    return true;
  }

  async #file(startNs: SessionTimeNs, picture: PictureFormat | null): Promise<Open> {
    if (this.#open) return this.#open;
    const { artifactPath, scratchDir, fileFormat, onStep } = this.#options;
    const codec = picture?.codec ?? null;
    const file = await CopiedFile.create({
      path: partName(artifactPath, this.parts.length),
      scratchDir,
      container: containerFor(fileFormat, codec),
      picture,
      sound: picture === null,
      onStep,
    });
    this.#open = { file, startNs, codec, soundNs: startNs };
    return this.#open;
  }
}

/** Makes the files, none where the source never was on. Rejects, leaving nothing unfinished behind, where journal or disk refuses. */
export const copyTrack = async (options: CopyTrackOptions): Promise<CopiedPart[]> => {
  const feed = await options.openFeed();
  const { timeline, span } = feed;
  const Lane = mediaKindOf(options.source) === 'video' ? PictureLane : SoundLane;
  const lane = new Lane(timeline, options.participantId, options.source);
  const files = new TrackFiles(options, span.startNs);
  let endNs = span.startNs;
  try {
    for await (const { fromNs, toNs } of windowsOf(feed)) {
      for (const step of lane.steps(fromNs, toNs)) await files.take(step);
      endNs = toNs;
    }
    await files.finish(endNs);
    return files.parts;
  } catch (error) {
    await files.discard();
    throw error;
  } finally {
    await feed.close();
  }
};
