import { describe, expect, it } from 'vitest';
import { parseRtp } from '../../../src/timeline/rtp-packet.ts';
import { rtpPacket } from './support/rtp.ts';

const payload = Buffer.from('payload');
const plain = { payloadType: 96, sequence: 65_535, timestamp: 0xfffffff0, marker: true, payload };

describe('parseRtp', () => {
  it.each([
    ['plain', {}],
    ['with CSRCs', { csrcs: 3 }],
    ['with a header extension', { extensionWords: 2 }],
    ['with an empty header extension', { extensionWords: 0 }],
    ['with padding', { padding: 9 }],
    ['with all of them', { csrcs: 15, extensionWords: 5, padding: 255 }],
  ])('reads a packet %s', (_, extra) => expect(parseRtp(rtpPacket({ ...plain, ...extra }))).toEqual(plain));

  it('gives an empty payload for padding alone', () => {
    expect(parseRtp(rtpPacket({ ...plain, payload: Buffer.alloc(0), padding: 224 }))?.payload).toHaveLength(0);
  });

  it('is null for what is not RTP or contradicts itself', () => {
    const packet = rtpPacket({ ...plain, csrcs: 2, extensionWords: 1, padding: 4 });
    for (let length = 0; length < 12; length += 1) expect(parseRtp(packet.subarray(0, length))).toBeNull();
    const version = Buffer.from(packet);
    version[0] = 0x40;
    expect(parseRtp(version)).toBeNull();
    const padding = rtpPacket({ ...plain, padding: 4 });
    padding[padding.length - 1] = 200;
    expect(parseRtp(padding)).toBeNull();
    const extension = rtpPacket({ ...plain, extensionWords: 1 });
    extension.writeUInt16BE(60_000, 14);
    expect(parseRtp(extension)).toBeNull();
  });
});
