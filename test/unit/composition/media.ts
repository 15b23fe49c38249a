/** Small encoded tracks for tests, made once a process. Sound is stamped as browsers stamp it: with the time of the samples that went in. */
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CHANNEL_LAYOUT_STEREO,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLT,
  FF_ENCODER_LIBOPUS,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, Rational } from 'node-av/lib';
import { check, newFrame, newPacket, newPicture, planesOf } from '../../../src/composition/av.ts';
import type { Size } from '../../../src/domain/layout.ts';
import type { VideoCodec } from '../../../src/domain/media.ts';
import { encodeVideo } from '../../../src/synthetic/encode.ts';
import type { EncodedFrame, EncodedTrack } from '../../../src/synthetic/encoded-track.ts';

const OPUS_FRAME = 960;
const made = new Map<string, Promise<EncodedTrack>>();

/** A picture in the identity colour `index`, keyframes once a second. */
export const camera = (codec: VideoCodec, index: number, seconds: number, size: Size = { width: 320, height: 180 }) => {
  const key = `${codec} ${index} ${seconds} ${size.width}`;
  const track =
    made.get(key) ??
    encodeVideo({ codec, size, fps: 30, seconds, turn: { index, of: 4 }, name: `P${index}`, content: 'plain' });
  made.set(key, track);
  return track;
};

/** Opus of what `sample` gives for each sample: one number for mono, two for stereo. */
export const sound = async (
  seconds: number,
  sample: (n: number) => number | readonly [number, number],
  channels: 1 | 2 = 1,
): Promise<EncodedTrack> => {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBOPUS);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.sampleRate = 48_000;
  context.channelLayout = channels === 1 ? AV_CHANNEL_LAYOUT_MONO : AV_CHANNEL_LAYOUT_STEREO;
  context.sampleFormat = AV_SAMPLE_FMT_FLT;
  context.bitRate = 96_000n;
  check(
    await context.open2(codec, Dictionary.fromObject({ application: 'audio', frame_duration: '20' })),
    'Opening Opus',
  );
  const [frame, packet] = [newFrame(), newPacket()];
  frame.format = AV_SAMPLE_FMT_FLT;
  frame.sampleRate = 48_000;
  frame.channelLayout = context.channelLayout;
  frame.nbSamples = OPUS_FRAME;
  check(frame.getBuffer(0), 'Allocating sound');
  const frames: EncodedFrame[] = [];
  const drain = () => {
    while (context.receivePacketSync(packet) >= 0) {
      const data = Buffer.from(packet.data ?? []);
      frames.push({ time: frames.length * OPUS_FRAME, keyframe: true, level: 0, data });
      packet.unref();
    }
  };
  const count = seconds * 50;
  for (let block = 0; block < count; block++) {
    check(frame.makeWritable(), 'Writing sound');
    const values = new Float32Array(OPUS_FRAME * channels);
    for (let i = 0; i < OPUS_FRAME; i++) values.set([sample(block * OPUS_FRAME + i)].flat(), i * channels);
    const [plane] = frame.data ?? [];
    if (plane) Buffer.from(values.buffer).copy(plane);
    frame.pts = BigInt(block * OPUS_FRAME);
    check(context.sendFrameSync(frame), 'Encoding sound');
    drain();
  }
  context.sendFrameSync(null);
  drain();
  context.freeContext();
  const duration = count * OPUS_FRAME;
  return { codec: 'opus', clockRate: 48_000, duration, width: 0, height: 0, frames: frames.slice(0, count) };
};

export const sine = (hz: number, amplitude: number) => (n: number) =>
  amplitude * Math.sin((2 * Math.PI * hz * n) / 48_000);

/** H.264 with B-frames, keyframes 15 pictures apart, 30 a second; luma of a picture is 20 and three times its number. */
export const reorderedCamera = async (pictures: number): Promise<EncodedTrack> => {
  const size = { width: 320, height: 180 };
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  const context = new CodecContext();
  context.allocContext3(codec);
  [context.width, context.height, context.pixelFormat] = [size.width, size.height, AV_PIX_FMT_YUV420P];
  [context.timeBase, context.gopSize, context.maxBFrames] = [new Rational(1, 30), 15, 2];
  const options = { preset: 'veryfast', 'x264-params': 'qp=4:scenecut=0:b-adapt=0:repeat-headers=1:threads=1' };
  check(await context.open2(codec, Dictionary.fromObject(options)), 'Opening the encoder');
  const [frame, packet] = [newPicture(size), newPacket()];
  const frames: EncodedFrame[] = [];
  for (let number = 0; number <= pictures; number++) {
    check(frame.makeWritable(), 'Drawing');
    planesOf(frame).data[0].fill(20 + 3 * number);
    frame.pts = BigInt(number);
    check(await context.sendFrame(number < pictures ? frame : null), 'Encoding');
    while (context.receivePacketSync(packet) >= 0) {
      const [data, keyframe] = [Buffer.from(packet.data ?? []), packet.isKeyframe];
      frames.push({ time: Number(packet.pts) * 3000, keyframe, level: 0, data });
      packet.unref();
    }
  }
  context.freeContext();
  packet.free();
  frame.free();
  return { codec: 'h264', clockRate: 90_000, duration: pictures * 3000, ...size, frames };
};
