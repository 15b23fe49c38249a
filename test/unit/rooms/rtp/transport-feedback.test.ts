import { describe, expect, it } from 'vitest';
import { TransportFeedback } from '../../../../src/rooms/rtp/transport-feedback.ts';

const MS = 1e6;
const hex = (text: string): string => text.replaceAll(' ', '');

describe('transport-wide feedback', () => {
  it('is the bytes that the draft says', () => {
    const feedback = new TransportFeedback();
    // Reference 128 ms = 2 × 64 ms. Arrivals at 130, 131, (lost), 231 ms: deltas of 8, 4 and 400 quarter milliseconds.
    feedback.packet(100, 130 * MS);
    feedback.packet(101, 131 * MS);
    feedback.packet(103, 231 * MS);
    const packet = feedback.build(1, 2);
    // Base 100, four packets, reference 2, report 0; run chunks would be longer than the vector 11 01 01 00 10 000000.
    expect(packet?.toString('hex')).toBe(hex('afcd0006 00000001 00000002 0064 0004 000002 00 d480 08 04 0190 0002'));
    expect(feedback.build(1, 2)).toBeNull();
  });

  it('a long run is one chunk', () => {
    const feedback = new TransportFeedback();
    for (let each = 0; each < 20; each++) feedback.packet(each, each * MS);
    const packet = feedback.build(1, 2);
    // Run of 20 small deltas: 0 01 0000000010100.
    expect(packet?.subarray(20, 22).toString('hex')).toBe('2014');
    expect([...(packet?.subarray(22, 42) ?? [])]).toEqual([0, ...new Array<number>(19).fill(4)]);
  });

  it('tells a packet that comes late, and those after it again', () => {
    const feedback = new TransportFeedback();
    feedback.packet(10, 0);
    feedback.packet(12, 2 * MS);
    feedback.build(1, 2);
    feedback.packet(11, 5 * MS);
    const packet = feedback.build(1, 2);
    expect(packet?.readUInt16BE(12)).toBe(11);
    expect(packet?.readUInt16BE(14)).toBe(2);
  });

  it('goes on over the wrap, counts its reports and survives an outage', () => {
    const feedback = new TransportFeedback();
    feedback.packet(65_535, 0);
    feedback.packet(0, MS);
    const first = feedback.build(1, 2);
    expect(first?.readUInt16BE(12)).toBe(65_535);
    expect(first?.readUInt16BE(14)).toBe(2);
    feedback.packet(20_000, 60_000 * MS);
    const second = feedback.build(1, 2);
    expect(second?.readUInt16BE(12)).toBe(20_000);
    expect(second?.readUInt8(19)).toBe(1);
    expect(feedback.build(1, 2)).toBeNull();
  });

  it('never speaks of more than a report holds', () => {
    const feedback = new TransportFeedback();
    for (let each = 0; each < 1000; each++) feedback.packet(each, each * MS);
    const counts: number[] = [];
    for (let packet = feedback.build(1, 2); packet; packet = feedback.build(1, 2)) {
      counts.push(packet.readUInt16BE(14));
      expect(packet.length).toBeLessThan(1200);
      expect(packet.length % 4).toBe(0);
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
  });
});
