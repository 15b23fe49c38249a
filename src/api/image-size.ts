/** Width and height of a PNG or JPEG, from its head: what it would take to decode is known before it is. Pure. */
import type { Size } from '../domain/layout.ts';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The first chunk is IHDR (PNG, third edition, §11.2.2). */
const pngSize = (bytes: Buffer): Size | null =>
  bytes.length >= 24 && bytes.toString('latin1', 12, 16) === 'IHDR'
    ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    : null;

/** SOF0…SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1). */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const jpegSize = (bytes: Buffer): Size | null => {
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isFrame(marker)) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
};

/** Null: neither of them, or without a size. */
export const imageSize = (bytes: Buffer): Size | null => {
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  const size = bytes.subarray(0, 8).equals(PNG) ? pngSize(bytes) : isJpeg ? jpegSize(bytes) : null;
  return size && size.width > 0 && size.height > 0 ? size : null;
};
