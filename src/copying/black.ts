/**
 * Black keyframes, to stand where a camera shows nothing: encoded once for each codec and size, and written as often as they are needed.
 * They decode alone, and whatever follows them begins with a keyframe of its own.
 */
import {
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_MPEG,
  FF_ENCODER_LIBSVTAV1,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
  type FFVideoEncoder,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, type Frame, Rational } from 'node-av/lib';
import { check, newPacket, newPicture, planesOf } from '../composition/av.ts';
import type { Size } from '../domain/layout.ts';
import type { VideoCodec } from '../domain/media.ts';

/** Parameter sets and sequence headers stand in the frame itself: it has to decode beside those of the sender. */
const ENCODERS: Record<VideoCodec, { readonly name: FFVideoEncoder; readonly options: Record<string, string> }> = {
  vp8: { name: FF_ENCODER_LIBVPX_VP8, options: { deadline: 'realtime', 'lag-in-frames': '0', 'auto-alt-ref': '0' } },
  vp9: { name: FF_ENCODER_LIBVPX_VP9, options: { deadline: 'realtime', 'lag-in-frames': '0', 'auto-alt-ref': '0' } },
  h264: { name: FF_ENCODER_LIBX264, options: { preset: 'ultrafast', tune: 'zerolatency', profile: 'baseline' } },
  av1: { name: FF_ENCODER_LIBSVTAV1, options: { preset: '12', 'svtav1-params': 'pred-struct=1:lp=1' } },
};

/** SVT-AV1 tells standard error of its settings each time it is opened; 1: of errors alone. */
process.env.SVT_LOG ??= '1';

const blackPicture = (size: Size): Frame => {
  const picture = newPicture(size);
  const [y, u, v] = planesOf(picture).data;
  y.fill(16);
  u.fill(128);
  v.fill(128);
  return picture;
};

const encode = async (codec: VideoCodec, size: Size): Promise<Buffer> => {
  const { name, options } = ENCODERS[codec];
  const encoder = Codec.findEncoderByName(name);
  if (!encoder) throw new Error(`The media library has no encoder for ${codec}.`);
  const context = new CodecContext();
  context.allocContext3(encoder);
  context.width = size.width;
  context.height = size.height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.colorRange = AVCOL_RANGE_MPEG;
  context.timeBase = new Rational(1, 1);
  context.framerate = new Rational(1, 1);
  context.maxBFrames = 0;
  context.threadCount = 1;
  const picture = blackPicture(size);
  const packet = newPacket();
  try {
    check(await context.open2(encoder, Dictionary.fromObject(options)), `Opening the ${codec} encoder`);
    picture.pts = 0n;
    check(await context.sendFrame(picture), 'Encoding black');
    check(await context.sendFrame(null), 'Ending black');
    check(await context.receivePacket(packet), 'Encoding black');
    const frame = Buffer.from(packet.data ?? []);
    packet.unref();
    while ((await context.receivePacket(packet)) >= 0) packet.unref();
    return frame;
  } finally {
    packet.free();
    picture.free();
    context.freeContext();
  }
};

export class BlackFrames {
  readonly #frames = new Map<string, Promise<Buffer>>();

  /** A keyframe. Sizes are rounded up to even. */
  of(codec: VideoCodec, { width, height }: Size): Promise<Buffer> {
    const size = { width: Math.ceil(width / 2) * 2, height: Math.ceil(height / 2) * 2 };
    const key = `${codec} ${size.width}x${size.height}`;
    const known = this.#frames.get(key);
    if (known) return known;
    const frame = encode(codec, size);
    this.#frames.set(key, frame);
    return frame;
  }
}
