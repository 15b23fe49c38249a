import { expect, it } from 'vitest';
import type { ParticipantInfo } from '../../../src/domain/events.ts';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import type { Codec, TrackSource } from '../../../src/domain/media.ts';
import type { TimedEvent } from '../../../src/timeline/timeline.ts';
import type { TimelineStream } from '../../../src/timeline/types.ts';
import { Roster, type RosterOptions } from '../../../src/transcription/roster.ts';

const person = (id: string, name: string, hidden = false): ParticipantInfo => ({
  participantId: id as ParticipantId,
  name,
  hidden,
});
const joined = (participant: ParticipantInfo): TimedEvent => ({
  atNs: 0,
  event: { type: 'participant-joined', participant },
});
const stream = (number: number, participant: string, source: TrackSource, codec: Codec = 'opus'): TimelineStream => ({
  stream: number,
  trackId: `${participant}-${source}` as TrackId,
  participantId: participant as ParticipantId,
  source,
  codec,
  rid: null,
  openedNs: 0,
  closedNs: null,
});

const heardBy = (options: Partial<RosterOptions>, streams: readonly TimelineStream[]) => {
  const roster = new Roster({ excludeParticipants: [], ...options });
  roster.take([joined(person('ada', 'Ada')), joined(person('rec', '', true)), joined(person('bo', ''))]);
  return roster.speakers(streams).map(({ speaker, streams: numbers }) => [speaker.id, speaker.name, numbers]);
};

it('names who speaks, by all streams of a microphone; a screen is a speaker of its own', () => {
  const streams = [
    stream(1, 'ada', 'microphone'),
    stream(2, 'ada', 'camera', 'vp8'),
    stream(3, 'ada', 'screen-audio'),
    stream(4, 'bo', 'microphone'),
    stream(5, 'ada', 'microphone'),
  ];
  expect(heardBy({}, streams)).toEqual([
    ['ada', 'Ada', [1, 5]],
    ['ada:screen', 'Ada (screen)', [3]],
    ['bo', 'bo', [4]],
  ]);
});

it('does not hear who is hidden, left out, or not chosen', () => {
  const streams = [stream(1, 'ada', 'microphone'), stream(2, 'rec', 'microphone'), stream(3, 'bo', 'microphone')];
  expect(heardBy({ excludeParticipants: ['bo'] }, streams)).toEqual([['ada', 'Ada', [1]]]);
  const participants = [{ participantId: 'bo', sources: ['microphone', 'camera'] as const }];
  expect(heardBy({ participants }, streams)).toEqual([['bo', 'bo', [3]]]);
  const screens = [{ participantId: 'bo', sources: ['screen-audio'] as const }];
  expect(heardBy({ participants: screens }, streams)).toEqual([]);
});

it('takes names as the room has them now, and people from a snapshot', () => {
  const roster = new Roster({ excludeParticipants: [] });
  const room = {
    type: 'room-state',
    participants: [person('ada', 'Ada')],
    tracks: [],
    pins: [],
    recordings: [],
  } as const;
  const events: TimedEvent[] = [{ atNs: 0, event: room }];
  roster.take(events);
  const streams = [stream(1, 'ada', 'microphone')];
  expect(roster.speakers(streams)[0]?.speaker.name).toBe('Ada');
  events.push(joined(person('ada', 'Ada Lovelace')));
  roster.take(events);
  expect(roster.speakers(streams)[0]?.speaker.name).toBe('Ada Lovelace');
});
