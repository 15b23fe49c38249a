/** Free space where folders lie, and a watch over it. */
import { statfs } from 'node:fs/promises';
import type { Logger } from './log.ts';

/** Bytes that this user may still write there; of several folders, that may lie on several disks, where they are fewest. */
export const freeBytesAt = async (paths: readonly string[]): Promise<number> => {
  const free = await Promise.all(
    paths.map(async (path) => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    }),
  );
  return Math.min(...free);
};

export const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;

/** A disk that is written at 500 MB/s loses half a gigabyte between two looks: floors are meant to be further apart. */
const LOOK_EVERY_MS = 1_000;

/**
 * Looks at the free space once a second and tells of each look, one after the other. What a look or its taker throws is logged. Returns
 * how to stop it; resolves when the last one is over.
 */
export const watchFreeSpace = (options: {
  readonly paths: readonly string[];
  readonly onLook: (freeBytes: number) => void | Promise<void>;
  readonly log: Logger;
}): (() => Promise<void>) => {
  const { paths, onLook, log } = options;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    try {
      await onLook(await freeBytesAt(paths));
    } catch (error) {
      log.error({ err: error, paths }, 'The free space could not be looked at.');
    }
  };
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, LOOK_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await looking;
  };
};
