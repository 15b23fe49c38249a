import { describe, expect, it } from 'vitest';
import { isRtcp, readFeedback, writeSenderReport } from '../../../src/synthetic/rtcp-messages.ts';

const pli = Buffer.from('81ce00020000000111112222', 'hex');
/** Packets 100, 101 and 116. */
const nack = Buffer.from('81cd000300000001111122220064' + '8001', 'hex');

describe('RTCP', () => {
  it('reads every feedback of a compound packet', () => {
    expect(readFeedback(Buffer.concat([pli, nack]))).toEqual([
      { type: 'keyframe', ssrc: 0x11112222 },
      { type: 'nack', ssrc: 0x11112222, sequences: [100, 101, 116] },
    ]);
  });

  it('passes over what is cut short', () => {
    for (let length = 0; length < nack.length; length++) expect(readFeedback(nack.subarray(0, length))).toEqual([]);
  });

  it('writes a report with NTP time, timestamp and name', () => {
    const packet = writeSenderReport(
      { ssrc: 7, wallMs: 1_700_000_000_500, timestamp: 90_000, packets: 3, bytes: 300 },
      'ada',
    );
    expect(isRtcp(packet)).toBe(true);
    expect(packet.readUInt32BE(8)).toBe(1_700_000_000 + 2_208_988_800);
    expect(packet.readUInt32BE(12)).toBe(2 ** 31);
    expect(packet.readUInt32BE(16)).toBe(90_000);
    expect(packet.length % 4).toBe(0);
    expect(packet.subarray(38, 41).toString()).toBe('ada');
  });
});
