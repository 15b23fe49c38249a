/**
 * Makes a folder and those above it that are missing, for their owner alone. Not `mkdir` with `recursive`: Node tries that for ever
 * where the system answers ENOENT below a folder that is there (`/proc/x`), in a loop that no signal ends.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Throws the system's own error where the folder can't be made, or something else has its name. */
export const makeFolder = (path: string): void => {
  const missing: string[] = [];
  for (let at = resolve(path); !isThere(at); at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse()) makeOne(folder);
  if (!statSync(path).isDirectory()) throw new Error(`"${path}" is a file, not a folder`);
};

/** A file in the way of a path (ENOTDIR) counts as nothing there: making the folder then says so. */
const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

const makeOne = (folder: string): void => {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process made it meanwhile; what is there is looked at by the caller.
    if (!isCode(error, 'EEXIST')) throw error;
  }
};
