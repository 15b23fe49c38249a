/**
 * A room in which everything happens, read as a compositor reads it: what is planned and heard must not depend on how much of the
 * journal was there when it was asked for.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { windowsOfSegment } from '../../../src/composition/levels.ts';
import { Planner } from '../../../src/composition/planner.ts';
import type { SessionEvent, TrackInfo } from '../../../src/domain/events.ts';
import type { ParticipantId, RecordingId } from '../../../src/domain/ids.ts';
import { mediaKindOf, type TrackSource } from '../../../src/domain/media.ts';
import { MediaSpans } from '../../../src/domain/media-spans.ts';
import { SEGMENT_TICKS, tickToNs } from '../../../src/domain/media-time.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { LEAD_IN_NS } from '../../../src/timeline/layers.ts';
import { LEVEL_WINDOW_MS } from '../../../src/timeline/speaker.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { opusPacket, vp8Frame, vp8Payloads } from './support/rtp.ts';
import {
  eventRecord,
  inOrder,
  MS,
  opened,
  participant,
  S,
  Sender,
  seeded,
  snapshotRecord,
  streamInfo,
  tick,
  track,
} from './support/session.ts';

const SECONDS = 26;
const START_NS = 1500 * MS;
const CANVAS = { width: 1280, height: 720 };
const LAYOUT = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
const RECORDING = 'a'.repeat(24) as RecordingId;

type Random = () => number;

/** Up to 60 ms late; one in twenty lost, of which most are sent again, some of those when it is too late. */
const arrivalOf = (sentNs: number, random: Random): number | null => {
  const arrivalNs = Math.round(sentNs + (10 + 50 * random()) * MS);
  if (random() >= 0.05) return arrivalNs;
  const fate = random();
  return fate < 0.2 ? null : Math.round(arrivalNs + (fate < 0.9 ? 200 : 5000) * MS * random());
};

interface Sending {
  readonly stream: number;
  readonly who: string;
  readonly source: TrackSource;
  readonly fromS: number;
  readonly toS: number;
  readonly rid?: string;
  readonly width?: number;
  readonly connection?: number;
  readonly ppm?: number;
}

/** All records of one stream, from its opening to its end. Speech in turns of two seconds. */
const sent = (sending: Sending, random: Random): JournalRecord[] => {
  const { stream, who, source, fromS, toS, rid = null, width = 640, connection = 1, ppm = 0 } = sending;
  const isSound = mediaKindOf(source) === 'audio';
  const clockDomain = `${who}-${connection}`;
  const info = streamInfo(stream, { codec: isSound ? 'opus' : 'vp8', who, source, rid, clockDomain });
  const sender = new Sender(info, { ppm });
  const stepMs = isSound ? 20 : 1000 / 30;
  for (let n = 0, ms = fromS * 1000; ms < toS * 1000; n += 1, ms = fromS * 1000 + n * stepMs) {
    const silent = Math.floor(ms / 2000) % 3 !== stream % 3;
    const frame = vp8Frame({ key: n % 45 === 0, width, height: (width * 9) / 16, mark: n, bytes: width });
    const payloads = isSound ? [opusPacket(silent ? 0 : 1)] : vp8Payloads(frame, 2);
    sender.frame(Math.round(ms * MS), payloads, () => arrivalOf(ms * MS, random));
    if (n % 50 === 25) sender.report(Math.round(ms * MS), Math.round((ms + 30) * MS), 40 * MS * random());
  }
  const closed = eventRecord(toS * S + 300 * MS, { type: 'stream-closed', stream });
  return [opened(fromS * S, info), ...sender.records, closed];
};

const trackInfo = (who: string, source: TrackSource): TrackInfo => ({
  trackId: track(`${who}-${source}`),
  participantId: participant(who),
  source,
  muted: false,
});

const room = (): JournalRecord[] => {
  const random = seeded(42);
  const media = (
    [
      { stream: 1, who: 'ada', source: 'camera', fromS: 1, toS: 25, rid: 'q', width: 320 },
      { stream: 2, who: 'ada', source: 'camera', fromS: 1, toS: 14, rid: 'h', width: 640 },
      { stream: 3, who: 'ada', source: 'camera', fromS: 4, toS: 25, rid: 'f', width: 1280 },
      { stream: 4, who: 'ada', source: 'microphone', fromS: 1, toS: 25, ppm: 90 },
      { stream: 5, who: 'bob', source: 'camera', fromS: 1, toS: 8, ppm: -80 },
      { stream: 6, who: 'bob', source: 'microphone', fromS: 1, toS: 8 },
      { stream: 7, who: 'bob', source: 'camera', fromS: 11, toS: 25, connection: 2 },
      { stream: 8, who: 'bob', source: 'microphone', fromS: 11, toS: 25, connection: 2 },
      { stream: 9, who: 'cara', source: 'camera', fromS: 6, toS: 16 },
      { stream: 10, who: 'cara', source: 'screen-video', fromS: 9, toS: 16, width: 1280 },
      { stream: 11, who: 'cara', source: 'microphone', fromS: 6, toS: 16 },
    ] as const satisfies Sending[]
  ).flatMap((sending) => sent(sending, random));
  const joins = (who: string, atS: number, ...sources: TrackSource[]): JournalRecord[] => {
    const info = { participantId: participant(who), name: who, hidden: false };
    const tracks = sources.map((source) => trackInfo(who, source));
    const events: SessionEvent[] = [
      { type: 'participant-joined', participant: info },
      ...tracks.map((each): SessionEvent => ({ type: 'track-published', track: each })),
    ];
    return events.map((event) => eventRecord(atS * S, event));
  };
  const at = (seconds: number, event: SessionEvent) => eventRecord(seconds * S, event);
  const mute = (seconds: number, name: string, muted: boolean) =>
    at(seconds, { type: 'track-muted', trackId: track(name), muted });
  const events = [
    ...joins('ada', 1, 'camera', 'microphone'),
    ...joins('bob', 1, 'camera', 'microphone'),
    ...joins('cara', 6, 'camera', 'microphone'),
    at(START_NS / S, {
      type: 'recording-started',
      recording: { recordingId: RECORDING, startedNs: START_NS, layout: LAYOUT },
    }),
    at(9, { type: 'track-published', track: trackInfo('cara', 'screen-video') }),
    at(12, { type: 'pins-changed', pins: [participant('bob')] }),
    mute(12.3, 'ada-camera', true),
    mute(13.1, 'ada-camera', false),
    at(15, { type: 'track-unpublished', trackId: track('cara-screen-video') }),
    at(16.4, { type: 'participant-left', participantId: participant('cara'), reason: 'left' }),
    ...joins('cara', 20, 'camera'),
  ];
  const ticks = Array.from({ length: SECONDS * 4 }, (_, i) => tick((i + 1) * 250 * MS));
  return [snapshotRecord(), ...inOrder([...events, ...media, ...ticks])];
};

/** Reads segment by segment, pushing records by as many as `batch` says whenever more is needed. */
const read = (records: readonly JournalRecord[], batch: () => number): { digest: string; shown: Set<number> } => {
  const hash = createHash('sha256');
  const shown = new Set<number>();
  const timeline = new Timeline();
  const planner = new Planner({
    source: timeline,
    recordingId: RECORDING,
    layout: LAYOUT,
    canvas: CANVAS,
    transitions: true,
    spans: new MediaSpans(START_NS, [], null),
  });
  let next = 0;
  let eventsTaken = 0;
  const segments = Math.floor(((SECONDS * S - START_NS) / tickToNs(SEGMENT_TICKS)) as number);
  for (let segment = 0; segment < segments; segment += 1) {
    const endNs = START_NS + tickToNs((segment + 1) * SEGMENT_TICKS);
    while (timeline.settledNs < Math.max(endNs + 150 * MS, START_NS + LEAD_IN_NS)) {
      if (next === records.length) timeline.finish();
      const until = Math.min(records.length, next + batch());
      for (const record of records.slice(next, until)) timeline.push(record);
      next = until;
    }
    planner.addEvents(timeline.events.slice(eventsTaken));
    eventsTaken = timeline.events.length;
    const { first, end } = windowsOfSegment(segment);
    planner.addLevels(Array.from({ length: end - first }, (_, i) => levelsAt(timeline, first + i, hash)));
    for (let i = 0; i < SEGMENT_TICKS; i += 1) {
      const { scene, flights, choices } = planner.next();
      hash.update(JSON.stringify([scene, flights]));
      for (const [trackId, { stream, restart, timeNs, frames }] of choices) {
        shown.add(stream);
        hash.update(`${trackId} ${stream} ${restart} ${timeNs}`);
        for (const frame of frames) hash.update(`${frame.timeNs} ${frame.keyframe}`).update(frame.data);
      }
    }
    timeline.discardBefore(endNs);
  }
  return { digest: hash.digest('hex'), shown };
};

/** A stand-in for decoded sound: loud where a packet says so. */
const levelsAt = (timeline: Timeline, window: number, hash: ReturnType<typeof createHash>) => {
  const fromNs = START_NS + window * LEVEL_WINDOW_MS * MS;
  const levels: [ParticipantId, number][] = [];
  for (const { stream, codec, participantId } of timeline.streams()) {
    if (codec !== 'opus') continue;
    const packets = timeline.audioPackets(stream, fromNs, fromNs + LEVEL_WINDOW_MS * MS);
    for (const { startNs, endNs, data } of packets) hash.update(`${stream} ${startNs} ${endNs} ${data?.length}`);
    if (packets.some(({ data }) => data?.readUInt32BE(1) === 1)) levels.push([participantId, -20]);
  }
  return Object.fromEntries(levels);
};

describe('what is planned and heard', () => {
  const records = room();
  const atOnce = read(records, () => records.length);

  it('is something of everybody', () => {
    expect([...atOnce.shown].sort((a, b) => a - b)).toEqual([1, 2, 3, 5, 7, 9, 10]);
  });

  it('is the same record by record', () => {
    expect(read(records, () => 1).digest).toBe(atOnce.digest);
  });

  it.each([1, 2, 3, 4, 5, 6])('is the same however the journal arrives (seed %i)', (seed) => {
    const random = seeded(seed);
    const batch = () => Math.ceil(1 / (random() + 1e-4) ** 1.5);
    expect(read(records, batch).digest).toBe(atOnce.digest);
  });
});
