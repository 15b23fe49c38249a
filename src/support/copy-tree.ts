/**
 * Copies a folder that may change meanwhile: what vanishes between the look and the copy is passed over, what grows is copied as far as it
 * was. Owners and permissions are kept (owners where we may: as root). Every file is on disk when the promise resolves.
 */
import { chmod, chown, copyFile, lstat, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface CopyTreeOptions {
  /** Paths below the folder, with `/`: these are left out, with all that is in them. */
  readonly leavesOut?: (path: string) => boolean;
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Anything else than files and folders (sockets) is left out. `to` is made. */
export const copyTree = async (from: string, to: string, options: CopyTreeOptions = {}): Promise<void> => {
  await copyFolder(from, to, '', options);
};

const copyFolder = async (from: string, to: string, below: string, options: CopyTreeOptions): Promise<void> => {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from)) {
    const path = below === '' ? name : `${below}/${name}`;
    if (options.leavesOut?.(path)) continue;
    try {
      const { isFolder } = await kindOf(join(from, name));
      if (isFolder === true) await copyFolder(join(from, name), join(to, name), path, options);
      else if (isFolder === false) await copyOne(join(from, name), join(to, name));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  await alike(from, to);
};

const kindOf = async (path: string): Promise<{ isFolder: boolean | null }> => {
  const found = await lstat(path);
  return { isFolder: found.isDirectory() ? true : found.isFile() ? false : null };
};

const copyOne = async (from: string, to: string): Promise<void> => {
  await copyFile(from, to);
  await alike(from, to);
  const handle = await open(to, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const alike = async (from: string, to: string): Promise<void> => {
  const { mode, uid, gid } = await lstat(from);
  if (process.getuid?.() === 0) await chown(to, uid, gid);
  await chmod(to, mode & 0o7777);
};
