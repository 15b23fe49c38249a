/**
 * Takes a font out of its WOFF wrapping (W3C WOFF 1.0 §3–5), leaving tables out that nobody needs: the emoji font carries each picture
 * a second time as SVG, 20 of its 25 MB, which would be kept in memory.
 */
import { inflateSync } from 'node:zlib';

const WOFF_HEADER = 44;
const WOFF_ENTRY = 20;
const SFNT_HEADER = 12;
const SFNT_ENTRY = 16;

interface Table {
  readonly tag: string;
  readonly checksum: number;
  readonly data: Buffer;
}

const tablesOf = (woff: Buffer, without: readonly string[]): Table[] => {
  const tables: Table[] = [];
  for (let i = 0; i < woff.readUInt16BE(12); i++) {
    const entry = WOFF_HEADER + i * WOFF_ENTRY;
    const tag = woff.toString('latin1', entry, entry + 4);
    if (without.includes(tag)) continue;
    const [offset, packed, size] = [4, 8, 12].map((at) => woff.readUInt32BE(entry + at)) as [number, number, number];
    const stored = woff.subarray(offset, offset + packed);
    const data = packed < size ? inflateSync(stored) : stored;
    tables.push({ tag, checksum: woff.readUInt32BE(entry + 16), data });
  }
  return tables;
};

/** The font in `woff` as a bare sfnt (OpenType §"Font file structure") without the named tables. Throws where it is no WOFF file. */
export const unwrapWoff = (woff: Buffer, without: readonly string[]): Buffer => {
  if (woff.length < WOFF_HEADER || woff.toString('latin1', 0, 4) !== 'wOFF') throw new Error('This is no WOFF file.');
  const tables = tablesOf(woff, without);
  const header = Buffer.alloc(SFNT_HEADER + tables.length * SFNT_ENTRY);
  const power = Math.floor(Math.log2(tables.length));
  header.writeUInt32BE(woff.readUInt32BE(4), 0);
  header.writeUInt16BE(tables.length, 4);
  header.writeUInt16BE(2 ** power * SFNT_ENTRY, 6);
  header.writeUInt16BE(power, 8);
  header.writeUInt16BE((tables.length - 2 ** power) * SFNT_ENTRY, 10);
  const parts: Buffer[] = [header];
  let offset = header.length;
  for (const [i, { tag, checksum, data }] of tables.entries()) {
    const entry = SFNT_HEADER + i * SFNT_ENTRY;
    header.write(tag, entry, 'latin1');
    header.writeUInt32BE(checksum, entry + 4);
    header.writeUInt32BE(offset, entry + 8);
    header.writeUInt32BE(data.length, entry + 12);
    const padding = Buffer.alloc(-data.length & 3);
    parts.push(data, padding);
    offset += data.length + padding.length;
  }
  return Buffer.concat(parts);
};
