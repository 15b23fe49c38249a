/**
 * The participant form: one file with a participant's camera and microphone, as long as the recording, by copying coded packets. Where the
 * camera is off it shows black, where the microphone is off it is silent. Pictures lost on the way leave the last one standing.
 *
 * A sender that goes on with another codec gets another file from there on: no container changes codecs in the middle.
 */

import type { ParticipantId } from '../domain/ids.ts';
import type { VideoCodec } from '../domain/media.ts';
import { NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';
import type { VideoFrame } from '../timeline/types.ts';
import { BlackFrames } from './black.ts';
import { type CopyFeed, windowsOf } from './copy-feed.ts';
import type { JudgeFirst } from './first-picture.ts';
import { type First, ParticipantFile } from './participant-file.ts';
import { type CopiedPart, partName } from './parts.ts';
import { PictureLane, type PictureStep } from './picture-lane.ts';
import { SoundLane, type SoundPacket } from './sound-lane.ts';

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

/** The files of one recording, the last of them under way. */
class ParticipantFiles {
  readonly #options: CopyParticipantOptions;
  readonly #startNs: SessionTimeNs;
  /** Nothing before it is shown. */
  readonly #first: First | null;
  readonly #black = new BlackFrames();
  readonly #parts: CopiedPart[] = [];
  #file: ParticipantFile | null = null;
  #endNs: SessionTimeNs;

  constructor(options: CopyParticipantOptions, startNs: SessionTimeNs, first: First | null) {
    this.#options = options;
    this.#startNs = startNs;
    this.#first = first;
    this.#endNs = startNs;
  }

  /** Takes everything that is seen and heard up to a time, in order. */
  async take(toNs: SessionTimeNs, seen: readonly PictureStep[], heard: readonly SoundPacket[]): Promise<void> {
    let file = await this.#current();
    let next = 0;
    for (const step of seen) {
      if (step.type === 'off') file.dark(step.atNs);
      if (step.type !== 'picture') continue;
      const { frame, codec } = step;
      for (let packet = heard[next]; packet && packet.startNs < frame.timeNs; packet = heard[next]) {
        file.sound(packet);
        next += 1;
      }
      if (!this.#first || frame.timeNs < this.#first.frame.timeNs) continue;
      if (codec !== file.codec && !(await this.#change(frame, codec))) continue;
      file = await this.#current();
      await file.picture(frame);
    }
    for (const packet of heard.slice(next)) file.sound(packet);
    await file.reached(toNs);
    this.#endNs = toNs;
  }

  /** Completes the last one. */
  async finish(): Promise<readonly CopiedPart[]> {
    await this.#complete(await this.#current());
    return this.#parts;
  }

  async discard(): Promise<void> {
    await this.#file?.discard();
  }

  async #current(): Promise<ParticipantFile> {
    this.#file ??= await this.#open(this.#startNs, this.#first);
    return this.#file;
  }

  /** Goes on in another file. False: nothing may begin with this picture. */
  async #change(frame: VideoFrame, codec: VideoCodec): Promise<boolean> {
    const first = await asFirst(this.#options.judgeFirst, frame, codec);
    if (!first) return false;
    this.#endNs = frame.timeNs;
    await this.#complete(await this.#current());
    this.#file = await this.#open(frame.timeNs, first);
    return true;
  }

  async #complete(file: ParticipantFile): Promise<void> {
    const offsetSeconds = (file.startNs - this.#startNs) / NS_PER_S;
    this.#parts.push({ facts: await file.finish(this.#endNs), offsetSeconds });
  }

  #open(startNs: SessionTimeNs, first: First | null): Promise<ParticipantFile> {
    const { artifactPath, scratchDir, fileFormat, onStep } = this.#options;
    const path = partName(artifactPath, this.#parts.length);
    return ParticipantFile.open({ path, scratchDir, startNs, fileFormat, black: this.#black, onStep }, first);
  }
}

/** Makes the file, or the files. Rejects, leaving nothing unfinished behind, where the journal or the disk refuses. */
export const copyParticipant = async (options: CopyParticipantOptions): Promise<readonly CopiedPart[]> => {
  const { openFeed, participantId, judgeFirst } = options;
  const scout = await openFeed();
  const first = await findFirstPicture(scout, participantId, judgeFirst).finally(() => scout.close());
  const feed = await openFeed();
  const files = new ParticipantFiles(options, feed.span.startNs, first);
  try {
    const pictures = new PictureLane(feed.timeline, participantId, 'camera');
    const sounds = new SoundLane(feed.timeline, participantId, 'microphone');
    for await (const { fromNs, toNs } of windowsOf(feed)) {
      const heard = sounds.steps(fromNs, toNs).filter((step) => step.type === 'sound');
      await files.take(toNs, pictures.steps(fromNs, toNs), heard);
    }
    return await files.finish();
  } catch (error) {
    await files.discard();
    throw error;
  } finally {
    await feed.close();
  }
};
