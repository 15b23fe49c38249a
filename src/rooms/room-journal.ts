/**
 * A session's journal as the room sees it: open while a recording needs it, closed otherwise.
 *
 * States: `closed → opening → open → closing → closed`. While it is open, media may be withheld: events are written, packets are not.
 * Events that happen while it opens are kept and written once it is open, after
 * the snapshot that did not know them; packets of that moment belong to no recording yet and are not.
 */

import { RoomtapeError } from '../domain/errors.ts';
import type { SessionEvent } from '../domain/events.ts';
import type { RoomId, SessionId } from '../domain/ids.ts';
import type { Logger } from '../support/log.ts';
import type { Clock } from './clock.ts';
import type { PacketSink, PacketSinkFactory, RoomSnapshot } from './packet-sink.ts';

export interface RoomJournalOptions {
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  readonly sinks: PacketSinkFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly snapshot: () => RoomSnapshot;
  readonly onKeyframesWanted: () => void;
  /** Packets are written again after they were withheld: called before the snapshot that tells so. */
  readonly onMediaAgain: () => void;
  /** The disk refused: everything that is recorded must end. */
  readonly onFailure: (error: Error) => void;
}

interface TimedEvent {
  readonly event: SessionEvent;
  readonly arrivalNs: bigint;
}

export class RoomJournal {
  readonly #options: RoomJournalOptions;
  /** The open journal, or null. */
  sink: PacketSink | null = null;
  /** Where packets go: the open journal, or null; null, too, while media is withheld. Read for every packet. */
  media: PacketSink | null = null;
  #opening: Promise<PacketSink> | null = null;
  #closing: Promise<void> | null = null;
  /** Events since the snapshot that the opening journal took. */
  #meanwhile: TimedEvent[] = [];

  constructor(options: RoomJournalOptions) {
    this.#options = options;
  }

  /** Open, but packets are not written. */
  get isWithholding(): boolean {
    return this.sink !== null && this.media === null;
  }

  /** From now on no packet and no sender report is written: everything is paused. */
  withholdMedia(): void {
    this.media = null;
  }

  /** Writes packets again, beginning with a chunk that says that some were left out. Nothing, if it writes them already. */
  writeMedia(): void {
    const { sink } = this;
    if (!sink || this.media) return;
    this.#options.onMediaAgain();
    this.media = sink;
    sink.beginChunk();
  }

  /** Opens it, or goes on with the open one. Rejects with DISK_FULL where the disk refuses. */
  open(): Promise<PacketSink> {
    if (this.sink) return Promise.resolve(this.sink);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Journals an event, if it is open; keeps it, if it is about to be. */
  event(event: SessionEvent): void {
    const arrivalNs = this.#options.clock.monotonicNs();
    if (this.sink) this.sink.event(event, arrivalNs);
    else if (this.#opening) this.#meanwhile.push({ event, arrivalNs });
  }

  /** Writes what is buffered and seals. Idempotent. A disk that refuses is logged: what reached it is readable. */
  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => {
      this.#closing = null;
    });
    return this.#closing;
  }

  async #open(): Promise<PacketSink> {
    await this.#closing;
    const { sessionId, roomId, sinks, snapshot, onKeyframesWanted, onFailure } = this.#options;
    this.#meanwhile = [];
    try {
      const sink = await sinks.open({
        sessionId,
        roomId,
        onKeyframesWanted: () => {
          if (!this.isWithholding) onKeyframesWanted();
        },
        onFailure,
        snapshot: () => {
          this.#meanwhile = [];
          return snapshot();
        },
      });
      for (const { event, arrivalNs } of this.#meanwhile.splice(0)) sink.event(event, arrivalNs);
      this.sink = sink;
      this.media = sink;
      return sink;
    } catch (cause) {
      this.#meanwhile = [];
      if (cause instanceof RoomtapeError) throw cause;
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new RoomtapeError('DISK_FULL', `The journal could not be opened: ${detail}`, { cause });
    }
  }

  async #close(): Promise<void> {
    const sink = this.sink;
    this.sink = null;
    this.media = null;
    try {
      await sink?.close();
    } catch (error) {
      this.#options.log.error({ err: error, sessionId: this.#options.sessionId }, 'The journal could not be sealed.');
    }
  }
}
