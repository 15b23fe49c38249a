/**
 * A small disk of a test's own: a file with an ext4 file system, mounted over a folder. It can be filled, and it can be frozen (FIFREEZE):
 * then every write to it hangs in the kernel, as on a disk that does not answer, until it is thawed.
 *
 * Needs root on Linux, `mount`, `mkfs.ext4` and `fsfreeze`, and a machine that has loop devices: elsewhere `diskImagesMissing` says why not.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, rm, rmdir, statfs, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MEBIBYTE = 2 ** 20;
const TOOLS = ['mount', 'umount', 'mkfs.ext4', 'fsfreeze'];

const missingTools = (): string[] => TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0);

/** Why there can be none here; null if there can. */
export const diskImagesMissing = (): string | null => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux mounts a disk';
  if (!existsSync('/dev/loop-control')) return 'this machine has no loop devices';
  const missing = missingTools();
  return missing.length > 0 ? `there is no ${missing.join(', ')}` : null;
};

export class DiskImage {
  /** What is written here is on the disk. */
  readonly folder: string;
  readonly #image: string;
  #closing: Promise<void> | undefined;

  private constructor(folder: string, image: string) {
    this.folder = folder;
    this.#image = image;
  }

  /** Makes a disk of so many MiB and mounts it over `folder`, which is made with its parents if need be. */
  static async mount(path: string, mebibytes: number): Promise<DiskImage> {
    const folder = resolve(path);
    const image = `${folder}.image`;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(image, '', { mode: 0o600 });
    await truncate(image, mebibytes * MEBIBYTE);
    // No blocks kept back for root, who runs this: full is full.
    await run('mkfs.ext4', ['-q', '-m', '0', image]);
    await run('mount', ['-o', 'loop', image, folder]);
    await chmod(folder, 0o700);
    await rmdir(join(folder, 'lost+found'));
    return new DiskImage(folder, image);
  }

  /** MiB that are free. */
  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.folder);
    return (bavail * bsize) / MEBIBYTE;
  }

  /** Takes room away until so many MiB are free; gives it back where that is more than there are. */
  async leave(mebibytes: number): Promise<void> {
    const ballast = join(this.folder, 'ballast');
    await rm(ballast, { force: true });
    const excess = Math.floor((await this.free()) - mebibytes);
    if (excess <= 0) return;
    const file = await open(ballast, 'w');
    try {
      const block = Buffer.alloc(MEBIBYTE, 0x5a);
      for (let written = 0; written < excess; written++) await file.write(block);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Takes the last byte. */
  async fill(): Promise<void> {
    const file = await open(join(this.folder, 'ballast'), 'a');
    try {
      for (const size of [MEBIBYTE, 4096]) {
        const block = Buffer.alloc(size, 0x5a);
        while (await hasRoomFor(() => file.write(block))) await file.sync();
      }
    } finally {
      await file.close();
    }
  }

  /** Nothing can be written for so many seconds. Resolves when it can again; a shell of its own thaws it, whatever becomes of this process. */
  async freeze(seconds: number): Promise<void> {
    const script = 'fsfreeze -f "$1" && sleep "$2"; fsfreeze -u "$1"';
    const child = spawn('sh', ['-c', script, 'freeze', this.folder, String(seconds)], {
      stdio: 'ignore',
      detached: true,
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`"${this.folder}" could not be frozen and thawed (${code}).`);
  }

  /** Unmounts and removes it. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await run('umount', [this.folder]);
      await rm(this.#image, { force: true });
    })();
    return this.#closing;
  }
}

/** False: the disk was full. */
const hasRoomFor = async (write: () => Promise<unknown>): Promise<boolean> => {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
};
