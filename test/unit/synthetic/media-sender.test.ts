import { describe, expect, it } from 'vitest';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import { MediaSender, type StreamParameters } from '../../../src/synthetic/media-sender.ts';
import { isRtcp } from '../../../src/synthetic/rtcp-messages.ts';
import { EXTENSION } from '../../../src/synthetic/rtp-writer.ts';

const EPOCH = 5_000_000_000n;
const MS = 1_000_000n;

/** Two seconds at 10 fps, a keyframe each second; every frame tells its number. */
const TRACK: EncodedTrack = {
  codec: 'vp8',
  clockRate: 90_000,
  duration: 180_000,
  width: 320,
  height: 180,
  frames: Array.from({ length: 20 }, (_, index) => ({
    time: index * 9000,
    keyframe: index % 10 === 0,
    level: 0,
    data: Buffer.alloc(index === 0 ? 3000 : 20, index),
  })),
};

const STREAM: StreamParameters = {
  ssrc: 0x11112222,
  payloadType: 96,
  rtx: { ssrc: 0x33334444, payloadType: 97 },
  mid: '1',
  rid: null,
  cname: 'test',
  firstSequence: 65_534,
  firstTimestamp: 0xffff_ff00,
  extensions: new Set([EXTENSION.mid.id]),
};

const sending = (startMs: number, from: 'keyframe' | 'between-keyframes' = 'keyframe', stream = STREAM) => {
  const sent: Buffer[] = [];
  const started: number[] = [];
  const sender = new MediaSender(
    TRACK,
    { epochNs: EPOCH, epochWallMs: 1_700_000_000_000 },
    stream,
    {
      send: (packet) => sent.push(packet),
      nextTransportSequence: () => 0,
      onFrame: (frame, round) => started.push(frame.time / 9000 + round * 20),
    },
    EPOCH + BigInt(startMs) * MS,
    from,
  );
  return {
    sender,
    started,
    rtp: () => sent.filter((packet) => !isRtcp(packet)),
    reports: () => sent.filter(isRtcp),
    at: (ms: number) => sender.advance(EPOCH + BigInt(ms) * MS),
  };
};

describe('a media sender', () => {
  it('sends what is due by the clock, however late it is called, and begins anew after the end', () => {
    const { at, started } = sending(0);
    at(350);
    expect(started).toEqual([0, 1, 2, 3]);
    at(2250);
    expect(started).toEqual(Array.from({ length: 23 }, (_, index) => index));
  });

  it('begins at the next keyframe, or in between where that is wanted', () => {
    const early = sending(550);
    early.at(1050);
    expect(early.started).toEqual([10]);
    const between = sending(550, 'between-keyframes');
    between.at(650);
    expect(between.started).toEqual([6]);
  });

  it('counts sequence numbers and timestamps across their ends, the marker on the last packet of a frame', () => {
    const { at, rtp } = sending(0);
    at(150);
    const packets = rtp();
    expect(packets.map((packet) => packet.readUInt16BE(2))).toEqual([65_534, 65_535, 0, 1]);
    expect(packets.map((packet) => packet.readUInt32BE(4))).toEqual([
      0xffff_ff00,
      0xffff_ff00,
      0xffff_ff00,
      9000 - 0x100,
    ]);
    expect(packets.map((packet) => (packet[1] ?? 0) >> 7)).toEqual([0, 0, 1, 1]);
  });

  it('reports at the start and each second, on one clock with the timestamps', () => {
    const { at, reports } = sending(0);
    at(0);
    at(500);
    at(1000);
    const [first, second] = reports();
    expect(reports()).toHaveLength(2);
    expect(second?.readUInt32BE(8)).toBe((first?.readUInt32BE(8) ?? 0) + 1);
    expect(((second?.readUInt32BE(16) ?? 0) - (first?.readUInt32BE(16) ?? 0)) >>> 0).toBe(90_000);
  });

  it('sends again what is asked for: in the retransmission stream, with the original number in front', () => {
    const { at, rtp, sender } = sending(0);
    at(150);
    const before = rtp();
    sender.feedback({ type: 'nack', ssrc: STREAM.ssrc, sequences: [65_535] });
    const again = rtp().at(-1);
    expect(again?.readUInt32BE(8)).toBe(0x33334444);
    expect((again?.[1] ?? 0) & 0x7f).toBe(97);
    const original = before[1];
    const payloadAt = (packet: Buffer | undefined) => 12 + 4 + (packet?.readUInt16BE(14) ?? 0) * 4;
    expect(again?.readUInt16BE(payloadAt(again))).toBe(65_535);
    expect(again?.subarray(payloadAt(again) + 2)).toEqual(original?.subarray(payloadAt(original)));
  });

  it('sends the very packet again where there is no retransmission stream', () => {
    const { at, rtp, sender } = sending(0, 'keyframe', { ...STREAM, rtx: null });
    at(150);
    sender.feedback({ type: 'nack', ssrc: STREAM.ssrc, sequences: [0] });
    expect(rtp().at(-1)).toEqual(rtp()[2]);
  });

  it('falls silent when muted and comes back with a keyframe', () => {
    const { at, sender, started } = sending(0);
    at(250);
    sender.muted = true;
    at(450);
    sender.muted = false;
    at(1150);
    expect(started).toEqual([0, 1, 2, 10, 11]);
  });
});
