import { describe, expect, it } from 'vitest';
import { SenderClock } from '../../../../src/timeline/clock/sender-clock.ts';
import { parseSenderReport } from '../../../../src/timeline/clock/sender-report.ts';
import { senderReport } from '../support/rtp.ts';
import { MS, S } from '../support/session.ts';

describe('SenderClock', () => {
  it('follows plausible reports', () => {
    const clock = new SenderClock();
    expect(clock.skewNs).toBeNull();
    clock.report(0, 1000 * S);
    expect(clock.skewNs).toBe(1000 * S);
    clock.report(5 * S + 0.5 * MS, 1005 * S);
    expect(clock.skewNs).toBe(1000 * S - 0.5 * MS);
  });

  it.each([
    ['goes back', 1 * S, 999 * S],
    ['runs at another rate', 5.1 * S, 1005 * S],
    ['stands still on one clock', 5 * S, 1000 * S],
  ])('passes over a report that %s', (_, rtp, ntp) => {
    const clock = new SenderClock();
    clock.report(0, 1000 * S);
    clock.report(rtp, ntp);
    expect(clock.skewNs).toBe(1000 * S);
    expect(clock.rejected).toBe(1);
    clock.report(6 * S, 1006 * S);
    expect(clock.skewNs).toBe(1000 * S);
  });

  it('believes the report that was stamped least late, for 10 s', () => {
    const clock = new SenderClock();
    const lateMs = [40, 35, 0, 52, 70, 272, 61, 12, 43, 30, 50, 20, 80];
    const skews = lateMs.map((late, second) => {
      clock.report(second * S, (1000 + second) * S + late * MS);
      return ((clock.skewNs ?? 0) - 1000 * S) / MS;
    });
    expect(skews).toEqual([40, 35, ...Array(10).fill(0), 12]);
    expect(clock.rejected).toBe(0);
  });

  it('believes two reports that agree: the clock was set', () => {
    const clock = new SenderClock();
    clock.report(0, 1000 * S);
    clock.report(5 * S, 2005 * S);
    expect(clock.skewNs).toBe(1000 * S);
    clock.report(10 * S, 2010 * S);
    expect(clock.skewNs).toBe(2000 * S);
  });

  it('takes a repeated report for what it is', () => {
    const clock = new SenderClock();
    clock.report(0, 1000 * S);
    clock.report(0, 1000 * S);
    expect(clock.rejected).toBe(0);
  });
});

describe('parseSenderReport', () => {
  it('reads NTP and RTP time', () => {
    const report = parseSenderReport(senderReport(3_900_000_000.25, 0xfffffff0));
    expect(report?.rtpTimestamp).toBe(0xfffffff0);
    expect(Math.abs((report?.ntpNs ?? 0) - 3_900_000_000.25e9)).toBeLessThan(1000);
  });

  it('is null without a clock, cut short, or of another type', () => {
    const report = senderReport(3_900_000_000, 1);
    expect(parseSenderReport(senderReport(0, 1))).toBeNull();
    expect(parseSenderReport(report.subarray(0, 27))).toBeNull();
    expect(parseSenderReport(Buffer.from(report).fill(201, 1, 2))).toBeNull();
  });
});
