/**
 * Who was in the room, and what they published, when a journal breaks off: its last snapshot, and the events behind it. For a writer that
 * goes on where a dead one stopped.
 */
import type { ParticipantInfo, SessionEvent, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import { readSnapshot } from './chunk-ends.ts';
import { listChunkFiles } from './chunk-files.ts';
import { readJournal } from './reader.ts';
import type { JournalRecord } from './record.ts';

export interface RoomAtEnd {
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  readonly pins: readonly ParticipantId[];
  /** The highest stream number that was ever given: those of whoever goes on must be higher. */
  readonly lastStream: number;
}

/** Where to read from: the last chunk that says all that is needed, else (damaged, or of a version that did not) the first. */
const chunkToBeginWith = async (directory: string): Promise<number> => {
  const files = await listChunkFiles(directory);
  for (const { chunk } of files.toReversed()) {
    const snapshot = await readSnapshot(directory, chunk);
    if (snapshot) return snapshot.lastStream === undefined ? (files[0]?.chunk ?? 1) : chunk;
  }
  return files[0]?.chunk ?? 1;
};

class Room {
  #participants = new Map<ParticipantId, ParticipantInfo>();
  #tracks = new Map<TrackId, TrackInfo>();
  #pins: readonly ParticipantId[] = [];
  #lastStream = 0;

  get state(): RoomAtEnd {
    return {
      participants: [...this.#participants.values()],
      tracks: [...this.#tracks.values()],
      pins: this.#pins,
      lastStream: this.#lastStream,
    };
  }

  take(record: JournalRecord): void {
    if (record.type === 'event') this.#event(record.event);
    if (record.type !== 'snapshot') return;
    const { participants, tracks, pins, streams, lastStream = 0 } = record.snapshot;
    this.#participants = new Map(participants.map((person) => [person.participantId, person]));
    this.#tracks = new Map(tracks.map((track) => [track.trackId, track]));
    this.#pins = pins;
    this.#lastStream = Math.max(this.#lastStream, lastStream, ...streams.map(({ stream }) => stream));
  }

  #event(event: SessionEvent): void {
    switch (event.type) {
      case 'participant-joined':
        this.#participants.set(event.participant.participantId, event.participant);
        return;
      case 'participant-left':
        this.#participants.delete(event.participantId);
        for (const { trackId, participantId } of [...this.#tracks.values()]) {
          if (participantId === event.participantId) this.#tracks.delete(trackId);
        }
        return;
      case 'track-published':
        this.#tracks.set(event.track.trackId, event.track);
        return;
      case 'track-unpublished':
        this.#tracks.delete(event.trackId);
        return;
      case 'track-muted': {
        const track = this.#tracks.get(event.trackId);
        if (track) this.#tracks.set(event.trackId, { ...track, muted: event.muted });
        return;
      }
      case 'pins-changed':
        this.#pins = event.pins;
        return;
      case 'stream-opened':
        this.#lastStream = Math.max(this.#lastStream, event.stream.stream);
    }
  }
}

/** Of a journal that nobody writes. What cannot be read is passed over. */
export const readRoomAtEnd = async (directory: string): Promise<RoomAtEnd> => {
  const room = new Room();
  const fromChunk = await chunkToBeginWith(directory);
  for await (const { records } of readJournal(directory, { fromChunk }))
    for (const record of records) room.take(record);
  return room.state;
};
