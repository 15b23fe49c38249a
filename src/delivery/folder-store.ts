/**
 * A folder as the bucket: a mounted share, or what another program takes away. A file is copied aside, flushed, read back and renamed, so
 * that whoever looks into the folder sees whole files only.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { DeliveryError, type StoredAt } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { ObjectStore, OutgoingFile, Reach, SendOptions, Sent } from './object-store.ts';
import { openOutgoing, readingOurs, UnreadableFile } from './open-outgoing.ts';
import { md5Of } from './parts.ts';

/** While it is copied. */
const asideOf = (path: string, attempt: string): string => `${path}.${attempt}.part`;

/** Removes what an attempt left whose server was killed. What a bucket of another kind has kept names nothing here. */
const removeLeft = async (path: string, attempt: string): Promise<void> => {
  if (/^[0-9a-f]{12}$/.test(attempt)) await rm(asideOf(path, attempt), { force: true });
};

/** What mounted shares answer that have nothing to flush, and folders that we may write into and not list. */
const NO_SYNC = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM'];

/** The names in this folder, and in those above it up to `top`, outlive a power failure. */
const keepNames = async (folder: string, top: string): Promise<void> => {
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(at);
    if (at === top || at === dirname(at)) return;
  }
};

const syncFolder = async (folder: string): Promise<void> => {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && NO_SYNC.includes(String(error.code)))) throw error;
  }
};

export class FolderStore implements ObjectStore {
  readonly #folder: string;

  /** Absolute. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async send(objectName: string, file: OutgoingFile, { signal, resume, keepResume }: SendOptions): Promise<Sent> {
    const path = this.#pathOf(objectName);
    const attempt = randomBytes(6).toString('hex');
    const aside = asideOf(path, attempt);
    try {
      if (resume !== null) await removeLeft(path, resume);
      await keepResume(attempt);
      const made = await mkdir(dirname(path), { recursive: true });
      const md5 = await this.#copy(file, aside, signal);
      await rename(aside, path);
      await keepNames(dirname(path), made === undefined ? dirname(path) : dirname(made));
      const { size } = await stat(path);
      if (size !== file.bytes)
        throw new DeliveryError(`The folder has ${size} bytes of the ${file.bytes} that were sent.`);
      const storedAt: StoredAt = {
        type: 'folder',
        bucket: this.#folder,
        path: objectName,
        url: pathToFileURL(path).href,
      };
      return { storedAt, verified: { bytes: size, md5, by: 'size, MD5 of what was read back' } };
    } catch (error) {
      await rm(aside, { force: true });
      signal.throwIfAborted();
      // What our disk or our database says is not the folder's fault.
      if (error instanceof DeliveryError || error instanceof UnreadableFile || error instanceof RoomtapeError)
        throw error;
      const words = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new DeliveryError(`The folder "${this.#folder}" could not be written to (${words}).`, { cause: error });
    }
  }

  async abandon(objectName: string, resume: string): Promise<void> {
    await removeLeft(this.#pathOf(objectName), resume);
  }

  async reach(storedAt: StoredAt): Promise<Reach | null> {
    return storedAt.type === 'folder' ? { kind: 'path', path: this.#pathOf(storedAt.path) } : null;
  }

  close(): void {
    // Nothing is kept open between calls.
  }

  #pathOf(objectName: string): string {
    const path = join(this.#folder, objectName);
    const inside = relative(this.#folder, path);
    if (inside === '' || inside.split('/')[0] === '..' || isAbsolute(inside)) {
      throw new DeliveryError(`The name "${objectName}" leads out of the folder.`, { isFinal: true });
    }
    return path;
  }

  /** MD5 of what was written, which is what was read. */
  async #copy(file: OutgoingFile, aside: string, signal: AbortSignal): Promise<string> {
    const hash = createHash('md5');
    const source = (await readingOurs(openOutgoing(file.path))).createReadStream();
    source.on('data', (chunk) => hash.update(chunk));
    await pipeline(source, createWriteStream(aside, { mode: 0o600, flush: true }), { signal });
    const sent = hash.digest('hex');
    const written = await md5Of(aside, signal);
    if (written !== sent) throw new DeliveryError(`The folder has the MD5 ${written}, and ${sent} was sent.`);
    return sent;
  }
}
