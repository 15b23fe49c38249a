/**
 * Whether a file may begin with a keyframe: a decoder has to take it. What a file says of itself at its head is read from that keyframe, and
 * damage there would cost not a picture but the file. Tells the picture's true size, too, which headers may keep to themselves.
 */
import { Codec, CodecContext, Dictionary } from 'node-av/lib';
import { check, newFrame, newPacket } from '../composition/av.ts';
import type { Guard } from '../composition/careful-decoding.ts';
import type { Size } from '../domain/layout.ts';
import type { VideoCodec } from '../domain/media.ts';
import type { VideoFrame } from '../timeline/types.ts';
import { CODEC_IDS } from './codec-ids.ts';

/** 5K, and as much again as sizes are padded: a header that claims 16383² is refused before memory is taken for it. */
const MAX_PIXELS = Math.round(5120 * 2880 * 1.1);

/** What a decoder says of a stream, given its first picture. */
export interface FirstPicture extends Size {
  /** So many pictures may be sent before one that is shown earlier: 0 without B-frames. */
  readonly reordered: number;
}

/** Judges a picture; null: no file may begin with it. Never rejects because of what its bytes hold. */
export type JudgeFirst = (frame: VideoFrame, codec: VideoCodec) => Promise<FirstPicture | null>;

/** Takes keyframes that a decoder takes. The guard may know that somebody died over one. */
export const judgeUnder =
  (guard: Guard): JudgeFirst =>
  async (frame, codec) => {
    if (!frame.keyframe) return null;
    const { stream, timeNs, data } = frame;
    return guard({ stream, timeNs }, (shunned) => (shunned ? null : decoded(codec, data)));
  };

/** Null: no decoder takes it. */
const decoded = async (codec: VideoCodec, keyframe: Buffer): Promise<FirstPicture | null> => {
  const decoder = Codec.findDecoder(CODEC_IDS[codec]);
  if (!decoder) throw new Error(`The media library has no decoder for ${codec}.`);
  const context = new CodecContext();
  context.allocContext3(decoder);
  context.threadCount = 1;
  const options = Dictionary.fromObject({ max_pixels: String(MAX_PIXELS), err_detect: 'explode' });
  const packet = newPacket();
  const frame = newFrame();
  try {
    check(await context.open2(decoder, options), `Opening the ${codec} decoder`);
    packet.data = keyframe;
    packet.isKeyframe = true;
    if ((await context.sendPacket(packet)) < 0) return null;
    await context.sendPacket(null);
    if ((await context.receiveFrame(frame)) < 0) return null;
    return { width: frame.width, height: frame.height, reordered: context.hasBFrames };
  } finally {
    packet.free();
    frame.free();
    context.freeContext();
  }
};
