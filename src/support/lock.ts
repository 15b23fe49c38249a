/**
 * A lock that one process at a time can hold, and that the system takes back when its holder ends, however it ends: nothing stale is
 * ever left, and of two that come at once one gets it. Made of the file lock that SQLite takes on an (empty) database: Node has no
 * other. The file stays: removing it would let two processes lock two files of one name.
 */
import { DatabaseSync } from 'node:sqlite';

/** SQLite's result code for "somebody else holds it". */
const SQLITE_BUSY = 5;

export interface Lock {
  /** Idempotent. */
  release(): void;
}

/** The lock, or undefined while another process (or this one) holds it. Throws where the file can't be made. */
export const takeLock = (path: string): Lock | undefined => {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  let held = true;
  return {
    release: () => {
      if (held) database.close();
      held = false;
    },
  };
};
