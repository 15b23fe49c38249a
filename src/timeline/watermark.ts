/**
 * How far the timeline is final, from the journal alone. Every stream is waited for: up to its newest contiguous packet where it sends;
 * for a while where it has stopped without saying so. Nothing here looks at a clock: "now" is the arrival time of the newest record.
 */
import { NS_PER_MS, type SessionTimeNs } from '../domain/media-time.ts';
import type { Stream } from './stream.ts';

/** A stream that nobody has heard of yet may begin with pictures this old: an encoder's delay and a network's jitter. */
const NEWCOMER_NS = 200 * NS_PER_MS;
/** Capture to arrival of what is still under way to us, at worst. */
const UNDER_WAY_NS = 700 * NS_PER_MS;
/** Its connection sends, it does not: an encoder starved of CPU stalls this long; a screen that stands still, longer. */
const STALLED_ENCODER_NS = 2000 * NS_PER_MS;
/** Nobody is waited for longer. A participant whose network dies is gone after 8 s. */
const LONGEST_WAIT_NS = 10_000 * NS_PER_MS;

/** Up to where one stream is final. */
const boundOf = (stream: Stream, muted: boolean, nowNs: SessionTimeNs): SessionTimeNs => {
  const quietNs = nowNs - UNDER_WAY_NS;
  const beganNs = stream.beganNs - UNDER_WAY_NS;
  const frontierNs = stream.held ? beganNs : Math.max(beganNs, stream.media.frontierNs);
  const silentNs = nowNs - stream.lastArrivalNs;
  if (silentNs > LONGEST_WAIT_NS) return quietNs;
  if (stream.waiting || stream.held) return frontierNs;
  const othersOfTrack = stream.track.lastArrivalNs - stream.lastArrivalNs > UNDER_WAY_NS;
  const othersOfConnection = stream.connection.lastArrivalNs - stream.lastArrivalNs > STALLED_ENCODER_NS;
  const expected = !muted && !othersOfTrack && !othersOfConnection;
  return expected ? frontierNs : Math.max(frontierNs, quietNs);
};

/**
 * Everything before the result is final, given these streams; may be less than an earlier result, which then stands.
 *
 * @param isMuted by stream: its track was muted, nothing more is expected of it.
 */
export const settledBy = (
  streams: Iterable<Stream>,
  isMuted: (stream: Stream) => boolean,
  nowNs: SessionTimeNs,
): SessionTimeNs => {
  let settledNs = nowNs - NEWCOMER_NS;
  for (const stream of streams) {
    if (!stream.closed) settledNs = Math.min(settledNs, boundOf(stream, isMuted(stream), nowNs));
  }
  return Math.max(settledNs, nowNs - LONGEST_WAIT_NS);
};
