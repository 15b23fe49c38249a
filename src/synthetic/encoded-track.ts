/**
 * A pre-encoded track in memory, and its file in the cache: what is judged is the recorder, so encoding must not compete with it
 * for the processor while it records.
 *
 * File: `RTSYN1\n`, 4-byte big-endian length of a JSON header, the header, the frames' bytes one after another. Written aside and
 * renamed: a cache shared by several processes never shows half a file.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Codec } from '../domain/media.ts';

export interface EncodedFrame {
  /** In units of the clock rate, from media time zero. May begin below zero: an encoder's priming. */
  readonly time: number;
  readonly keyframe: boolean;
  /** Sound: −dBov of the frame (RFC 6464), 0 loud to 127 silent. Pictures: 0. */
  readonly level: number;
  readonly data: Buffer;
}

export interface EncodedTrack {
  readonly codec: Codec;
  readonly clockRate: number;
  /** Whole length in units of the clock rate; sending goes on with the first frame after it. */
  readonly duration: number;
  /** 0x0 for sound. */
  readonly width: number;
  readonly height: number;
  readonly frames: readonly EncodedFrame[];
}

const MAGIC = 'RTSYN1\n';

interface Header extends Omit<EncodedTrack, 'frames'> {
  readonly frames: readonly [time: number, keyframe: 0 | 1, level: number, bytes: number][];
}

/** Writes a track to a file, folders included. */
export const saveTrack = async (path: string, track: EncodedTrack): Promise<void> => {
  const header: Header = {
    ...track,
    frames: track.frames.map(({ time, keyframe, level, data }) => [time, keyframe ? 1 : 0, level, data.length]),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${process.pid}.part`;
  await writeFile(aside, Buffer.concat([Buffer.from(MAGIC), length, json, ...track.frames.map(({ data }) => data)]));
  await rename(aside, path);
};

/** Reads a track back. Rejects if the file is missing or not one of ours. */
export const loadTrack = async (path: string): Promise<EncodedTrack> => {
  const bytes = await readFile(path);
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) {
    throw new Error(`"${path}" is not an encoded track; remove it and it is made again.`);
  }
  const jsonAt = MAGIC.length + 4;
  const framesAt = jsonAt + bytes.readUInt32BE(MAGIC.length);
  const header = JSON.parse(bytes.subarray(jsonAt, framesAt).toString('utf8')) as Header;
  let offset = framesAt;
  const frames = header.frames.map(([time, keyframe, level, size]) => {
    const data = bytes.subarray(offset, offset + size);
    offset += size;
    return { time, keyframe: keyframe === 1, level, data };
  });
  return { ...header, frames };
};
