import { expect, test } from 'vitest';
import type { SessionEvent } from '../../../src/domain/events.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { chosen, selectRecords } from '../../../src/timeline/selection.ts';
import { eventRecord, opened, participant, snapshotRecord, streamInfo, tick, track } from './support/session.ts';

const ADA = { participantId: participant('ada'), name: 'Ada', hidden: false };
const BOB = { participantId: participant('bob'), name: 'Bob', hidden: false };
const rtp = (stream: number): JournalRecord => ({ type: 'rtp', arrivalNs: 1, stream, payload: Buffer.alloc(12) });
const published = (who: string, source: 'camera' | 'microphone' | 'screen-video'): SessionEvent => ({
  type: 'track-published',
  track: { trackId: track(`${who}-${source}`), participantId: participant(who), source, muted: false },
});

test('who is not chosen was never there: not in snapshots, events, pins, streams or packets', () => {
  const filter = selectRecords(chosen([{ participantId: 'ada', sources: ['camera'] }]));
  const streams = [
    streamInfo(1, { codec: 'vp8' }),
    streamInfo(2, { codec: 'opus' }),
    streamInfo(3, { codec: 'vp8', who: 'bob' }),
  ];
  const first = filter(
    snapshotRecord({
      participants: [ADA, BOB],
      pins: [BOB.participantId, ADA.participantId],
      streams: streams.map((info) => ({ ...info, extendedSequence: null, lastSenderReport: null })),
      tracks: streams.map(({ trackId, participantId, source }) => ({ trackId, participantId, source, muted: false })),
    }),
  );
  if (first?.type !== 'snapshot') throw new Error('A snapshot stays one.');
  const { snapshot } = first;
  expect(snapshot.participants).toEqual([ADA]);
  expect(snapshot.pins).toEqual(['ada']);
  expect(snapshot.streams.map(({ stream }) => stream)).toEqual([1]);
  expect(snapshot.tracks.map(({ trackId }) => trackId)).toEqual(['ada-camera']);
  expect([1, 2, 3].map((stream) => filter(rtp(stream)) !== null)).toEqual([true, false, false]);

  const passes = (event: SessionEvent): boolean => filter(eventRecord(2, event)) !== null;
  expect(passes({ type: 'participant-joined', participant: BOB })).toBe(false);
  expect(passes({ type: 'participant-left', participantId: ADA.participantId, reason: 'left' })).toBe(true);
  expect(passes(published('ada', 'screen-video'))).toBe(false);
  expect(passes({ type: 'track-muted', trackId: track('ada-screen-video'), muted: true })).toBe(false);
  expect(passes({ type: 'track-muted', trackId: track('bob-camera'), muted: true })).toBe(false);
  expect(passes({ type: 'track-muted', trackId: track('ada-camera'), muted: true })).toBe(true);
  expect(filter(opened(3, streamInfo(4, { codec: 'vp8', who: 'bob' })))).toBeNull();
  expect(filter(rtp(4))).toBeNull();
  expect(filter(opened(3, streamInfo(5, { codec: 'vp8' })))).not.toBeNull();
  expect(filter(rtp(5))).not.toBeNull();
  expect(passes({ type: 'stream-closed', stream: 4 })).toBe(false);
  const pins = filter(eventRecord(3, { type: 'pins-changed', pins: [BOB.participantId] }));
  expect(pins).toMatchObject({ event: { pins: [] } });
  // What is about the room stays.
  expect(passes({ type: 'session-ended' })).toBe(true);
  expect(filter(tick(4))).toEqual(tick(4));
});
