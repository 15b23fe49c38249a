/**
 * What a journal says of things that befell a recording: interruptions, packets that were dropped, records that cannot be read. Fed with
 * what the feed reads, in order; tells each incident once its end is known. Pure but for its state.
 */
import { END_MISSING, type Incident, type IncidentType } from '../domain/incidents.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { JournalProblem } from '../journal/reader.ts';
import type { JournalRecord } from '../journal/record.ts';

/**
 * The last record of a journal is cut short where its writer was killed: what was to follow it was never written, and the end of the recording
 * is told in any case. Only where the recording is known to have gone on for longer than a tick (250 ms) is something missing.
 */
const SHORTEST_HOLE_AT_END_NS = 250_000_000;

/** The recording, as far as it has been read. */
export interface RecordedTime {
  readonly startNs: SessionTimeNs;
  readonly stopNs: SessionTimeNs | null;
  secondsAt(ns: SessionTimeNs): number;
  wallMsAt(ns: SessionTimeNs): number;
}

interface Beginning {
  readonly type: IncidentType;
  readonly key: string;
  readonly fromNs: SessionTimeNs;
  /** It is over with the next record, or with the next packet. */
  readonly until: 'record' | 'packet';
  /** A writer that died leaves the same: an interruption that follows before any packet tells of it. */
  readonly orInterrupted?: boolean;
  readonly shortestAtEndNs: number;
  readonly message: string;
}

interface Hole {
  readonly type: IncidentType;
  readonly key: string;
  readonly fromNs: SessionTimeNs;
  readonly toNs: SessionTimeNs;
  readonly message: string;
}

export class JournalIncidents {
  readonly #timeOf: () => RecordedTime | null;
  readonly #tell: (incident: Incident) => void;
  #begun: Beginning[] = [];
  /** Over, and told with the next packet, if no interruption comes before. */
  #held: Hole[] = [];
  /** What was over before anything was read of the recording. */
  #early: Hole[] = [];
  #lastNs: SessionTimeNs = 0;
  #lastPacketNs: SessionTimeNs = 0;
  #finished = false;

  constructor(timeOf: () => RecordedTime | null, tell: (incident: Incident) => void) {
    this.#timeOf = timeOf;
    this.#tell = tell;
  }

  record(record: JournalRecord): void {
    const { arrivalNs } = record;
    const isPacket = record.type === 'rtp';
    if (this.#early.length > 0) this.#tellEarly();
    if (this.#begun.length > 0) this.#end(arrivalNs, isPacket);
    if (isPacket && this.#held.length > 0) this.#tellHeld();
    if (record.type === 'event' && record.event.type === 'interrupted') {
      const { fromNs } = record.event;
      const key = `interrupted/${fromNs}`;
      this.#held = [];
      this.#begun.push({ type: 'interrupted', key, fromNs, until: 'packet', shortestAtEndNs: 0, message: INTERRUPTED });
    } else if (record.type === 'event' && record.event.type === 'dropped') {
      const { records, bytes, reason } = record.event;
      const message = `${records} packets (${bytes} bytes) are missing. ${reason}`;
      this.#told('packets-dropped', `dropped/${arrivalNs}`, this.#lastPacketNs, arrivalNs, message);
    }
    this.#lastNs = Math.max(this.#lastNs, arrivalNs);
    if (isPacket) this.#lastPacketNs = arrivalNs;
  }

  /** Met behind the records that were given so far; a damaged record among them says itself behind which. */
  problem(problem: JournalProblem): void {
    switch (problem.kind) {
      case 'damaged': {
        const { chunk, offset, bytes, restLost, afterNs } = problem;
        const key = `damaged/${chunk}/${offset}`;
        const fromNs = afterNs ?? this.#lastNs;
        const message = `${bytes} bytes of what was received cannot be read.`;
        if (restLost) this.#unreadable({ key, fromNs, message });
        else this.#told('journal-damaged', key, fromNs, fromNs, message);
        return;
      }
      case 'torn': {
        const message = 'What was received is cut off in the midst of a record.';
        const shortestAtEndNs = SHORTEST_HOLE_AT_END_NS;
        this.#unreadable({ key: `torn/${problem.chunk}`, message, shortestAtEndNs, orInterrupted: true });
        return;
      }
      case 'unsealed': {
        const { chunk } = problem;
        const message = `The end of chunk ${chunk} of the journal is not there.`;
        this.#unreadable({ key: `unsealed/${chunk}`, message, orInterrupted: true });
        return;
      }
      case 'missing-chunks': {
        const { from, to } = problem;
        this.#unreadable({ key: `missing/${from}`, message: `Chunks ${from} to ${to} of the journal are not there.` });
        return;
      }
      case 'unknown-records':
        return; // of a newer version, which this one does without
    }
  }

  /** The journal is over: so is what had begun. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    const time = this.#timeOf();
    const endNs = time?.stopNs ?? this.#lastNs;
    this.#begun = this.#begun.filter(({ fromNs, shortestAtEndNs }) => endNs - fromNs >= shortestAtEndNs);
    this.#end(endNs, true);
    this.#tellHeld();
    this.#tellEarly();
    if (time?.stopNs === null) this.#tellWithoutEnd(time);
  }

  /** Whoever knows why it ended where it does (`earlyEnd`) tells that instead. */
  #tellWithoutEnd(time: RecordedTime): void {
    const fromNs = Math.max(time.startNs, this.#lastNs);
    this.#tell({
      type: 'journal-damaged',
      key: END_MISSING,
      fromSeconds: time.secondsAt(fromNs),
      toSeconds: null,
      atMs: Math.round(time.wallMsAt(fromNs)),
      message: 'The end of the journal is not there: the recording ends with what can be read.',
    });
  }

  #tellEarly(): void {
    if (!this.#timeOf()) return;
    for (const { type, key, fromNs, toNs, message } of this.#early.splice(0)) {
      this.#told(type, key, fromNs, toNs, message);
    }
  }

  #tellHeld(): void {
    for (const { type, key, fromNs, toNs, message } of this.#held.splice(0)) {
      this.#told(type, key, fromNs, toNs, message);
    }
  }

  /** From here, or from `fromNs`, to the next record. */
  #unreadable(hole: Pick<Beginning, 'key' | 'message'> & Partial<Beginning>): void {
    this.#begun.push({ type: 'journal-damaged', fromNs: this.#lastNs, until: 'record', shortestAtEndNs: 0, ...hole });
  }

  #end(atNs: SessionTimeNs, isPacket: boolean): void {
    const over = this.#begun.filter(({ until }) => until === 'record' || isPacket);
    this.#begun = this.#begun.filter((one) => !over.includes(one));
    for (const { type, key, fromNs, orInterrupted, message } of over) {
      if (orInterrupted) this.#held.push({ type, key, fromNs, toNs: atNs, message });
      else this.#told(type, key, fromNs, atNs, message);
    }
  }

  #told(type: IncidentType, key: string, fromNs: SessionTimeNs, toNs: SessionTimeNs, message: string): void {
    const time = this.#timeOf();
    if (!time) {
      this.#early.push({ type, key, fromNs, toNs, message });
      return;
    }
    if (toNs < time.startNs || (time.stopNs !== null && fromNs >= time.stopNs)) return;
    this.#tell({
      type,
      key,
      fromSeconds: time.secondsAt(fromNs),
      toSeconds: time.secondsAt(toNs),
      atMs: Math.round(time.wallMsAt(fromNs)),
      message,
    });
  }
}

const INTERRUPTED =
  'The media process died and was started again: nothing was received until the first participant was back.';
