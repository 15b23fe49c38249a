/** What a timeline keeps of a long session: nothing of those who have gone. */
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { markOf, opusPacket, vp8Frame, vp8Payloads } from './support/rtp.ts';
import {
  eventRecord,
  inOrder,
  MS,
  opened,
  participant,
  S,
  Sender,
  snapshotRecord,
  streamInfo,
  tick,
  track,
} from './support/session.ts';

const SEGMENT_NS = 4 * S;

/** Follows as a compositor does: whatever is final is let go, segment by segment. */
const follow = (records: readonly JournalRecord[]): Timeline => {
  const timeline = new Timeline();
  let at = 0;
  for (const record of records) {
    timeline.push(record);
    for (; timeline.settledNs >= at + SEGMENT_NS; at += SEGMENT_NS) timeline.discardBefore(at + SEGMENT_NS);
  }
  return timeline;
};

/** A second of picture and sound on streams 2n and 2n+1. */
const visit = (number: number, atMs: number, options: { who: string; mark?: number }): JournalRecord[] => {
  const clockDomain = `connection-${number}`;
  const video = new Sender(streamInfo(2 * number, { codec: 'vp8', who: options.who, clockDomain }));
  const audio = new Sender(streamInfo(2 * number + 1, { codec: 'opus', who: options.who, clockDomain }));
  for (const sender of [video, audio]) sender.report(atMs * MS, atMs * MS + 1);
  for (let ms = atMs; ms < atMs + 1000; ms += 40) {
    const frame = vp8Frame({ key: ms === atMs, mark: options.mark ?? number, bytes: 200 });
    video.frame(ms * MS, vp8Payloads(frame), () => ms * MS);
    for (const half of [0, 20]) audio.frame((ms + half) * MS, [opusPacket()], () => (ms + half) * MS);
  }
  return [opened(atMs * MS, video.info), opened(atMs * MS, audio.info), ...video.records, ...audio.records];
};

describe('a session that sees many people', () => {
  it('holds no stream of those who left, however many they were', () => {
    const records: JournalRecord[] = [];
    for (let n = 1; n <= 100; n += 1) {
      const who = `guest${n}`;
      records.push(...visit(n, n * 1000, { who }));
      const gone = { participantId: participant(who), reason: 'left' } as const;
      records.push(eventRecord((n * 1000 + 990) * MS, { type: 'participant-left', ...gone }));
    }
    const timeline = follow([snapshotRecord(), ...inOrder([...records, tick(120 * S)])]);
    expect([...timeline.streams()]).toEqual([]);
    expect(timeline.streamsOf(track('guest1-camera'))).toEqual([]);
  });

  it('holds of a track that is sent by one stream after another the newest, and what it shows', () => {
    const records: JournalRecord[] = [];
    for (let n = 1; n <= 50; n += 1) {
      records.push(...visit(n, n * 2000, { who: 'ada' }));
      for (const stream of [2 * n, 2 * n + 1])
        records.push(eventRecord((n * 2000 + 1500) * MS, { type: 'stream-closed', stream }));
    }
    const timeline = follow([snapshotRecord(), ...inOrder([...records, tick(120 * S)])]);
    expect([...timeline.streams()].map(({ stream }) => stream)).toEqual([100]);
    expect(timeline.gopBefore(100, 200 * S).map(({ data }) => markOf(data))).toEqual(Array(25).fill(50));
  });

  it('counts what was wrong with those it has forgotten', () => {
    const damaged = { type: 'rtp', arrivalNs: 1500 * MS, stream: 2, payload: Buffer.from([0]) } as const;
    const left = { participantId: participant('ada'), reason: 'left' } as const;
    const records = [
      ...visit(1, 1000, { who: 'ada' }),
      damaged,
      eventRecord(3 * S, { type: 'participant-left', ...left }),
    ];
    const timeline = follow([snapshotRecord(), ...inOrder([...records, tick(20 * S)])]);
    expect([...timeline.streams()]).toEqual([]);
    expect(timeline.faults.malformed).toBe(1);
  });

  it('keeps what every snapshot repeats once', () => {
    const state = () => {
      const participants = [{ participantId: participant('ada'), name: 'Ada', hidden: false }];
      const tracks = [
        { trackId: track('t'), participantId: participant('ada'), source: 'camera', muted: false } as const,
      ];
      return { participants, tracks };
    };
    const timeline = follow([0, 10, 20].map((at) => snapshotRecord(state(), at * S)));
    const [first, second, third] = timeline.events.map(({ event }) => (event.type === 'room-state' ? event : null));
    expect(first?.participants).toEqual(state().participants);
    for (const later of [second, third]) {
      expect(later?.participants).toBe(first?.participants);
      expect(later?.tracks).toBe(first?.tracks);
    }
  });
});
