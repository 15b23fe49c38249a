import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../../src/domain/media.ts';
import { keyframeSize } from '../../../../src/rooms/rtp/frame-size.ts';
import { beginsKeyframe } from '../../../../src/rooms/rtp/keyframe.ts';
import { randomBytes, seededRandom } from '../seeded-random.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const begins = (codec: Codec, text: string): boolean => beginsKeyframe(codec, hex(text), 0, hex(text).length);
const size = (codec: Codec, text: string) => keyframeSize(codec, hex(text), 0, hex(text).length);

describe('keyframes', () => {
  it('VP8: first partition, first packet, P bit clear', () => {
    const key = '90 80 8001 10 02 00 9d012a 8002 6801';
    expect(begins('vp8', key)).toBe(true);
    expect(size('vp8', key)).toEqual({ width: 640, height: 360 });
    expect(begins('vp8', '90 80 8001 11 02 00 9d012a')).toBe(false);
    expect(begins('vp8', '80 80 8001 10 02 00')).toBe(false);
    expect(begins('vp8', '10 10 02 00 9d012a 8002 6801')).toBe(true);
  });

  it('VP9: begins a picture that is not predicted; size from the scalability structure', () => {
    // I, L, B, V (non-flexible): picture id 1, layer indices, base index, one layer 320×180.
    const key = 'aa 8001 00 00 10 0140 00b4';
    expect(begins('vp9', key)).toBe(true);
    expect(size('vp9', key)).toEqual({ width: 320, height: 180 });
    expect(begins('vp9', 'ea 8001 00 00')).toBe(false);
    expect(begins('vp9', 'a0 8001 00 00')).toBe(false);
    expect(begins('vp9', 'a8 8001 02 00')).toBe(false);
  });

  it('H.264: parameter set or IDR, alone, aggregated or fragmented; size from the parameter set', () => {
    // An SPS of constrained baseline 1280×720 as x264 writes it.
    const sps = '6742c01fd9005005bb016a02020280000003008000001e478c1924';
    expect(begins('h264', sps)).toBe(true);
    expect(size('h264', sps)).toEqual({ width: 1280, height: 720 });
    const aggregated = `18 001b ${sps} 0004 68cb8cb2`;
    expect(begins('h264', aggregated)).toBe(true);
    expect(size('h264', aggregated)).toEqual({ width: 1280, height: 720 });
    expect(begins('h264', '65 8880')).toBe(true);
    expect(begins('h264', '7c 85 8880')).toBe(true);
    expect(begins('h264', '7c 05 8880')).toBe(false);
    expect(begins('h264', '41 9a')).toBe(false);
    expect(begins('h264', '5c 81 9a')).toBe(false);
  });

  it('AV1: a new coded video sequence; size from its sequence header', () => {
    // W=1, N; sequence header OBU: profile 0, one operating point, level 5, 16-bit sizes, 640×360.
    const bits =
      '000 0 0 0 0 00000 000000000000 00101 1111 1111 0000001001111111 0000000101100111'.replaceAll(' ', '') +
      '0000000';
    const body = bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
    const packet = Buffer.from([0x18, 0x08, ...body, 0]);
    expect(beginsKeyframe('av1', packet, 0, packet.length)).toBe(true);
    expect(keyframeSize('av1', packet, 0, packet.length)).toEqual({ width: 640, height: 360 });
    expect(begins('av1', '10 30')).toBe(false);
    expect(begins('av1', '88 30')).toBe(false);
  });

  it('any bytes are judged without throwing', () => {
    const random = seededRandom(9);
    const codecs: Codec[] = ['vp8', 'vp9', 'h264', 'av1', 'opus'];
    for (let round = 0; round < 20_000; round++) {
      const bytes = randomBytes(random, Math.floor(random() * 40));
      for (const codec of codecs) {
        beginsKeyframe(codec, bytes, Math.min(2, bytes.length), bytes.length);
        keyframeSize(codec, bytes, Math.min(2, bytes.length), bytes.length);
      }
    }
  });
});
