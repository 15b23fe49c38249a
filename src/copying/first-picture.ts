/**
 * Whether a file may begin with a keyframe: a decoder has to take it. What a file says of itself at its head is read from that keyframe, and
 * damage there would cost not a picture but the file. Tells the picture's true size, too, which headers may keep to themselves.
 */
import { Codec, CodecContext, Dictionary } from 'node-av/lib';
import { check, newFrame, newPacket } from '../composition/av.ts';
import type { Size } from '../domain/layout.ts';
import type { VideoCodec } from '../domain/media.ts';
import { CODEC_IDS } from './codec-ids.ts';

/** 5K, and as much again as sizes are padded: a header that claims 16383² is refused before memory is taken for it. */
const MAX_PIXELS = Math.round(5120 * 2880 * 1.1);

/** The size of the decoded picture; null: no decoder takes it. Never rejects because of what the bytes hold. */
export const sizeIfDecodable = async (codec: VideoCodec, keyframe: Buffer): Promise<Size | null> => {
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
    return (await context.receiveFrame(frame)) < 0 ? null : { width: frame.width, height: frame.height };
  } finally {
    packet.free();
    frame.free();
    context.freeContext();
  }
};
