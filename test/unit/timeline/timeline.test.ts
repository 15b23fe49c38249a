import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { StreamInfo } from '../../../src/domain/events.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { AUDIO, always, DELAY_NS, film, journal, play, talk, VIDEO } from './support/played.ts';
import { markOf, opusPacket, senderReport, vp8Frame, vp8Payloads } from './support/rtp.ts';
import {
  eventRecord,
  inOrder,
  MS,
  opened,
  S,
  Sender,
  seeded,
  snapshotRecord,
  streamInfo,
  track,
} from './support/session.ts';

describe('determinism', () => {
  /** Reads segment by segment as a compositor does, and hashes all that it read. `hurry` reads only now and then. */
  const digest = (records: readonly JournalRecord[], batch: number): string => {
    const hash = createHash('sha256');
    const timeline = new Timeline();
    let at = 0;
    let queue = 0;
    const read = (toNs: number): void => {
      for (const { timeNs, data, decodable } of timeline.videoFrames(1, at, toNs))
        hash.update(`${timeNs} ${decodable}`).update(data);
      for (const { startNs, endNs, data } of timeline.audioPackets(2, at, toNs))
        hash.update(`${startNs} ${endNs} ${data === null}`);
      timeline.discardBefore(toNs);
      at = toNs;
    };
    for (const record of records) {
      timeline.push(record);
      queue += 1;
      if (queue < batch) continue;
      queue = 0;
      while (timeline.settledNs >= at + 500 * MS) read(at + 500 * MS);
    }
    timeline.finish();
    while (at < 20 * S) read(at + 500 * MS);
    return hash.digest('hex');
  };

  it('reads the same whether it follows record by record or comes later', () => {
    const random = seeded(3);
    const [video, audio] = [new Sender(VIDEO, { ppm: 80 }), new Sender(AUDIO, { ppm: -50 })];
    const arrival = (ms: number) => (): number | null => (random() < 0.03 ? null : (ms + 30 + 60 * random()) * MS);
    for (let ms = 0; ms < 15_000; ms += 20) {
      if (ms % 40 === 0)
        video.frame(ms * MS, vp8Payloads(vp8Frame({ key: ms % 2000 === 0, mark: ms }), 3), arrival(ms));
      audio.frame(ms * MS, [opusPacket(ms)], arrival(ms));
      if (ms % 3000 === 1000) for (const sender of [video, audio]) sender.report(ms * MS, (ms + 20) * MS);
    }
    const records = journal([video, audio]);
    const [first, ...others] = [1, 7, 100, records.length].map((batch) => digest(records, batch));
    expect(others).toEqual([first, first, first]);
  });
});

describe('a journal entered at a later chunk', () => {
  it('knows sequence numbers and the last report from the snapshot', () => {
    const audio = new Sender(AUDIO, { sequence: 10 });
    const video = new Sender(VIDEO, { sequence: 10 });
    const report = (sender: Sender) => ({
      packet: senderReport(3_900_000_000, sender.timestampAt(0)).toString('base64'),
      arrivalNs: DELAY_NS,
    });
    const streams = [video, audio].map((sender) => ({
      ...sender.info,
      extendedSequence: 65_536 + 9,
      lastSenderReport: report(sender),
    }));
    for (let ms = 1000; ms < 3000; ms += 40) {
      video.frame(ms * MS, vp8Payloads(vp8Frame({ key: ms === 1000, mark: ms })), () => (ms + 90) * MS);
      audio.frame(ms * MS, [opusPacket(ms)], () => (ms + 30) * MS);
      audio.frame((ms + 20) * MS, [opusPacket(ms + 20)], () => (ms + 50) * MS);
    }
    const records = inOrder([...video.records, ...audio.records]);
    const timeline = play([snapshotRecord({ streams }, 1000 * MS), ...records]);
    expect((timeline.arrivalNs - timeline.settledNs) / MS).toBeLessThan(250);
    const frame = timeline.videoFrames(1, 0, 10 * S)[10];
    expect(frame && Math.abs(frame.timeNs / MS - markOf(frame.data) - 30)).toBeLessThan(2);
  });

  it('is led astray by no retransmission of what was sent before it, nor by a loss right behind it', () => {
    const senders = [new Sender(AUDIO, { sequence: 10 }), new Sender(VIDEO, { sequence: 10 })];
    for (const sender of senders) {
      const isSound = sender.info.codec === 'opus';
      for (let ms = 0; ms < 5000; ms += isSound ? 20 : 40) {
        const payload = isSound ? [opusPacket(ms)] : vp8Payloads(vp8Frame({ key: ms % 1000 === 0, mark: ms }));
        // Of what was sent before, one packet alone comes, late; the third afterwards is lost.
        const ends = ms < 1000 ? (ms === 920 ? 1020 : null) : ms === 1080 ? null : ms + 30;
        sender.frame(ms * MS, payload, () => (ends === null ? null : ends * MS));
      }
    }
    const streams = senders.map((sender) => ({
      ...sender.info,
      extendedSequence: 9 + (sender.info.codec === 'opus' ? 50 : 25),
      lastSenderReport: {
        packet: senderReport(3_900_000_000, sender.timestampAt(0)).toString('base64'),
        arrivalNs: DELAY_NS,
      },
    }));
    const records = inOrder(senders.flatMap((sender) => sender.records));
    const timeline = play([snapshotRecord({ streams }, 1000 * MS), ...records]);
    timeline.finish();
    const frames = timeline.videoFrames(1, 0, 10 * S).filter(({ decodable }) => decodable);
    expect(frames.length).toBe(77);
    for (const { timeNs, data } of frames) expect(Math.abs(timeNs / MS - markOf(data) - 30)).toBeLessThan(5);
  });

  it('tells events and recordings, whether they began in it or before', () => {
    const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
    const recordingId = 'a'.repeat(24) as never;
    const later = 'b'.repeat(24) as never;
    const timeline = play([
      snapshotRecord({ recordings: [{ recordingId, startedNs: 5, layout }] }, 10),
      eventRecord(20, { type: 'recording-started', recording: { recordingId: later, startedNs: 20, layout } }),
      eventRecord(30, { type: 'recording-stopped', recordingId, stoppedNs: 29, reason: 'requested' }),
    ]);
    expect([...timeline.recordings.values()].map(({ startNs, stopNs }) => [startNs, stopNs])).toEqual([
      [5, 29],
      [20, null],
    ]);
    expect(timeline.events.map(({ atNs, event }) => `${atNs} ${event.type}`)).toEqual([
      '10 room-state',
      '20 recording-started',
      '30 recording-stopped',
    ]);
  });

  it('tells since when a track is unmuted', () => {
    const trackId = track('t');
    const mute = (atNs: number, muted: boolean) => eventRecord(atNs, { type: 'track-muted', trackId, muted });
    const timeline = play([snapshotRecord(), mute(10, true), mute(20, false)]);
    expect([5, 10, 15, 20, 30].map((ns) => timeline.unmutedSince(trackId, ns))).toEqual([
      Number.NEGATIVE_INFINITY,
      null,
      null,
      20,
      20,
    ]);
  });
});

describe('hostile media', () => {
  it('is counted and changes nothing for others', () => {
    const random = seeded(99);
    const audio = new Sender(AUDIO);
    talk(audio, 0, 5000);
    const bad: StreamInfo[] = (['vp8', 'vp9', 'h264', 'av1', 'opus'] as const).map((codec, i) =>
      streamInfo(10 + i, { codec, who: `bad${i}` }),
    );
    const noise: JournalRecord[] = [];
    for (let i = 0; i < 6000; i += 1) {
      const payload = Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)));
      if (payload.length > 1 && random() < 0.9) {
        payload[0] = 0x80;
        payload[1] = (random() < 0.5 ? 0x80 : 0) | (i % 5 === 4 ? 111 : 96);
      }
      const type = random() < 0.9 ? 'rtp' : 'sender-report';
      noise.push({ type, arrivalNs: Math.floor(random() * 5 * S), stream: 10 + (i % 6), payload });
    }
    const records = journal([audio], [...bad.map((info) => opened(0, info)), ...noise]);
    const timeline = play(records);
    timeline.finish();
    expect(timeline.faults.malformed).toBeGreaterThan(300);
    expect(timeline.faults.unknown).toBeGreaterThan(300);
    expect(timeline.audioPackets(2, 0, 10 * S)).toHaveLength(250);
  });

  it('whose reports tell of another clock than its connection is placed by its arrival', () => {
    const video = new Sender(VIDEO);
    const audio = new Sender(AUDIO, { ntpAtZero: 3_900_003_600 });
    film(video, 0, 3000);
    talk(audio, 0, 3000);
    const timeline = play(journal([video, audio]));
    timeline.finish();
    const [picture, sound] = [timeline.videoFrames(1, 0, 10 * S)[25], timeline.audioPackets(2, 0, 10 * S)[50]];
    expect((picture?.timeNs ?? 0) / MS).toBeCloseTo(1030, 0);
    expect((sound?.startNs ?? 0) / MS).toBeCloseTo(1030, 0);
  });

  it('with a clock that jumps goes on where it arrives', () => {
    const audio = new Sender(AUDIO);
    talk(audio, 0, 2000);
    const jumped = new Sender(AUDIO, { sequence: 65_600, timestamp: 0x40000000 });
    for (let ms = 2000; ms < 4000; ms += 20) jumped.frame(ms * MS, [opusPacket(ms)], always(ms * MS));
    const timeline = play([...journal([audio]), ...jumped.records]);
    timeline.finish();
    const last = timeline.audioPackets(2, 0, 10 * S).at(-1);
    expect(last?.data?.readUInt32BE(1)).toBe(3980);
    expect(Math.abs((last?.startNs ?? 0) / MS - 3980 - 30)).toBeLessThan(30);
  });
});
