/** Who is heard, by which of their streams: from the room's events. Hidden participants, and those that are left out, are not. Pure. */
import type { ParticipantInfo } from '../domain/events.ts';
import type { TrackSource } from '../domain/media.ts';
import type { Speaker } from '../domain/transcript.ts';
import type { TimedEvent } from '../timeline/timeline.ts';
import type { TimelineStream } from '../timeline/types.ts';

export interface HeardSpeaker {
  readonly speaker: Speaker;
  readonly streams: readonly number[];
}

export interface RosterOptions {
  /** Absent: everybody, by microphone and screen. */
  readonly participants?:
    | readonly { readonly participantId: string; readonly sources: readonly TrackSource[] }[]
    | undefined;
  readonly excludeParticipants: readonly string[];
}

export class Roster {
  readonly #options: RosterOptions;
  readonly #people = new Map<string, ParticipantInfo>();
  #taken = 0;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** Takes in the events that are new in this list, which only grows. */
  take(events: readonly TimedEvent[]): void {
    for (; this.#taken < events.length; this.#taken += 1) {
      const event = events[this.#taken]?.event;
      if (event?.type === 'participant-joined') this.#add(event.participant);
      if (event?.type === 'room-state') for (const person of event.participants) this.#add(person);
    }
  }

  /** In order of their first stream. */
  speakers(streams: Iterable<TimelineStream>): HeardSpeaker[] {
    const heard = new Map<string, { speaker: Speaker; streams: number[] }>();
    for (const { stream, participantId, source, codec } of streams) {
      if (codec !== 'opus' || !this.isHeard(participantId, source)) continue;
      const speaker = this.#speakerOf(participantId, source);
      const known = heard.get(speaker.id);
      if (known) known.streams.push(stream);
      else heard.set(speaker.id, { speaker, streams: [stream] });
    }
    return [...heard.values()];
  }

  /** Whether this source is to be listened to, as far as is known of the participant. */
  isHeard(participantId: string, source: TrackSource): boolean {
    if (source !== 'microphone' && source !== 'screen-audio') return false;
    const { participants, excludeParticipants } = this.#options;
    if (excludeParticipants.includes(participantId) || this.#people.get(participantId)?.hidden) return false;
    if (!participants) return true;
    return participants.some((one) => one.participantId === participantId && one.sources.includes(source));
  }

  #add(person: ParticipantInfo): void {
    this.#people.set(person.participantId, person);
  }

  #speakerOf(participantId: string, source: TrackSource): Speaker {
    const name = this.#people.get(participantId)?.name || participantId;
    return source === 'screen-audio'
      ? { id: `${participantId}:screen`, participantId, kind: 'screen', name: `${name} (screen)` }
      : { id: participantId, participantId, kind: 'microphone', name };
  }
}
