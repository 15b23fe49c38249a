/**
 * A folder as the bucket: a mounted share, or what another program takes away. A file is copied aside, flushed, read back and renamed, so
 * that whoever looks into the folder sees whole files only.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { DeliveryError, type StoredAt } from '../domain/delivery.ts';
import type { ObjectStore, OutgoingFile, Reach, SendOptions, Sent } from './object-store.ts';
import { openOutgoing, readingOurs, UnreadableFile } from './open-outgoing.ts';
import { md5Of } from './parts.ts';

export class FolderStore implements ObjectStore {
  readonly #folder: string;

  /** Absolute. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async send(objectName: string, file: OutgoingFile, { signal }: SendOptions): Promise<Sent> {
    const path = this.#pathOf(objectName);
    const aside = `${path}.${randomBytes(6).toString('hex')}.part`;
    try {
      await mkdir(dirname(path), { recursive: true });
      const md5 = await this.#copy(file, aside, signal);
      await rename(aside, path);
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
      if (error instanceof DeliveryError || error instanceof UnreadableFile) throw error;
      const words = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new DeliveryError(`The folder "${this.#folder}" could not be written to (${words}).`, { cause: error });
    }
  }

  async abandon(): Promise<void> {
    // What is unfinished has been removed by the attempt itself.
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
