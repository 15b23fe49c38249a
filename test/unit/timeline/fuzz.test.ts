/** Real packets of every codec, damaged: what a hostile sender, or a broken one, can do to a timeline. It must be nothing. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Codec, VIDEO_CODECS } from '../../../src/domain/media.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { encodeAudio, encodeVideo } from '../../../src/synthetic/encode.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import { packetizerFor } from '../../../src/synthetic/packetize/packetizer.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { opusPacket } from './support/rtp.ts';
import { eventRecord, inOrder, MS, opened, S, Sender, seeded, snapshotRecord, streamInfo } from './support/session.ts';

const CODECS: readonly Codec[] = [...VIDEO_CODECS, 'opus'];
const SECONDS = 3;
const DELAY_NS = 20 * MS;
/** The stream that nobody damages. */
const WITNESS = streamInfo(99, { codec: 'opus', who: 'witness' });

type Random = () => number;
const below = (random: Random, n: number): number => Math.floor(random() * n);

/** One to three kinds of harm: bits flipped, cut short, bytes repeated, bytes of another place. */
const damage = (bytes: Buffer, random: Random): Buffer => {
  let harmed = Buffer.from(bytes);
  for (let times = 1 + below(random, 3); times > 0; times -= 1) {
    const kind = below(random, 4);
    const at = below(random, Math.max(1, harmed.length));
    if (kind === 0) for (let i = 1 + below(random, 8); i > 0; i -= 1) flip(harmed, below(random, harmed.length * 8));
    else if (kind === 1) harmed = Buffer.from(harmed.subarray(0, at));
    else if (kind === 2) harmed = Buffer.concat([harmed.subarray(0, at), harmed.subarray(at >> 1)]);
    else harmed.copy(harmed, 0, at);
  }
  return harmed;
};
const flip = (bytes: Buffer, bit: number): void => {
  const before = bytes[bit >> 3];
  if (before !== undefined) bytes[bit >> 3] = before ^ (1 << (bit & 7));
};

/** Headers most of the time: what follows them is the decoder's business. */
const damageHead = (bytes: Buffer, random: Random): Buffer => {
  const head = Math.min(bytes.length, 12 + below(random, 24));
  return Buffer.concat([damage(bytes.subarray(0, head), random), bytes.subarray(head)]);
};

/** What one sender of this codec sends: pictures or sound, a report each second. */
const send = (track: EncodedTrack, stream: number): Sender => {
  const sender = new Sender(streamInfo(stream, { codec: track.codec, who: `sender${stream}` }));
  const packetize = packetizerFor(track);
  for (let round = 0; round < SECONDS; round += 1) {
    sender.report(round * S, round * S + DELAY_NS + MS);
    for (const { time, data, keyframe } of track.frames) {
      const captureNs = round * S + Math.round((time * S) / track.clockRate);
      sender.frame(captureNs, packetize(data, keyframe), (packet) => captureNs + DELAY_NS + packet * 1000);
    }
  }
  return sender;
};

const witness = (): Sender => {
  const sender = new Sender(WITNESS);
  sender.report(0, DELAY_NS);
  for (let ms = 0; ms < SECONDS * 1000; ms += 20) sender.frame(ms * MS, [opusPacket(ms)], () => ms * MS + DELAY_NS);
  return sender;
};

/** Lost, twice, late, damaged, or as it was. */
const harm = (records: readonly JournalRecord[], random: Random): JournalRecord[] =>
  records.flatMap((record): JournalRecord[] => {
    if (record.type !== 'rtp' && record.type !== 'sender-report') return [record];
    const fate = random();
    if (fate < 0.02) return [];
    if (fate < 0.04) return [record, record];
    if (fate < 0.06) return [{ ...record, arrivalNs: record.arrivalNs + below(random, 3 * S) }];
    if (fate < 0.2) return [{ ...record, payload: damageHead(record.payload, random) }];
    if (fate < 0.25) return [{ ...record, payload: damage(record.payload, random) }];
    return [record];
  });

describe('damaged packets', () => {
  let senders: Sender[];
  beforeAll(async () => {
    const tracks = await Promise.all(CODECS.map(encode));
    senders = tracks.map((track, i) => send(track, i + 1));
  });

  it.each(Array.from({ length: 12 }, (_, i) => i + 1))('harm nobody else, and end nothing (seed %i)', (seed) => {
    const random = seeded(seed);
    const untouched = witness();
    const media = [...senders.flatMap(({ records }) => harm(records, random)), ...untouched.records];
    const openings = [...senders, untouched].map(({ info }) => opened(0, info));
    const timeline = new Timeline();
    let settledNs = Number.NEGATIVE_INFINITY;
    for (const record of [snapshotRecord(), ...openings, ...inOrder(media)]) {
      timeline.push(record);
      expect(timeline.settledNs).toBeGreaterThanOrEqual(settledNs);
      settledNs = timeline.settledNs;
    }
    timeline.push(eventRecord(60 * S, { type: 'session-ended' }));
    timeline.finish();
    expect(timeline.faults.malformed).toBeGreaterThan(0);
    const sound = timeline.audioPackets(99, -S, 100 * S);
    expect(sound.map(({ data }) => data?.readUInt32BE(1))).toEqual(
      Array.from({ length: SECONDS * 50 }, (_, i) => i * 20),
    );
    let sent = 0;
    for (const record of media) if (record.type === 'rtp') sent += record.payload.length;
    let kept = 0;
    for (const { stream } of timeline.streams()) {
      let before = Number.NEGATIVE_INFINITY;
      for (const { timeNs, data } of timeline.videoFrames(stream, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)) {
        expect(Number.isFinite(timeNs)).toBe(true);
        expect(timeNs).toBeGreaterThanOrEqual(before);
        before = timeNs;
        kept += data.length;
      }
      before = Number.NEGATIVE_INFINITY;
      for (const { startNs, endNs, data } of timeline.audioPackets(stream, -1e15, 1e15)) {
        expect(startNs).toBeGreaterThanOrEqual(before - 1);
        expect(endNs).toBeGreaterThan(startNs);
        before = endNs;
        kept += data?.length ?? 0;
      }
    }
    // Start codes, sizes and parameter sets are added to what came.
    expect(kept).toBeLessThan(2 * sent);
  });

  it('of one stream leave its later pictures whole', () => {
    const random = seeded(77);
    for (const { info, records } of senders) {
      const harmed = records.filter(({ arrivalNs }) => arrivalNs < S).flatMap((record) => harm([record], random));
      const whole = records.filter(({ arrivalNs }) => arrivalNs >= S);
      const play = (media: readonly JournalRecord[]) => {
        const timeline = new Timeline();
        for (const record of [snapshotRecord(), opened(0, info), ...inOrder(media)]) timeline.push(record);
        timeline.finish();
        const pictures = timeline.videoFrames(info.stream, 2 * S + 500 * MS, 100 * S).map(({ data }) => data);
        const sound = timeline.audioPackets(info.stream, 2 * S + 500 * MS, 100 * S).map(({ data }) => data);
        return [...pictures, ...sound];
      };
      const expected = play(records);
      expect(expected.length).toBeGreaterThan(10);
      expect(play([...harmed, ...whole]).slice(-10), info.codec).toEqual(expected.slice(-10));
    }
  });
});

const encode = (codec: Codec): Promise<EncodedTrack> => {
  const turn = { index: 0, of: 1 };
  if (codec === 'opus') return encodeAudio({ seconds: 1, turn, dtx: false, silent: false });
  return encodeVideo({
    codec,
    size: { width: 160, height: 90 },
    fps: 30,
    seconds: 1,
    turn,
    name: 'Ada',
    content: 'noisy',
  });
};
