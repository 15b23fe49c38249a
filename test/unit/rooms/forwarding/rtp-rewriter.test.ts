import { describe, expect, it } from 'vitest';
import { RtpRewriter } from '../../../../src/rooms/forwarding/rtp-rewriter.ts';

const vp8 = (picture: number, base: number): Buffer =>
  Buffer.from([0x90, 0xc0, 0x80 | (picture >> 8), picture & 0xff, base, 0x10]);

describe('RtpRewriter', () => {
  it('makes one stream of two sources: numbers go on, timestamps advance as wished', () => {
    const rewriter = new RtpRewriter(1000);
    rewriter.begin(50, 7000, 0);
    expect(rewriter.sequence(50, 7000)).toBe(1000);
    expect(rewriter.sequence(53, 10_000)).toBe(1003);
    expect(rewriter.sequence(51, 7000)).toBe(1001);
    expect(rewriter.highestTimestamp).toBe(10_000);
    rewriter.begin(900, 123_456, 13_000);
    expect(rewriter.sequence(900, 123_456)).toBe(1004);
    expect(rewriter.highestTimestamp).toBe(13_000);
    expect(rewriter.sequence(899, 120_000)).toBe(-1);
    expect(rewriter.sequence(901, 126_456)).toBe(1005);
    expect(rewriter.highestTimestamp).toBe(16_000);
  });

  it('never lets a new source begin at or before the last picture', () => {
    const rewriter = new RtpRewriter(0);
    rewriter.begin(0, 90_000, 0);
    rewriter.sequence(0, 90_000);
    rewriter.begin(0, 5, 80_000);
    rewriter.sequence(0, 5);
    expect(rewriter.highestTimestamp).toBe(90_090);
  });

  it('timestamps wrap', () => {
    const rewriter = new RtpRewriter(0);
    rewriter.begin(0, 2 ** 32 - 100, 0);
    rewriter.sequence(0, 2 ** 32 - 100);
    rewriter.begin(0, 1_000_000, 2 ** 32 + 2_900);
    rewriter.sequence(0, 1_000_000);
    expect(rewriter.highestTimestamp).toBe(2_900);
  });

  it('picture ids and base indices go on over a change of source, and repeats keep the shift of their time', () => {
    const rewriter = new RtpRewriter(0);
    rewriter.begin(0, 0, 0);
    const first = vp8(0x7ffe, 9);
    rewriter.rewritePayload('vp8', first, 0, first.length);
    expect(first).toEqual(vp8(0x7ffe, 9));
    const { shift } = rewriter;
    rewriter.begin(0, 0, 0);
    const second = vp8(100, 200);
    rewriter.rewritePayload('vp8', second, 0, second.length);
    expect(second).toEqual(vp8(0x7fff, 10));
    const third = vp8(101, 201);
    rewriter.rewritePayload('vp8', third, 0, third.length);
    expect(third).toEqual(vp8(0, 11));
    const repeated = vp8(0x7ffe, 9);
    if (shift) rewriter.repeatPayload('vp8', shift, repeated, 0, repeated.length);
    expect(repeated).toEqual(vp8(0x7ffe, 9));
  });

  it('VP9: picture id and base index behind the layer indices', () => {
    const rewriter = new RtpRewriter(0);
    rewriter.begin(0, 0, 0);
    const first = Buffer.from([0xa8, 0x05, 0x00, 0x07, 0xff]);
    rewriter.rewritePayload('vp9', first, 0, first.length);
    rewriter.begin(0, 0, 0);
    const second = Buffer.from([0xa8, 0x60, 0x00, 0x99, 0xff]);
    rewriter.rewritePayload('vp9', second, 0, second.length);
    expect([...second]).toEqual([0xa8, 0x06, 0x00, 0x08, 0xff]);
  });
});
