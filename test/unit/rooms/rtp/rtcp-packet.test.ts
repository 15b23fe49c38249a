import { describe, expect, it } from 'vitest';
import {
  buildFir,
  buildNack,
  buildPli,
  buildReceiverReport,
  buildRemb,
  buildSenderReport,
  byeSources,
  firSources,
  nackSequences,
  rembBitrate,
  reportBlocks,
  rtcpParts,
} from '../../../../src/rooms/rtp/rtcp-packet.ts';
import { randomBytes, seededRandom } from '../seeded-random.ts';

const hex = (text: string): string => text.replaceAll(' ', '');

describe('RTCP as bytes', () => {
  it('NACK: pairs of a number and the sixteen after it (RFC 4585 §6.2.1)', () => {
    const packet = buildNack(1, 2, [10, 11, 26, 27, 65_535 + 1]);
    // 10 with 11 (bit 0) and 26 (bit 15); 27 alone; 65536 is sequence number 0.
    expect(packet.toString('hex')).toBe(hex('81cd0005 00000001 00000002 000a8001 001b0000 00000000'));
    expect(nackSequences(packet)).toEqual([10, 11, 26, 27, 0]);
  });

  it('a NACK goes on over the wrap of sequence numbers', () => {
    expect(nackSequences(buildNack(1, 2, [65_534, 65_535, 65_536, 65_537]))).toEqual([65_534, 65_535, 0, 1]);
  });

  it('PLI, FIR and REMB', () => {
    expect(buildPli(1, 2).toString('hex')).toBe(hex('81ce0002 00000001 00000002'));
    expect(buildFir(1, 2, 3).toString('hex')).toBe(hex('84ce0004 00000001 00000000 00000002 03000000'));
    expect(firSources(buildFir(1, 2, 3))).toEqual([2]);
    const remb = buildRemb(1, [5, 6], 3_000_000);
    // 3 000 000 = 187 500 × 2⁴.
    expect(remb.toString('hex')).toBe(hex('8fce0006 00000001 00000000 52454d42 0212dc6c 00000005 00000006'));
    expect(rembBitrate(remb)).toBe(3_000_000);
  });

  it('a receiver report with its CNAME', () => {
    const packet = buildReceiverReport(1, 'ab', [
      {
        ssrc: 9,
        fractionLost: 64,
        cumulativeLost: 5,
        extendedHighest: 0x10002,
        jitter: 7,
        lastSenderReport: 0x11223344,
        delaySinceSenderReport: 65_536,
      },
    ]);
    expect(packet.toString('hex')).toBe(
      hex(
        '81c90007 00000001 00000009 40000005 00010002 00000007 11223344 00010000 81ca0003 00000001 01026162 00000000',
      ),
    );
    const [report] = rtcpParts(packet);
    expect(report && reportBlocks(report)).toEqual([
      { ssrc: 9, fractionLost: 64, lastSenderReport: 0x11223344, delaySinceSenderReport: 65_536 },
    ]);
  });

  it('a sender report is a compound that reads back', () => {
    const parts = [
      ...rtcpParts(
        buildSenderReport(
          { ssrc: 9, ntpSeconds: 1, ntpFraction: 2, rtpTimestamp: 2 ** 32 + 3, packets: 4, octets: 5 },
          'abc',
        ),
      ),
    ];
    expect(parts.map((part) => part.type)).toEqual([200, 202]);
    expect(parts[0]?.packet.toString('hex')).toBe(
      hex('80c80006 00000009 00000001 00000002 00000003 00000004 00000005'),
    );
  });

  it('BYE names its sources', () => {
    const [bye] = rtcpParts(Buffer.from(hex('82cb0002 00000001 00000002'), 'hex'));
    expect(bye && byeSources(bye)).toEqual([1, 2]);
  });

  it('takes any bytes without throwing', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 20_000; round++) {
      const bytes = randomBytes(random, Math.floor(random() * 80));
      if (bytes.length > 4) {
        bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
        bytes.writeUInt16BE(Math.floor(random() * 12), 2);
      }
      for (const part of rtcpParts(bytes)) {
        byeSources(part);
        nackSequences(part.packet);
        firSources(part.packet);
        rembBitrate(part.packet);
        reportBlocks(part);
      }
    }
  });
});
