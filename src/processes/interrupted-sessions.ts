/** Finds the sessions that a dead media process left in the middle of a recording, for the one that takes its place. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listJournals } from '../journal/chunk-files.ts';
import { readRoomAtEnd } from '../journal/room-at-end.ts';
import { type JournalSummary, scanJournal } from '../journal/scan.ts';
import type { InterruptedRecording, InterruptedSession } from '../rooms/interrupted-session.ts';
import type { Logger } from '../support/log.ts';

/**
 * A browser that lost its room tries for three minutes to come back, and a start after a crash takes seconds. What was broken off longer
 * ago has nobody who waits for it: the server composes what there is.
 */
const RESTORED_WITHIN_MS = 3 * 60_000;

/** Session id and what is needed to go on, of every journal that broke off in the middle of a recording not long before `nowMs`. */
export const interruptedSessions = async (root: string, nowMs: number, log: Logger): Promise<InterruptedSession[]> => {
  const sessions: InterruptedSession[] = [];
  for (const sessionId of await listJournals(root)) {
    const directory = join(root, sessionId);
    try {
      const { mtimeMs } = await stat(directory);
      if (nowMs - mtimeMs > RESTORED_WITHIN_MS) continue;
      const summary = await scanJournal(directory);
      const session = summary && (await interrupted(summary, nowMs));
      if (session) sessions.push(session);
    } catch (error) {
      log.error(
        { err: error, sessionId },
        'A journal that may have broken off could not be read: it is not gone on with.',
      );
    }
  }
  return sessions;
};

const interrupted = async (summary: JournalSummary, nowMs: number): Promise<InterruptedSession | null> => {
  const running = summary.recordings.filter(({ stop }) => stop === null);
  const isRecent = nowMs - summary.lastAtMs <= RESTORED_WITHIN_MS;
  if (summary.sessionEnded || running.length === 0 || !isRecent) return null;
  const { sessionId, roomId, directory, lastNs } = summary;
  // Whoever is told of them expects the milliseconds that a clock shows.
  const wallTimeOf = (ns: number): number => Math.round(summary.wallTimeOf(ns));
  return {
    ...(await readRoomAtEnd(directory)),
    sessionId,
    roomId,
    directory,
    startedAtMs: wallTimeOf(0),
    recordings: running.map(
      ({ startedAtMs, stop: _stop, changes, ...recording }): InterruptedRecording => ({
        recording,
        startedAtMs: Math.round(startedAtMs),
        pauses: (recording.pauses ?? []).map(({ pausedNs, resumedNs }) => ({
          startedAtMs: wallTimeOf(pausedNs),
          endedAtMs: resumedNs === null ? null : wallTimeOf(resumedNs),
        })),
        revision: changes,
      }),
    ),
    lastNs,
    lastAtMs: wallTimeOf(lastNs),
  };
};
