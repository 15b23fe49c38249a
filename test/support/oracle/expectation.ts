/** What a recording should show and sound like, in seconds of the file. Scenarios build it; `verdict.ts` judges by it. */
import type { Rect } from '../../../src/domain/layout.ts';
import type { Fit } from './tile-reading.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One picture in its place for a while. */
export interface ExpectedTile {
  readonly participant: number;
  readonly rect: Rect;
  readonly fit: Fit;
}

/** Who is where during a span. Rectangles come from `domain/layout`. */
export interface ExpectedScene extends Span {
  readonly tiles: readonly ExpectedTile[];
  /** Places that must show nobody's picture: a camera that is off, a canvas with nobody on it. */
  readonly dark?: readonly Rect[];
}

/** A picture that had arrived, with the number in its code. */
export interface TimedFrame {
  readonly time: number;
  readonly frame: number;
}

export interface ExpectedParticipant {
  readonly index: number;
  readonly fps: number;
  /** Frame numbers begin anew after so many. */
  readonly loopFrames: number;
  /** File time of media time zero by the machine's monotonic clock; null: not known (a browser). */
  readonly mediaZero: number | null;
  /** Pictures as they were journaled, by time, where the sender's clock is not known. */
  readonly arrived?: readonly TimedFrame[];
  /** Flashes with their beeps as the sender sent them: how far they are apart is not the recording's fault. */
  readonly ownPairs?: readonly { readonly flash: number; readonly beep: number }[];
  /** File times at which flashes begin that must be seen, beeps that must be heard. */
  readonly flashes: readonly number[];
  readonly beeps: readonly number[];
  /** While these last, a beep may be heard; one outside is somebody who was muted or had left. */
  readonly audible: readonly Span[];
}

export interface Expectation {
  readonly width: number;
  readonly height: number;
  readonly scenes: readonly ExpectedScene[];
  readonly participants: readonly ExpectedParticipant[];
  /** Where the file leaves out time (pauses), in order, and how much it has left out from there on, seconds. Absent: nowhere. */
  readonly cuts?: readonly { readonly at: number; readonly skipped: number }[];
  /** Seconds between the start and stop records of the journal. */
  readonly duration: number;
  /** Seconds between the HTTP answers to start and end, or null where nobody asked for the end. */
  readonly httpDuration: number | null;
}

/** The criteria, in one place. */
export const LIMITS = {
  /** Part of pictures, flashes and beeps that must be there, in their place. */
  present: 0.98,
  /** Edges of the picture beside the rectangle: blur of two scalings and two encodings, no more. */
  misplacedPx: 2,
  /** Red, green or blue beside the colour that was sent, in steps of 255, 95th percentile. Two encodings and roundings: up to 8.3 in small tiles; a wrong matrix shows 28. */
  colourOff: 10,
  /** Sound minus picture, 95th percentile of its absolute value. One tick and a bit. */
  offsetMs: 40,
  durationMs: 100,
  httpDurationMs: 250,
  /** The frame shown is never older than the newest one by more than this. */
  staleMs: 100,
  /** A flash or beep this far from where it is expected is another one. */
  matchMs: 300,
} as const;
