/**
 * A file cut into parts for stores that take large objects in parts: read in order, each part with its MD5, some of them sent at the same
 * time.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { OutgoingFile } from './object-store.ts';
import { openOutgoing, readingOurs } from './open-outgoing.ts';

const MIB = 2 ** 20;
/** Below, a file goes in one request. S3 wants at least 5 MiB; a lost connection costs at most this. */
export const PART_BYTES = 16 * MIB;
/** S3 takes at most so many; Azure 50 000. */
const MOST_PARTS = 10_000;
/** So many parts are in memory, and under way, at once. */
const PARALLEL = 3;

export interface Part {
  /** From 1. */
  readonly number: number;
  readonly content: Buffer;
  readonly md5: Buffer;
}

/** The same for a file at every attempt. */
export const partBytesOf = (bytes: number): number => Math.max(PART_BYTES, Math.ceil(bytes / MOST_PARTS / MIB) * MIB);

const readPart = async (handle: FileHandle, file: OutgoingFile, position: number, length: number): Promise<Buffer> => {
  const content = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(content, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error(`"${file.path}" is shorter than the ${file.bytes} bytes that it had.`);
    filled += bytesRead;
  }
  return content;
};

/** Gives every part to `send`, several at once; resolves with their MD5s. Rejects with the first failure, when none is under way any more. */
export const sendParts = async (
  file: OutgoingFile,
  signal: AbortSignal,
  send: (part: Part) => Promise<void>,
): Promise<readonly Buffer[]> => {
  const partMd5s: Buffer[] = [];
  const partBytes = partBytesOf(file.bytes);
  const underWay = new Set<Promise<void>>();
  let failure: { readonly reason: unknown } | undefined;
  const handle = await readingOurs(openOutgoing(file.path));
  try {
    for (let position = 0; position < file.bytes && !failure; position += partBytes) {
      signal.throwIfAborted();
      const length = Math.min(partBytes, file.bytes - position);
      const content = await readingOurs(readPart(handle, file, position, length));
      const md5 = createHash('md5').update(content).digest();
      partMd5s.push(md5);
      const sending: Promise<void> = send({ number: partMd5s.length, content, md5 })
        .catch((reason: unknown) => {
          failure ??= { reason };
        })
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
      if (underWay.size >= PARALLEL) await Promise.race(underWay);
    }
  } finally {
    await Promise.all(underWay);
    await handle.close();
  }
  if (failure) throw failure.reason;
  return partMd5s;
};

/** MD5 of a whole file, hex. */
export const md5Of = async (path: string, signal: AbortSignal): Promise<string> => {
  const hash = createHash('md5');
  const stream = (await openOutgoing(path)).createReadStream({ highWaterMark: MIB, signal });
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
};
