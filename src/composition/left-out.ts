/**
 * A composition may be asked for without some people, or with a layout of its own: what the journal says, as if it had been so. Pure.
 * Who is left out is there as hidden participants are: heard and seen by nobody.
 */
import type { ParticipantInfo } from '../domain/events.ts';
import type { TimedEvent } from '../timeline/timeline.ts';
import type { TimelineStream } from '../timeline/types.ts';
import type { SoundSource } from './stream-sound.ts';

export interface LeftOut {
  readonly participants: ReadonlySet<string>;
  /** The layouts of the journal: the configuration's holds for the whole recording. */
  readonly layouts: boolean;
}

/** The event as the composition takes it; null: it says nothing to it. */
export const leaveOut = ({ atNs, event }: TimedEvent, { participants, layouts }: LeftOut): TimedEvent | null => {
  const hide = (info: ParticipantInfo): ParticipantInfo =>
    participants.has(info.participantId) ? { ...info, hidden: true } : info;
  switch (event.type) {
    case 'participant-joined':
      return { atNs, event: { ...event, participant: hide(event.participant) } };
    case 'room-state': {
      const recordings = layouts ? [] : event.recordings;
      return { atNs, event: { ...event, participants: event.participants.map(hide), recordings } };
    }
    case 'layout-changed':
    case 'recording-started':
      return layouts ? null : { atNs, event };
    default:
      return { atNs, event };
  }
};

/** What is heard without them. */
export const soundWithout = (source: SoundSource, participants: ReadonlySet<string>): SoundSource =>
  participants.size === 0
    ? source
    : {
        *streams(): Iterable<TimelineStream> {
          for (const stream of source.streams()) if (!participants.has(stream.participantId)) yield stream;
        },
        audioPackets: (stream, fromNs, toNs) => source.audioPackets(stream, fromNs, toNs),
      };
