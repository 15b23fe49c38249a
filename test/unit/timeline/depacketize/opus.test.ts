import { describe, expect, it } from 'vitest';
import { isRedFmtp, opusDuration, redPrimary } from '../../../../src/timeline/depacketize/opus.ts';
import { opusPacket } from '../support/rtp.ts';

describe('opusDuration', () => {
  it.each([
    ['SILK 10 ms', [0 << 3], 480],
    ['SILK 60 ms', [3 << 3], 2880],
    ['hybrid 20 ms', [13 << 3], 960],
    ['CELT 2.5 ms', [16 << 3], 120],
    ['CELT 20 ms', [31 << 3], 960],
    ['two frames of 20 ms', [(31 << 3) | 1], 1920],
    ['three frames of 20 ms', [(31 << 3) | 3, 3], 2880],
    ['six frames of 20 ms, the most', [(31 << 3) | 3, 6], 5760],
    ['seven frames of 20 ms: malformed', [(31 << 3) | 3, 7], 0],
    ['no frames: malformed', [(31 << 3) | 3, 0], 0],
    ['nothing: malformed', [], 0],
  ])('of %s', (_, bytes, samples) => expect(opusDuration(Buffer.from(bytes))).toBe(samples));
});

describe('redPrimary', () => {
  const block = (length: number): Buffer => Buffer.from([0x80 | 111, 0x0f, 0x00 | (length >> 8), length & 0xff]);
  const primary = opusPacket(7);

  it('is what follows the redundant blocks', () => {
    const payload = Buffer.concat([block(5), block(3), Buffer.from([111]), Buffer.alloc(8, 1), primary]);
    expect(redPrimary(payload, 111)).toEqual(primary);
    expect(redPrimary(payload, null)).toEqual(primary);
  });

  it('is null where the type is another, or lengths contradict', () => {
    const payload = Buffer.concat([block(5), Buffer.from([111]), Buffer.alloc(5), primary]);
    expect(redPrimary(payload, 96)).toBeNull();
    expect(redPrimary(Buffer.concat([block(500), Buffer.from([111]), primary]), 111)).toBeNull();
    expect(redPrimary(Buffer.from([0xff, 0xff]), null)).toBeNull();
    expect(redPrimary(Buffer.alloc(0), null)).toBeNull();
  });

  it('is told by its SDP parameters', () => {
    expect(isRedFmtp('111/111')).toBe(true);
    expect(isRedFmtp('minptime=10;useinbandfec=1')).toBe(false);
  });
});
