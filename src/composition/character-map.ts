/**
 * Which characters a font file has a glyph for, read from the font itself: what packages list is wrong in places, and a character that
 * is wrongly looked for in a file becomes an empty box. Reads WOFF (W3C WOFF 1.0) and WOFF2 (W3C WOFF2 §4, §5).
 */
import { brotliDecompressSync, inflateSync } from 'node:zlib';

/** WOFF2's numbers of the tables that matter here (§4.1), and of one whose name is spelled out. */
const CMAP = 0;
const GLYF = 10;
const LOCA = 11;
const NAMED = 63;

/** The character map table of a WOFF2 file: its tables lie one after the other in a single Brotli stream. */
const cmapOfWoff2 = (font: Buffer): Buffer | undefined => {
  let at = 48;
  const base128 = (): number => {
    let value = 0;
    for (;;) {
      const byte = font.readUInt8(at++);
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  };
  let start = 0;
  let found: readonly [number, number] | undefined;
  for (let i = 0; i < font.readUInt16BE(12); i++) {
    const flags = font.readUInt8(at++);
    const [table, version] = [flags & 63, flags >> 6];
    if (table === NAMED) at += 4;
    const size = base128();
    const transformed = table === GLYF || table === LOCA ? version !== 3 : version !== 0;
    const stored = transformed ? base128() : size;
    if (table === CMAP) found = [start, start + stored];
    start += stored;
  }
  return found && brotliDecompressSync(font.subarray(at, at + font.readUInt32BE(20))).subarray(...found);
};

const cmapOfWoff = (font: Buffer): Buffer | undefined => {
  for (let i = 0; i < font.readUInt16BE(12); i++) {
    const entry = 44 + 20 * i;
    if (font.toString('latin1', entry, entry + 4) !== 'cmap') continue;
    const [offset, packed, size] = [4, 8, 12].map((field) => font.readUInt32BE(entry + field)) as [
      number,
      number,
      number,
    ];
    const stored = font.subarray(offset, offset + packed);
    return packed < size ? inflateSync(stored) : stored;
  }
  return undefined;
};

/** Segments of 16-bit characters (OpenType, cmap format 4). */
const readFormat4 = (table: Buffer, characters: Set<number>): void => {
  const segments = table.readUInt16BE(6) / 2;
  const field = (row: number, i: number) => 14 + (row === 0 ? 0 : 2) + 2 * (row * segments + i);
  for (let i = 0; i < segments; i++) {
    const [end, start, delta] = [0, 1, 2].map((row) => table.readUInt16BE(field(row, i))) as [number, number, number];
    const offset = table.readUInt16BE(field(3, i));
    for (let point = start; point <= end && point !== 0xffff; point++) {
      const glyph = offset === 0 ? point + delta : table.readUInt16BE(field(3, i) + offset + 2 * (point - start));
      if ((glyph & 0xffff) !== 0) characters.add(point);
    }
  }
};

/** Groups of characters (OpenType, cmap format 12). */
const readFormat12 = (table: Buffer, characters: Set<number>): void => {
  for (let i = 0; i < table.readUInt32BE(12); i++) {
    const end = table.readUInt32BE(20 + 12 * i);
    for (let point = table.readUInt32BE(16 + 12 * i); point <= end; point++) characters.add(point);
  }
};

/** Code points that the font in `file` (WOFF or WOFF2) can draw. Throws where it has no character map. */
export const charactersOf = (file: Buffer): ReadonlySet<number> => {
  const cmap = file.toString('latin1', 0, 4) === 'wOF2' ? cmapOfWoff2(file) : cmapOfWoff(file);
  if (!cmap) throw new Error('This font file has no character map.');
  const characters = new Set<number>();
  for (let i = 0; i < cmap.readUInt16BE(2); i++) {
    const table = cmap.subarray(cmap.readUInt32BE(8 + 8 * i));
    const format = table.readUInt16BE(0);
    if (format === 4) readFormat4(table, characters);
    else if (format === 12) readFormat12(table, characters);
  }
  return characters;
};
