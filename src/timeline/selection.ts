/**
 * A journal with fewer people in it: some participants, and of those some tracks, as if nobody and nothing else had been there. Records
 * of the room itself (recordings, pins, time) stay. Pure but for what it remembers of streams and tracks.
 */
import type { SessionEvent } from '../domain/events.ts';
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import type { TrackSource } from '../domain/media.ts';
import type { JournalRecord, JournalSnapshot } from '../journal/record.ts';

export interface Selection {
  participant(participantId: ParticipantId): boolean;
  source(participantId: ParticipantId, source: TrackSource): boolean;
}

/** These participants, with these of their tracks. */
export const chosen = (
  participants: readonly { readonly participantId: string; readonly sources: readonly TrackSource[] }[],
): Selection => {
  const sources = new Map<string, readonly TrackSource[]>(participants.map((one) => [one.participantId, one.sources]));
  return {
    participant: (participantId) => sources.has(participantId),
    source: (participantId, source) => sources.get(participantId)?.includes(source) ?? false,
  };
};

/** Passes a record on, changed where it tells of those left out; null: it is about them alone. Call it with every record, in order. */
export type RecordFilter = (record: JournalRecord) => JournalRecord | null;

export const selectRecords = (selection: Selection): RecordFilter => {
  const streams = new Set<number>();
  const leftOut = new Set<TrackId>();

  const snapshotOf = (snapshot: JournalSnapshot): JournalSnapshot => {
    for (const track of snapshot.tracks) {
      if (!selection.source(track.participantId, track.source)) leftOut.add(track.trackId);
    }
    const kept = snapshot.streams.filter(({ participantId, source }) => selection.source(participantId, source));
    for (const { stream } of kept) streams.add(stream);
    return {
      ...snapshot,
      participants: snapshot.participants.filter(({ participantId }) => selection.participant(participantId)),
      tracks: snapshot.tracks.filter(({ trackId }) => !leftOut.has(trackId)),
      pins: snapshot.pins.filter((participantId) => selection.participant(participantId)),
      streams: kept,
    };
  };

  const isWanted = (event: SessionEvent): boolean => {
    switch (event.type) {
      case 'participant-joined':
        return selection.participant(event.participant.participantId);
      case 'participant-left':
        return selection.participant(event.participantId);
      case 'track-published':
        if (!selection.source(event.track.participantId, event.track.source)) leftOut.add(event.track.trackId);
        return !leftOut.has(event.track.trackId);
      case 'track-unpublished':
      case 'track-muted':
        return !leftOut.has(event.trackId);
      case 'stream-opened':
        if (selection.source(event.stream.participantId, event.stream.source)) streams.add(event.stream.stream);
        return streams.has(event.stream.stream);
      case 'stream-closed':
        return streams.has(event.stream);
      default:
        return true;
    }
  };

  return (record) => {
    switch (record.type) {
      case 'rtp':
      case 'sender-report':
      case 'sample':
        return streams.has(record.stream) ? record : null;
      case 'snapshot':
        return { ...record, snapshot: snapshotOf(record.snapshot) };
      case 'event': {
        const { event } = record;
        if (event.type === 'pins-changed') {
          const pins = event.pins.filter((participantId) => selection.participant(participantId));
          return { ...record, event: { ...event, pins } };
        }
        return isWanted(event) ? record : null;
      }
      default:
        return record;
    }
  };
};
