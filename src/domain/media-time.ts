/**
 * The three time axes, so that none is taken for another. All are plain numbers of nanoseconds: exact in a double for 104 days
 * from their origin, which no session reaches.
 *
 * - `SessionTimeNs`: since the session's journal origin (`JournalSnapshot.originMonotonicNs`). Arrival times and the timeline use it.
 * - `MediaTimeNs`: since the start of a recording, pauses cut out. Tick `n` of the output is at `n * TICK`.
 * - RTP timestamps and sender NTP time never leave `timeline/`.
 */
declare const axis: unique symbol;
export type SessionTimeNs = number & { readonly [axis]?: 'session' };
export type MediaTimeNs = number & { readonly [axis]?: 'media' };

export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

/** Output picture rate. Constant: every PTS delta of a recording is equal. */
export const FRAME_RATE = 30;
/** Output sample rate. */
export const SAMPLE_RATE = 48_000;
/** Samples in one AAC frame. */
export const AAC_FRAME = 1024;
/** Picture ticks of a segment: the smallest whole number of video frames (128) that is a whole number of AAC frames (200): 4.2667 s. */
export const SEGMENT_TICKS = 128;
export const SEGMENT_AAC_FRAMES = 200;
export const SEGMENT_SAMPLES = SEGMENT_AAC_FRAMES * AAC_FRAME;

/** Media time of a picture tick, rounded to the nanosecond. */
export const tickToNs = (tick: number): MediaTimeNs => Math.round((tick * NS_PER_S) / FRAME_RATE);
/** Number of ticks that make a recording of this length: every tick whose instant lies before the end. */
export const ticksIn = (duration: MediaTimeNs): number => Math.max(0, Math.round((duration * FRAME_RATE) / NS_PER_S));
/** Sample index of a media time. */
export const nsToSample = (time: MediaTimeNs): number => Math.round((time * SAMPLE_RATE) / NS_PER_S);
