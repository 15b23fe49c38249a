/** Waiting for the end of a process that is not our child. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

/** True when the process has ended, its ports with it; false if that takes longer. */
export const hasEnded = async (pid: number, limitMs: number): Promise<boolean> => {
  const deadline = performance.now() + limitMs;
  while (isRunning(pid)) {
    if (performance.now() >= deadline) return false;
    await delay(POLL_MS);
  }
  return true;
};

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
};
