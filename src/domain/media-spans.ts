/**
 * Session time ↔ media time of a recording that may have been paused: the spans that are recorded, joined. Every span is a whole number of
 * ticks (1600 samples each), so that distances between pictures stay equal and sound stays with them; what rounding adds or takes is
 * half a tick a pause. Pure.
 */
import { FRAME_RATE, NS_PER_S, type SessionTimeNs, ticksIn, tickToNs } from './media-time.ts';

/** Nothing is recorded from `pausedNs` to `resumedNs`; null while it lasts, or if it lasted to the end. */
export interface Pause {
  readonly pausedNs: SessionTimeNs;
  readonly resumedNs: SessionTimeNs | null;
}

/** The pauses after a word of one more. Said again, it changes nothing. */
export const withPause = (pauses: readonly Pause[], pausedNs: SessionTimeNs): readonly Pause[] => {
  const last = pauses.at(-1);
  const isKnown = last !== undefined && (last.resumedNs === null || last.resumedNs > pausedNs);
  return isKnown ? pauses : [...pauses, { pausedNs, resumedNs: null }];
};

/** The pauses after a word of the last one's end. Said again, it changes nothing. */
export const withResume = (pauses: readonly Pause[], resumedNs: SessionTimeNs): readonly Pause[] => {
  const last = pauses.at(-1);
  return last?.resumedNs === null ? [...pauses.slice(0, -1), { ...last, resumedNs }] : pauses;
};

/** One stretch of session time that is recorded. */
export interface MediaSpan {
  readonly fromNs: SessionTimeNs;
  /** Null while it is not known to end. */
  readonly toNs: SessionTimeNs | null;
  /** Its first tick in the recording. */
  readonly firstTick: number;
  /** Infinity while it is not known to end. */
  readonly ticks: number;
}

/** Where a tick lies. */
export interface TickTime {
  readonly atNs: SessionTimeNs;
  readonly span: MediaSpan;
  /** The first tick of its span. */
  readonly begins: boolean;
}

export class MediaSpans {
  /** In order, those without a single tick left out. */
  readonly spans: readonly MediaSpan[];
  /** Ticks of the whole recording, at least one; null while it is not known to end. */
  readonly totalTicks: number | null;

  /** @param endNs the recording's end; null while it is not known. It may lie in the last pause. */
  constructor(startNs: SessionTimeNs, pauses: readonly Pause[], endNs: SessionTimeNs | null) {
    const spans: MediaSpan[] = [];
    let firstTick = 0;
    const add = (fromNs: SessionTimeNs, toNs: SessionTimeNs | null): void => {
      const ticks = toNs === null ? Number.POSITIVE_INFINITY : ticksIn(toNs - fromNs);
      if (ticks > 0) spans.push({ fromNs, toNs, firstTick, ticks });
      firstTick += ticks;
    };
    let fromNs: SessionTimeNs | null = startNs;
    for (const { pausedNs, resumedNs } of pauses) {
      if (fromNs !== null) add(fromNs, pausedNs);
      fromNs = resumedNs;
    }
    if (fromNs !== null) add(fromNs, endNs);
    if (spans.length === 0 && endNs !== null) spans.push({ fromNs: startNs, toNs: startNs, firstTick: 0, ticks: 1 });
    this.spans = spans;
    this.totalTicks = endNs === null ? null : Math.max(1, firstTick);
  }

  /** Where a tick lies; null where it is not known yet (paused), or behind the end. */
  at(tick: number): TickTime | null {
    const span = this.spans.findLast(({ firstTick }) => firstTick <= tick);
    if (span === undefined || tick >= span.firstTick + span.ticks) return null;
    return { atNs: span.fromNs + tickToNs(tick - span.firstTick), span, begins: tick === span.firstTick };
  }

  /**
   * Session time up to which the ticks before this one reach, as if the last span went on: where a reader stands that has taken them in.
   * Null: they are not all known yet.
   */
  reachNs(tick: number): SessionTimeNs | null {
    const span = this.spans.findLast(({ firstTick }) => firstTick < tick) ?? this.spans[0];
    if (span === undefined) return null;
    const isLast = span === this.spans.at(-1);
    if (tick > span.firstTick + span.ticks && !(isLast && this.totalTicks !== null)) return null;
    return span.fromNs + tickToNs(tick - span.firstTick);
  }

  /** Seconds of the file at which a session time is seen; a time within a pause is at the cut, one outside at the nearer end. */
  secondsAt(sessionNs: SessionTimeNs): number {
    let tick = 0;
    for (const span of this.spans) {
      if (sessionNs < span.fromNs) break;
      tick = span.firstTick + Math.min(span.ticks, ((sessionNs - span.fromNs) * FRAME_RATE) / NS_PER_S);
    }
    return tick / FRAME_RATE;
  }

  /** Spans that have ticks in [from, to). */
  within(fromTick: number, toTick: number): readonly MediaSpan[] {
    return this.spans.filter(({ firstTick, ticks }) => firstTick < toTick && firstTick + ticks > fromTick);
  }
}
