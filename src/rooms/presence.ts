/**
 * Who is still there. A participant is present while its media is, or its socket's pings are; a dropped socket alone removes nobody
 * whose media flows. Pure: times are monotonic milliseconds.
 *
 * While the server process is away no ping can reach us, so those who were known by their socket alone get the whole limit again once
 * it is back. Who publishes has a sign of life that does not pass through the server, and is judged by it all the time.
 */

import type { Stalls } from './stalls.ts';

/** Longer than a Wi-Fi handover, shorter than people wait before they ask "is she still there?". Browsers themselves take 26 s. */
export const INACTIVITY_MS = 8000;

/**
 * Who lost every connection with the media process has to open his socket anew, and then his connections: two tries of a client that waits
 * longer and longer, and DTLS on a machine that has just lost everything. Until then his place is kept.
 */
export const RETURN_MS = 20_000;

/** Whether the server process is connected to us. */
export interface ServerPresence {
  readonly away: boolean;
  /** When it came (back), or went. */
  readonly sinceMs: number;
}

export interface SignsOfLife {
  /** Last packet of any connection that is up; null if none is. */
  readonly mediaMs: number | null;
  /** It sends media: packets come all the time while it is there. A receiver's reports may pause when nobody sends to it. */
  readonly publishes: boolean;
  /** Last sign of any other kind: its socket's messages, its joining, the last packet of a connection that has ended. */
  readonly seenMs: number;
  /** Its socket was open when the server process went away, and has not been opened again. */
  readonly socketLostWithServer: boolean;
  /** The media process that it was connected to died, and it has not come back yet. */
  readonly awaited: boolean;
}

/** The last moment at which the participant can be taken to have been there. */
export const lastSeenMs = (signs: SignsOfLife, server: ServerPresence, nowMs: number): number => {
  const seen = Math.max(signs.mediaMs ?? signs.seenMs, signs.seenMs);
  if (!signs.socketLostWithServer || signs.publishes) return seen;
  return server.away ? nowMs : Math.max(seen, server.sinceMs);
};

export const isGone = (signs: SignsOfLife, server: ServerPresence, stalls: Stalls, nowMs: number): boolean =>
  stalls.awakeMs(lastSeenMs(signs, server, nowMs), nowMs) >= (signs.awaited ? RETURN_MS : INACTIVITY_MS);
