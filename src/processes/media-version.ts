/**
 * A media process that an earlier version left may speak another control protocol. It cannot be adopted, and must not be asked to end its
 * rooms in order, which would end their recordings: it is told to make room, and the next one goes on with what is recorded, from the
 * journals. People lose their connections and come back; each recording stays one file, with a gap of seconds that it tells of.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CONTROL_VERSION } from '../rooms/control.ts';
import { dial, type Peer } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import { hasEnded } from './end-of-process.ts';
import type { DataPaths } from './paths.ts';

export const HAND_OVER_SIGNAL = 'SIGUSR2';
/** Journals are sealed in milliseconds, on a disk that stalls in seconds. */
const HAND_OVER_LIMIT_MS = 10_000;

/** The first version did not say it. */
const stats = z.object({ control_version: z.number().default(1) });

/** Has the media process that was left hand its rooms over, where it speaks another version. For the supervisor, before it adopts or spawns. */
export const handOverOtherVersion = async (
  paths: DataPaths,
  log: Logger,
  ours: number = CONTROL_VERSION,
): Promise<void> => {
  let peer: Peer;
  try {
    peer = await dial(paths.mediaSocket, {});
  } catch {
    return; // nobody listens: there is nobody to talk to
  }
  try {
    const { control_version: theirs } = stats.parse(await peer.request('stats', {}));
    if (theirs === ours) return;
    const pid = Number(await readFile(paths.mediaPid, 'utf8'));
    log.warn({ pid, theirs, ours }, 'The media process that was left is of another version: it hands its rooms over.');
    process.kill(pid, HAND_OVER_SIGNAL);
    if (await hasEnded(pid, HAND_OVER_LIMIT_MS)) return;
    log.error({ pid }, 'It did not end in time; killed. Its journals are gone on with all the same.');
    process.kill(pid, 'SIGKILL');
    await hasEnded(pid, HAND_OVER_LIMIT_MS);
  } finally {
    peer.close();
  }
};
