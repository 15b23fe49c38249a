import { describe, expect, it } from 'vitest';
import { ReceiveStream } from '../../../../src/rooms/rtp/receive-stream.ts';

const MS = 1e6;
const stream = (): ReceiveStream => new ReceiveStream(90_000);

describe('ReceiveStream', () => {
  it('unwraps sequence numbers and tells duplicates', () => {
    const receive = stream();
    expect(receive.packet(65_534, 0, 0, false)).toBe('new');
    expect(receive.packet(0, 0, 0, false)).toBe('new');
    expect(receive.highest).toBe(65_536);
    expect(receive.packet(65_535, 0, 0, false)).toBe('new');
    expect(receive.packet(65_535, 0, 0, true)).toBe('duplicate');
    expect(receive.highest).toBe(65_536);
  });

  it('asks for what is missing after the time reordering takes, again later, and no more when it came', () => {
    const receive = stream();
    receive.packet(10, 0, 0, false);
    receive.packet(13, 0, 0, false);
    expect(receive.nack(5 * MS)).toEqual([]);
    expect(receive.nack(12 * MS)).toEqual([11, 12]);
    expect(receive.nack(20 * MS)).toEqual([]);
    expect(receive.packet(11, 0, 32 * MS, true)).toBe('new');
    expect(receive.nack(200 * MS)).toEqual([12]);
    expect(receive).toMatchObject({ recovered: 1, nacked: 3, missing: 1, lost: 0 });
  });

  it('learns the round trip from what was asked for once', () => {
    const receive = stream();
    receive.packet(0, 0, 0, false);
    for (let each = 1; each < 200; each++) {
      const now = each * 100 * MS;
      receive.packet(each * 2, 0, now, false);
      receive.nack(now + 12 * MS);
      receive.packet(each * 2 - 1, 0, now + 32 * MS, true);
    }
    expect(receive.rttNs).toBeGreaterThan(15 * MS);
    expect(receive.rttNs).toBeLessThan(25 * MS);
  });

  it('gives up after three seconds, and still takes what comes later', () => {
    const receive = stream();
    receive.packet(0, 0, 0, false);
    receive.packet(2, 0, 0, false);
    for (let now = 0; now < 3_100 * MS; now += 20 * MS) receive.nack(now);
    expect(receive).toMatchObject({ lost: 1, missing: 0 });
    expect(receive.packet(1, 0, 4_000 * MS, false)).toBe('new');
  });

  it('does not ask for what an outage swallowed', () => {
    const receive = stream();
    receive.packet(0, 0, 0, false);
    receive.packet(5_000, 0, 0, false);
    expect(receive.nack(50 * MS)).toEqual([]);
    expect(receive.lost).toBe(4_999);
  });

  it('believes a sender that begins again elsewhere from its second packet on', () => {
    const receive = stream();
    for (let each = 0; each < 10; each++) receive.packet(30_000 + each, 0, 0, false);
    expect(receive.packet(100, 0, 0, false)).toBe('restart');
    expect(receive.packet(101, 0, 0, false)).toBe('new');
    expect(receive.highest).toBe(65_536 + 101);
    expect(receive.packet(102, 0, 0, false)).toBe('new');
    expect(receive.nack(100 * MS)).toEqual([]);
  });

  it('reports losses, jitter and the last sender report (RFC 3550 §A.3)', () => {
    const receive = stream();
    for (const sequence of [1, 2, 4]) receive.packet(sequence, sequence * 3000, sequence * 33.333 * MS, false);
    receive.senderReport(0x11223344, 100 * MS);
    const first = receive.report(7, 600 * MS);
    expect(first).toMatchObject({ ssrc: 7, fractionLost: 64, cumulativeLost: 1, extendedHighest: 4, jitter: 0 });
    expect(first.lastSenderReport).toBe(0x11223344);
    expect(first.delaySinceSenderReport).toBe(32_768);
    receive.packet(5, 5 * 3000, 200 * MS, false);
    expect(receive.report(7, 700 * MS)).toMatchObject({ fractionLost: 0, cumulativeLost: 1 });
  });
});
