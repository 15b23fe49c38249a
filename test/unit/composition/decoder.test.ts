import type { Frame } from 'node-av/lib';
import { afterEach, describe, expect, test } from 'vitest';
import { planesOf } from '../../../src/composition/av.ts';
import { VideoDecoder } from '../../../src/composition/decoder.ts';
import { VIDEO_CODECS, type VideoCodec } from '../../../src/domain/media.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import type { VideoFrame } from '../../../src/timeline/types.ts';
import { camera, reorderedCamera } from './media.ts';

const framesOf = (track: EncodedTrack): VideoFrame[] =>
  track.frames.map(({ data, keyframe, time }) => ({
    stream: 1,
    timeNs: time,
    keyframe,
    decodable: true,
    data,
    size: null,
  }));

let decoder: VideoDecoder | undefined;
afterEach(() => decoder?.close());

const open = async (codec: VideoCodec): Promise<VideoDecoder> => {
  decoder = await VideoDecoder.open(codec);
  return decoder;
};

describe.each(VIDEO_CODECS)('VideoDecoder, %s', (codec) => {
  test('shows each frame at once: no decoder holds pictures back', async () => {
    const decoder = await open(codec);
    for (const frame of framesOf(await camera(codec, 0, 1)).slice(0, 10)) {
      expect(await decoder.decode(frame)).toBe(true);
      expect([decoder.picture?.width, decoder.picture?.height]).toEqual([320, 180]);
    }
    expect(decoder.errors).toBe(0);
  });

  test('tells the colour of the picture that it shows, also while that one stands still', async () => {
    const decoder = await open(codec);
    const [key, second] = framesOf(await camera(codec, 0, 1));
    if (!key || !second) throw new Error('The track is too short.');
    const colour = { matrix: 'bt709', range: 'full' } as const;
    expect(decoder.colour).toBeNull();
    await decoder.decode({ ...key, colour });
    expect(decoder.colour).toBe(colour);
    await decoder.decode({ ...second, decodable: false });
    expect(decoder.colour).toBe(colour);
    await decoder.decode(key);
    expect(decoder.colour).toBeNull();
  });

  test('goes on through a change of size', async () => {
    const decoder = await open(codec);
    for (const width of [320, 640, 320]) {
      const track = await camera(codec, 0, 1, { width, height: (width * 9) / 16 });
      for (const frame of framesOf(track).slice(0, 3)) await decoder.decode(frame);
      expect(decoder.picture?.width).toBe(width);
    }
  });

  test('survives whatever bytes it is given, and the next keyframe shows again', async () => {
    const decoder = await open(codec);
    const frames = framesOf(await camera(codec, 0, 1)).slice(0, 12);
    let seed = 7;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed;
    };
    for (let round = 0; round < 6; round++) {
      for (const frame of frames) {
        const data = Buffer.from(frame.data);
        for (let i = 0; i < 20; i++) data[random() % data.length] = random() & 255;
        await decoder.decode({ ...frame, data: data.subarray(0, 1 + (random() % data.length)) });
      }
    }
    for (const frame of frames) await decoder.decode(frame);
    expect(decoder.picture?.width).toBe(320);
  });

  test('shows nothing before a keyframe', async () => {
    const decoder = await open(codec);
    const [, second] = framesOf(await camera(codec, 0, 1));
    if (!second) throw new Error('The track has one frame.');
    expect(await decoder.decode(second)).toBe(false);
    expect(decoder.picture).toBeNull();
  });

  test('freezes at what cannot be decoded', async () => {
    const decoder = await open(codec);
    const [first, second] = framesOf(await camera(codec, 0, 1));
    if (!first || !second) throw new Error('The track has one frame.');
    await decoder.decode(first);
    expect(await decoder.decode({ ...second, decodable: false })).toBe(false);
    expect(decoder.picture).not.toBeNull();
  });
});

test('a header that claims 16383x16383 is refused and leaves no picture', async () => {
  const decoder = await open('vp8');
  const [key] = framesOf(await camera('vp8', 0, 1));
  if (!key) throw new Error('The track is empty.');
  await decoder.decode(key);
  const data = Buffer.from(key.data);
  data.writeUInt16LE(16383, 6);
  data.writeUInt16LE(16383, 8);
  const before = process.memoryUsage.rss();
  expect(await decoder.decode({ ...key, data })).toBe(false);
  expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000);
  expect(decoder.picture).toBeNull();
  expect(decoder.errors).toBe(1);
  expect(await decoder.decode(key)).toBe(true);
});

test('a frame that is not to be shown leaves the picture, and those after it are shown again', async () => {
  const decoder = await open('vp8');
  const [key, second, third] = framesOf(await camera('vp8', 0, 1));
  if (!key || !second || !third) throw new Error('The track is too short.');
  // As libvpx writes an alternate reference: `show_frame` (RFC 6386 §9.1) is off.
  const hidden = Buffer.from(second.data);
  hidden[0] = (hidden[0] ?? 0) & ~0x10;
  await decoder.decode(key);
  expect(await decoder.decode({ ...second, data: hidden })).toBe(false);
  expect(decoder.picture).not.toBeNull();
  expect(await decoder.decode(third)).toBe(true);
  expect(decoder.errors).toBe(0);
});

const reordered = async (pictures: number): Promise<VideoFrame[]> =>
  (await reorderedCamera(pictures)).frames.map(({ data, keyframe }, timeNs) => ({
    stream: 1,
    timeNs,
    keyframe,
    decodable: true,
    data,
    size: null,
  }));

const numberOf = (luma: number | null | undefined): number => Math.round(((luma ?? 0) - 20) / 3);
const lumaOf = (picture: Frame | null): number | null => (picture ? (planesOf(picture).data[0][0] ?? null) : null);

test('pictures that are sent out of their order are shown, from the keyframe on, wherever the decoder enters', async () => {
  const frames = await reordered(60);
  const decoder = await open('h264');
  const seen: (number | null)[] = [];
  for (const frame of frames) {
    await decoder.decode(frame);
    seen.push(lumaOf(decoder.picture));
  }
  expect(decoder.errors).toBe(0);
  for (const [i, { keyframe }] of frames.entries()) if (keyframe) expect(numberOf(seen[i])).toBe(i);
  // Never back, and never more than the reordering late.
  for (const [i, luma] of seen.entries()) {
    expect(Math.abs(numberOf(luma) - i)).toBeLessThanOrEqual(4);
  }
  const second = frames.findIndex(({ keyframe }, i) => keyframe && i > 0);
  const entering = await VideoDecoder.open('h264');
  for (const [i, frame] of frames.slice(second).entries()) {
    await entering.decode(frame);
    expect(lumaOf(entering.picture)).toBe(seen[second + i]);
  }
  entering.close();
});
