/** The peer of the composition benchmark: what the ffmpeg command line reads, and what it is told to make of it. */
import { availableParallelism } from 'node:os';
import { rateOf } from '../src/composition/rate-control.ts';
import { gridRects } from '../src/domain/grid.ts';
import type { Size } from '../src/domain/layout.ts';
import type { EncodedTrack } from '../src/synthetic/encoded-track.ts';

/** IVF: what ffmpeg reads VP8 from. */
export const ivfOf = (track: EncodedTrack): Buffer => {
  const head = Buffer.alloc(32);
  head.write('DKIF', 0, 'latin1');
  head.writeUInt16LE(32, 6);
  head.write('VP80', 8, 'latin1');
  head.writeUInt16LE(track.width, 12);
  head.writeUInt16LE(track.height, 14);
  head.writeUInt32LE(30, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(track.frames.length, 24);
  const parts: Buffer[] = [head];
  for (const [i, frame] of track.frames.entries()) {
    const of = Buffer.alloc(12);
    of.writeUInt32LE(frame.data.length, 0);
    of.writeUInt32LE(i, 4);
    parts.push(of, frame.data);
  }
  return Buffer.concat(parts);
};

/** CRC-32 of Ogg pages (RFC 3533 §6): polynomial 0x04c11db7, not reflected. */
const oggCrc = (bytes: Buffer): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
};

/** Ogg Opus (RFC 7845), a page a packet. */
export const oggOf = (track: EncodedTrack): Buffer => {
  const head = Buffer.from('OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00', 'latin1');
  const tags = Buffer.from('OpusTags\x00\x00\x00\x00\x00\x00\x00\x00', 'latin1');
  const packets = [head, tags, ...track.frames.map((frame) => frame.data)];
  return Buffer.concat(
    packets.map((data, i) => {
      const lacing = Buffer.alloc(Math.floor(data.length / 255) + 1, 255);
      lacing[lacing.length - 1] = data.length % 255;
      const page = Buffer.alloc(27 + lacing.length + data.length);
      page.write('OggS', 0, 'latin1');
      page[5] = (i === 0 ? 2 : 0) | (i === packets.length - 1 ? 4 : 0);
      page.writeUInt32LE(Math.max(0, i - 1) * 960, 6);
      page.writeUInt32LE(1, 14);
      page.writeUInt32LE(i, 18);
      page[26] = lacing.length;
      lacing.copy(page, 27);
      data.copy(page, 27 + lacing.length);
      page.writeUInt32LE(oggCrc(page), 22);
      return page;
    }),
  );
};

/**
 * BT.601 to BT.709, matrix alone, as ours. The scaler's own conversion (`in_color_matrix`) goes through RGB and makes the whole command
 * half again as expensive: to win against that would say nothing.
 */
const COLOUR = 'colorspace=all=bt709:iall=bt601-6-625:irange=tv:fast=1';

/** The same picture, as far as ffmpeg's filters go: tiles of our size at our places, BT.601 to BT.709, our encoder settings. */
export const ffmpegArguments = (inputs: readonly string[], canvas: Size, out: string): string[] => {
  const people = inputs.length / 2;
  const rects = gridRects(people, canvas);
  const tiles = rects.map(
    ({ width, height }, i) => `[${2 * i}:v]scale=${width}:${height}:flags=bilinear,${COLOUR}[t${i}]`,
  );
  const places = rects.map(({ x, y }) => `${x}_${y}`).join('|');
  const labels = rects.map((_, i) => `[t${i}]`).join('');
  const right = Math.max(...rects.map(({ x, width }) => x + width));
  const bottom = Math.max(...rects.map(({ y, height }) => y + height));
  const stack = `${labels}xstack=inputs=${people}:layout=${places}:fill=0x212032,pad=${canvas.width}:${canvas.height}`;
  const sounds = rects.map((_, i) => `[${2 * i + 1}:a]`).join('');
  const graph = [...tiles, `${stack}[v]`, `${sounds}amix=inputs=${people}:normalize=0,alimiter[a]`].join(';');
  if (right > canvas.width || bottom > canvas.height) throw new Error('The tiles do not fit the canvas.');
  const { preset, crf, maxRate } = rateOf(canvas);
  return [
    ...['-nostdin', '-v', 'error', '-y', ...inputs.flatMap((input) => ['-i', input])],
    ...['-filter_complex', graph, '-map', '[v]', '-map', '[a]', '-r', '30', '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', preset, '-crf', `${crf}`, '-maxrate', `${maxRate}`, '-bufsize', `${2 * maxRate}`],
    ...[
      '-g',
      '128',
      '-threads',
      String(Math.min(4, availableParallelism())),
      '-c:a',
      'aac',
      '-b:a',
      '128k',
      '-ac',
      '2',
    ],
    ...['-movflags', '+faststart', out],
  ];
};

/** Sound alone: decoded, mixed, limited and encoded as ours. */
export const ffmpegSoundArguments = (inputs: readonly string[], out: string): string[] => {
  const labels = inputs.map((_, i) => `[${i}:a]`).join('');
  const graph = `${labels}amix=inputs=${inputs.length}:normalize=0,alimiter[a]`;
  return [
    ...['-nostdin', '-v', 'error', '-y', ...inputs.flatMap((input) => ['-i', input])],
    ...['-filter_complex', graph, '-map', '[a]', '-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-ar', '48000'],
    ...['-movflags', '+faststart', out],
  ];
};
