/** The data folder, made and found usable before anything is put into it; else a sentence that says why not, and what to do. */
import { accessSync, constants } from 'node:fs';
import { makeFolder } from '../support/make-folder.ts';
import { runDirectory } from '../support/run-directory.ts';

/** Throws with a sentence where the folder can't be used. */
export const makeDataFolder = (path: string): void => {
  try {
    makeFolder(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(path, cause);
  }
};

/** The same, and the run folder that a server needs. */
export const makeServerFolders = (path: string): void => {
  makeDataFolder(path);
  try {
    runDirectory(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
};

/** What to say where the system refuses something in the data folder. */
export const unusable = (path: string, cause: unknown): Error => {
  const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
  const words = `The data folder "${path}" can't be used: ${reason}. Give it to this user, or choose another with ROOMTAPE_DATA_DIR.`;
  return new Error(words, { cause });
};
