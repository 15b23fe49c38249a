/**
 * Fetches one file by its address and holds it against its hash. What was fetched before an interruption is kept and gone on with, where the
 * server can (RFC 9110 §14: ranges); a file that is not the one that was asked for is removed.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AddressedFile } from './catalogue.ts';

export interface DownloadOptions {
  /** So many bytes have come, of so many; null: the server doesn't say how many. */
  readonly onBytes?: (bytes: number, total: number | null) => void;
  readonly signal?: AbortSignal;
}

/** Hexadecimal SHA-256 of a file. */
export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
};

/** Puts the file at `path`. Rejects with a sentence. */
export const download = async (
  { url, sha256 }: AddressedFile,
  path: string,
  { onBytes, signal }: DownloadOptions = {},
): Promise<void> => {
  const there = await sizeOf(path);
  if (there > 0 && (await sha256Of(path)) === sha256) return;
  const { host } = new URL(url);
  const answer = await ask(url, host, there, signal);
  const goesOn = answer.status === 206;
  const already = goesOn ? there : 0;
  const length = answer.headers.get('content-length');
  const total = length === null ? null : already + Number(length);
  let bytes = already;
  const body = answer.body;
  if (!body) throw new Error(`${host} answered without a body.`);
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      onBytes?.(bytes, total);
      yield chunk;
    }
  };
  await pipeline(Readable.fromWeb(body), counted, createWriteStream(path, { flags: goesOn ? 'a' : 'w' }));
  const found = await sha256Of(path);
  if (found === sha256) return;
  await rm(path, { force: true });
  throw new Error(
    `What ${host} sent is not the file that was asked for (its SHA-256 is ${found}, not ${sha256}): removed.`,
  );
};

const ask = async (url: string, host: string, there: number, signal: AbortSignal | undefined): Promise<Response> => {
  const headers = there > 0 ? { range: `bytes=${there}-` } : {};
  let answer: Response;
  try {
    answer = await fetch(url, { headers, ...(signal && { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new Error(`${host} can't be reached (${inner}).`, { cause });
  }
  if (answer.ok) return answer;
  await answer.body?.cancel();
  // Nothing lies behind what we have, and it is not what we want: from the beginning.
  if (answer.status === 416 && there > 0) return ask(url, host, 0, signal);
  throw new Error(`${host} answered ${answer.status} ${answer.statusText}`.trim().concat('.'));
};
