/** Waits for a condition, with a limit. Tests never sleep for a guessed time. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 25;

/** Resolves with the first value that is neither null, undefined nor false. Rejects after the limit, saying what was waited for. */
export const waitFor = async <T>(
  what: string,
  limitMs: number,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> => {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await look();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain for ${what}.`);
    await delay(POLL_MS);
  }
};
