/** The few calls by which a journal is written, so that tests can put a slow or a full disk in their place. */
import { open } from 'node:fs/promises';

export interface DiskFile {
  /** Writes at an absolute position. Resolves to how many bytes were taken, which may be fewer. */
  write(buffer: Buffer, offset: number, length: number, position: number): Promise<number>;
  /** Content on disk (fdatasync). */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  /** A new file, readable and writable by its owner only (the group may read it, where it is told so). Rejects if it exists. */
  create(path: string): Promise<DiskFile>;
}

const diskOf = (mode: number): Disk => ({
  create: async (path) => {
    const handle = await open(path, 'wx', mode);
    return {
      write: async (buffer, offset, length, position) =>
        (await handle.write(buffer, offset, length, position)).bytesWritten,
      datasync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
});

export const systemDisk = diskOf(0o600);
export const groupReadableDisk = diskOf(0o640);

/** No room on the disk, or none for this user. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
