import { describe, expect, it } from 'vitest';
import { parseRtp } from '../../../src/timeline/rtp-packet.ts';
import { rtpPacket } from './support/rtp.ts';

const payload = Buffer.from('payload');
const plain = { payloadType: 96, sequence: 65_535, timestamp: 0xfffffff0, marker: true, payload };
const told = { ...plain, colour: null };
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('parseRtp', () => {
  it.each([
    ['plain', {}],
    ['with CSRCs', { csrcs: 3 }],
    ['with a header extension', { extensionWords: 2 }],
    ['with an empty header extension', { extensionWords: 0 }],
    ['with padding', { padding: 9 }],
    ['with all of them', { csrcs: 15, extensionWords: 5, padding: 255 }],
  ])('reads a packet %s', (_, extra) => expect(parseRtp(rtpPacket({ ...plain, ...extra }))).toEqual(told));

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

describe('the colour extension', () => {
  const FULL_709 = { matrix: 'bt709', range: 'full' };
  const colourIn = (extension: string, id = 8) =>
    parseRtp(rtpPacket({ ...plain, csrcs: 1, extension: hex(extension) }), id)?.colour;

  it.each([
    ['alone', 'bede 0002 83 01010120 000000', FULL_709],
    ['behind others and padding', 'bede 0003 40 31 00 00 00 83 01010120 00 00', FULL_709],
    ['in the two-byte form', '1000 0002 08 04 01010120 0000', FULL_709],
    ['with HDR metadata', `1000 0008 08 1c 09100914 ${'00'.repeat(26)}`, { matrix: 'bt2020', range: 'limited' }],
    ['BT.601 without a range', 'bede 0002 83 06060600 000000', { matrix: 'bt601', range: null }],
    ['a range without a matrix', 'bede 0002 83 02020225 000000', { matrix: null, range: 'full' }],
    ['a derived range, an unknown matrix', 'bede 0002 83 01010e30 000000', null],
    ['of another length', 'bede 0002 82 010101 00000000', null],
    ['longer than the extension', 'bede 0001 83 010101', null],
    ['behind the reserved id', 'bede 0002 f0 00 83 01010120 00', null],
    ['under another id', 'bede 0002 73 01010120 000000', null],
    ['of another profile', 'abcd 0002 83 01010120 000000', null],
  ])('%s', (_, extension, colour) => expect(colourIn(extension)).toEqual(colour));

  it('is not looked for where it was not negotiated', () =>
    expect(colourIn('bede 0002 83 01010120 000000', 0)).toBeNull());
});
