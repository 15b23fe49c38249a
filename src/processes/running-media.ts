/**
 * The media process of a data folder as the system knows it, whether it listens (yet, or still) or not. Only Linux tells; elsewhere none is
 * ever found.
 *
 * A supervisor that is killed while its media process is being started, or ended, leaves one that answers nobody. A second beside it would
 * meet it at its port and its journals: so it is waited for until it answers, and can be adopted, or has ended.
 */
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { dial } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import type { DataPaths } from './paths.ts';

/** It looks through all journals before it listens; when it ends it takes 9 s at most. */
const ANSWER_LIMIT_MS = 20_000;
const POLL_MS = 50;

/** Its pid and user. A pid that went to another process, or to a media process of another data folder, is not it. */
export const runningMedia = (paths: DataPaths): { readonly pid: number; readonly user: number } | undefined => {
  try {
    const pid = Number(readFileSync(paths.mediaPid, 'utf8'));
    const isMedia = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('processes/media.ts');
    const isOurs = isMedia && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(JSON.stringify(paths.mediaSocket));
    return isOurs ? { pid, user: statSync(`/proc/${pid}`).uid } : undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // Nobody has that pid, or somebody whose processes are none of our business.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
};

const answers = async ({ mediaSocket }: DataPaths): Promise<boolean> => {
  try {
    (await dial(mediaSocket, {})).close();
    return true;
  } catch {
    return false; // nobody listens
  }
};

/** Resolves when the media process that an earlier supervisor left answers, or there is none. For the supervisor, before anything else. */
export const mediaSettled = async (paths: DataPaths, log: Logger, limitMs = ANSWER_LIMIT_MS): Promise<void> => {
  const deadline = performance.now() + limitMs;
  let told = false;
  for (let left = runningMedia(paths); left && !(await answers(paths)); left = runningMedia(paths)) {
    if (!told) log.info({ pid: left.pid }, 'A media process that was left does not listen; it is waited for.');
    told = true;
    if (performance.now() > deadline) {
      log.error({ pid: left.pid }, 'It neither answered nor ended in time; killed. Its journals are gone on with.');
      process.kill(left.pid, 'SIGKILL');
      return;
    }
    await delay(POLL_MS);
  }
};
