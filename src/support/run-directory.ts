/**
 * Where our processes' sockets lie: `<data>/run` where its path is short enough for a Unix socket, else a folder in the system's
 * temporary folder that is named by a hash of the data folder. Nobody else may look into it; sockets have modes of their own besides.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** `sun_path` is 108 bytes on Linux, 104 on macOS; the longest name we add is 24. */
const LONGEST_DIRECTORY = 104 - 24;

/** The folder, made if need be. Throws if somebody else owns it. */
export const runDirectory = (dataDir: string): string => {
  const inside = join(resolve(dataDir), 'run');
  const hash = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16);
  const path = Buffer.byteLength(inside) <= LONGEST_DIRECTORY ? inside : join(tmpdir(), `roomtape-${hash}`);
  makeFolder(path);
  const owner = lstatSync(path);
  if (!owner.isDirectory() || (process.getuid && owner.uid !== process.getuid())) {
    throw new Error(`The run folder "${path}" belongs to somebody else: remove it or choose another data folder.`);
  }
  // The group may pass where the supervisor has said so (processes/isolation.ts); nobody else may anything.
  chmodSync(path, owner.mode & 0o710);
  return path;
};
