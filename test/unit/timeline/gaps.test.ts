/** Gaps that the journal's writer left on purpose: everything was paused, or no recording needed a journal. */
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { markOf, opusPacket, vp8Frame, vp8Payloads } from './support/rtp.ts';
import {
  eventRecord,
  inOrder,
  MS,
  opened,
  S,
  Sender,
  snapshotRecord,
  streamInfo,
  tick,
  track,
} from './support/session.ts';

const VIDEO = streamInfo(1, { codec: 'vp8' });
const AUDIO = streamInfo(2, { codec: 'opus' });
const DELAY_NS = 30 * MS;
const GAP = { fromMs: 3000, toMs: 9000 };
const inGap = (arrivalNs: number): boolean => arrivalNs >= GAP.fromMs * MS && arrivalNs < GAP.toMs * MS;

/** A camera and a microphone from 0 to 12 s; pictures every 40 ms, keyframes at whole seconds and `keyMs`. */
const senders = ({ ppm = 0, keyMs = 9200 } = {}): readonly [Sender, Sender] => {
  const video = new Sender(VIDEO, { ppm });
  const audio = new Sender(AUDIO, { ppm });
  for (let ms = 0; ms < 12_000; ms += 20) {
    if (ms % 1000 === 0) for (const sender of [video, audio]) sender.report(ms * MS, ms * MS + DELAY_NS);
    audio.frame(ms * MS, [opusPacket(ms)], () => ms * MS + DELAY_NS);
    if (ms % 40 > 0) continue;
    const key = ms === keyMs || (ms % 1000 === 0 && ms !== 9000);
    video.frame(ms * MS, vp8Payloads(vp8Frame({ key, mark: ms }), 2), () => ms * MS + DELAY_NS);
  }
  return [video, audio];
};

/** The highest sequence number of a stream by a time, in the receiver's own counting. */
const highest = (sender: Sender, byNs: number): number => {
  const packets = sender.records.filter(({ type, arrivalNs }) => type === 'rtp' && arrivalNs < byNs);
  const first = packets[0];
  if (first?.type !== 'rtp') throw new Error('The stream has sent nothing by then.');
  return first.payload.readUInt16BE(2) + packets.length - 1;
};

const snapshotAfterGap = (all: readonly Sender[], changes = {}): JournalRecord =>
  snapshotRecord(
    {
      afterGap: true,
      streams: all.map((sender) => ({
        ...sender.info,
        extendedSequence: highest(sender, GAP.toMs * MS),
        lastSenderReport: null,
      })),
      ...changes,
    },
    GAP.toMs * MS,
  );

/** The journal of these senders with the gap in it. */
const journal = (all: readonly Sender[], extra: readonly JournalRecord[] = []): JournalRecord[] => {
  const media = all.flatMap(({ records }) => records).filter(({ arrivalNs }) => !inGap(arrivalNs));
  const ticks = Array.from({ length: 56 }, (_, i) => tick((i + 1) * 250 * MS));
  return [
    snapshotRecord(),
    ...inOrder([...all.map(({ info }) => opened(0, info)), snapshotAfterGap(all), ...media, ...extra, ...ticks]),
  ];
};

const play = (records: readonly JournalRecord[]): Timeline => {
  const timeline = new Timeline();
  for (const record of records) timeline.push(record);
  timeline.finish();
  return timeline;
};

describe('a gap in the journal', () => {
  it('is no loss: nothing is concealed, nothing is waited for, and sound goes on where it belongs', () => {
    const timeline = play(journal(senders()));
    const packets = timeline.audioPackets(2, 0, 100 * S);
    expect(packets.every(({ data }) => data !== null)).toBe(true);
    const behind = packets.filter(({ startNs }) => startNs > GAP.fromMs * MS + DELAY_NS);
    expect(behind).toHaveLength((12_000 - (GAP.toMs - 20)) / 20);
    for (const { startNs, data } of behind) {
      expect(Math.abs(startNs - ((data?.readUInt32BE(1) ?? 0) * MS + DELAY_NS))).toBeLessThan(MS);
    }
    expect(timeline.faults).toEqual({ malformed: 0, late: 0, unknown: 0 });
  });

  it('is left by pictures at a keyframe, at the time that is right', () => {
    const timeline = play(journal(senders()));
    const frames = timeline.videoFrames(1, GAP.toMs * MS, 100 * S);
    const decodable = frames.filter((frame) => frame.decodable);
    expect(decodable[0]).toMatchObject({ keyframe: true });
    expect(
      frames.filter((frame) => !frame.decodable).every((frame) => frame.timeNs < (decodable[0]?.timeNs ?? 0)),
    ).toBe(true);
    for (const { timeNs, data } of decodable) {
      expect(Math.abs(timeNs - (markOf(data) * MS + DELAY_NS))).toBeLessThan(MS);
    }
    expect(decodable).toHaveLength((12_000 - 9200) / 40);
  });

  it('keeps drifting clocks, and lips with them', () => {
    const timeline = play(journal(senders({ ppm: 80 })));
    const frames = timeline.videoFrames(1, GAP.toMs * MS, 100 * S).filter(({ decodable }) => decodable);
    const packets = timeline.audioPackets(2, GAP.toMs * MS, 100 * S);
    const picture = frames.find(({ data }) => markOf(data) === 10_000);
    const sound = packets.find(({ data }) => data?.readUInt32BE(1) === 10_000);
    expect(Math.abs((picture?.timeNs ?? 0) - (sound?.startNs ?? 0))).toBeLessThan(5 * MS);
    expect(Math.abs((sound?.startNs ?? 0) - (10_000 * MS + DELAY_NS))).toBeLessThan(5 * MS);
  });

  it('goes on when the writer was stopped in the middle of a picture, and when packets behind it overtake each other', () => {
    const [video, audio] = senders();
    const records = journal([video, audio]);
    const behind = records.findIndex(({ type, arrivalNs }) => type === 'rtp' && arrivalNs >= GAP.toMs * MS);
    const swapped = records
      .with(behind, records[behind + 1] as JournalRecord)
      .with(behind + 1, records[behind] as JournalRecord);
    const lastBefore = records.findLastIndex(({ type, arrivalNs }) => type === 'rtp' && arrivalNs < GAP.fromMs * MS);
    const timeline = play(swapped.toSpliced(lastBefore, 1));
    expect(timeline.videoFrames(1, 9200 * MS, 100 * S).filter(({ decodable }) => decodable)).toHaveLength(70);
  });

  it('says by its snapshot who is still there: a stream that is not listed has ended, one that is new is opened', () => {
    const [video, audio] = senders();
    const news = streamInfo(3, { codec: 'opus', who: 'bob' });
    const bob = new Sender(news);
    for (let ms = 8000; ms < 12_000; ms += 20) bob.frame(ms * MS, [opusPacket(ms)], () => ms * MS + DELAY_NS);
    const records = journal([video, audio]).filter(({ type }, index) => type !== 'snapshot' || index === 0);
    const heardOf = bob.records.filter(({ arrivalNs }) => !inGap(arrivalNs));
    const timeline = play(inOrder([...records, snapshotAfterGap([audio, bob]), ...heardOf]));
    const [camera] = timeline.streamsOf(track('ada-camera'));
    expect(camera?.closedNs).toBe(GAP.toMs * MS);
    expect(timeline.audioPackets(3, 0, 100 * S)).toHaveLength((12_000 - 8980) / 20);
  });

  it('does not hold the watermark back', () => {
    const timeline = new Timeline();
    for (const record of journal(senders())) {
      timeline.push(record);
      if (record.arrivalNs > GAP.toMs * MS + 3 * S) break;
    }
    expect(timeline.settledNs).toBeGreaterThan(GAP.toMs * MS + 2 * S);
  });

  it('is told as a pause of the recording by events and snapshots alike', () => {
    const id = 'c0ffee00c0ffee00c0ffee00' as never;
    const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
    const recording = { recordingId: id, startedNs: S, layout };
    const events = [
      eventRecord(S, { type: 'recording-started', recording }),
      eventRecord(3 * S, { type: 'recording-paused', recordingId: id, pausedNs: 3 * S }),
      eventRecord(9 * S, { type: 'recording-resumed', recordingId: id, resumedNs: 9 * S }),
      eventRecord(11 * S, { type: 'recording-stopped', recordingId: id, stoppedNs: 11 * S, reason: 'requested' }),
    ];
    const pauses = [{ pausedNs: 3 * S, resumedNs: 9 * S }];
    const expected = { recordingId: id, startNs: S, stopNs: 11 * S, pauses };
    const snapshot = snapshotRecord({ afterGap: true, recordings: [{ ...recording, pauses }] }, 9 * S);
    expect(play(inOrder([...events, snapshot])).recordings.get(id)).toMatchObject(expected);
    expect(play(inOrder([events[0], snapshot, events[3]] as JournalRecord[])).recordings.get(id)).toMatchObject(
      expected,
    );
  });
});
