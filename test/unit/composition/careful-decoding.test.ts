import { expect, test } from 'vitest';
import { decodeWith, guardWith } from '../../../src/composition/careful-decoding.ts';
import { VideoDecoder } from '../../../src/composition/decoder.ts';
import { OpusDecoder } from '../../../src/composition/opus-decoder.ts';
import type { VideoFrame } from '../../../src/timeline/types.ts';
import { camera, sine, sound } from './media.ts';

const frames = async (seconds: number): Promise<VideoFrame[]> =>
  (await camera('vp8', 0, seconds)).frames.map(({ data, keyframe }, timeNs) => ({
    stream: 1,
    timeNs,
    keyframe,
    decodable: true,
    data,
    size: null,
  }));

test('a frame that is shunned counts as damaged: frozen until the next keyframe, wherever the decoder entered', async () => {
  const all = await frames(3);
  const keyframes = all.filter(({ keyframe }) => keyframe).map(({ timeNs }) => timeNs);
  const [, second = 0, third = 0] = keyframes;
  const shunned = [5, second].map((timeNs) => ({ stream: 1, timeNs }));
  let steps = 0;
  const { frame: decodeFrame } = decodeWith(guardWith({ shunned, careful: null, onStep: () => (steps += 1) }));
  const decoder = await VideoDecoder.open('vp8');
  const fresh: number[] = [];
  for (const frame of all) {
    if (await decodeFrame(decoder, frame)) fresh.push(frame.timeNs);
    // Frozen after a picture that is shunned, empty after a keyframe that is.
    if (frame.timeNs === second - 1) expect(decoder.picture).not.toBeNull();
    if (frame.timeNs === third - 1) expect(decoder.picture).toBeNull();
  }
  const whole = all.slice(third).map(({ timeNs }) => timeNs);
  expect(fresh).toEqual([0, 1, 2, 3, 4, ...whole]);
  expect(decoder.errors).toBe(2);
  expect(steps).toBe(all.length);
  decoder.close();
});

test('with care, one frame at a time is named before it is decoded, of all decoders', async () => {
  const all = (await frames(1)).slice(0, 6);
  const told: string[] = [];
  const careful = {
    before: async ({ stream, timeNs }: { stream: number; timeNs: number }) => {
      told.push(`before ${stream} ${timeNs}`);
    },
    after: () => void told.push('after'),
  };
  const { frame: decodeFrame } = decodeWith(guardWith({ shunned: [], careful, onStep: () => undefined }));
  const track = async (stream: number) => {
    const decoder = await VideoDecoder.open('vp8');
    for (const frame of all) expect(await decodeFrame(decoder, { ...frame, stream })).toBe(true);
    decoder.close();
  };
  await Promise.all([track(1), track(2)]);
  expect(told).toHaveLength(2 * 2 * all.length);
  for (const [i, line] of told.entries()) expect(line.startsWith(i % 2 === 0 ? 'before' : 'after')).toBe(true);
});

test('a packet of sound is named and shunned as a picture is: silence', async () => {
  const { frames } = await sound(1, sine(440, 0.3));
  const packets = frames.slice(0, 10).map(({ data }, i) => ({ stream: 2, startNs: i, endNs: i + 1, data }));
  const named: number[] = [];
  const careful = {
    before: async ({ timeNs }: { timeNs: number }) => void named.push(timeNs),
    after: () => undefined,
  };
  const shunned = [{ stream: 2, timeNs: 4 }];
  const decoding = decodeWith(guardWith({ shunned, careful, onStep: () => undefined }));
  const decoder = await OpusDecoder.open();
  const heard: number[] = [];
  for (const packet of packets) if (await decoding.sound(decoder, packet)) heard.push(packet.startNs);
  expect(heard).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
  expect(named).toEqual(packets.map(({ startNs }) => startNs));
  // What was lost is nobody's to decode.
  expect(decoding.sound(decoder, { stream: 2, startNs: 10, endNs: 11, data: null })).toBeNull();
  expect(named).toHaveLength(10);
  decoder.close();
});
