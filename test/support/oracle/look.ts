/** What a finished file shows and sounds like, decoded whole: for files of one participant, whose picture fills the frame. */
import { AVMEDIA_TYPE_AUDIO } from 'node-av/constants';
import { FormatContext } from 'node-av/lib';
import { check, newPacket } from '../../../src/composition/av.ts';
import { beepHz } from '../../../src/synthetic/identity.ts';
import { findBeeps } from './beeps.ts';
import { decodeFile } from './media-file.ts';
import { isLit, readTile } from './tile-reading.ts';

export interface Seen {
  readonly time: number;
  readonly width: number;
  readonly identity: number | null;
  readonly frame: number | null;
  readonly lit: boolean;
  /** No brighter than black anywhere it was looked at. */
  readonly black: boolean;
}

/** Decodes a whole file; rejects if anything in it cannot be decoded. */
export const look = async (path: string, index = 0) => {
  const pictures: Seen[] = [];
  const decoded = await decodeFile(path, (picture) => {
    const reading = readTile(picture, { x: 0, y: 0, width: picture.width, height: picture.height });
    const [luma] = picture.planes;
    let sum = 0;
    for (let i = 0; i < picture.width; i += 1) sum += luma?.[(picture.height >> 1) * (picture.lines[0] ?? 0) + i] ?? 0;
    pictures.push({
      time: picture.time,
      width: picture.width,
      identity: reading.identity,
      frame: reading.frame,
      lit: isLit(reading),
      black: sum / picture.width < 18,
    });
  });
  const flashes = pictures.filter((seen, i) => seen.lit && !pictures[i - 1]?.lit).map(({ time }) => time);
  const beeps = decoded.sound ? findBeeps(decoded.sound, beepHz(index)).map(({ start }) => start) : [];
  return { ...decoded, pictures, flashes, beeps };
};

/** Every packet of a file: its bytes (base64) and when it is shown or heard. */
export const packetsOf = async (path: string) => {
  const format = new FormatContext();
  check(await format.openInput(path), 'Opening the file');
  check(await format.findStreamInfo(), 'Reading the file');
  const packet = newPacket();
  const packets: Record<'video' | 'audio', { data: string; seconds: number }[]> = { video: [], audio: [] };
  const soundAt = format.findBestStream(AVMEDIA_TYPE_AUDIO);
  while ((await format.readFrame(packet)) >= 0) {
    const { num, den } = format.streams[packet.streamIndex]?.timeBase ?? { num: 1, den: 1 };
    const data = (packet.data ?? Buffer.alloc(0)).toString('base64');
    packets[packet.streamIndex === soundAt ? 'audio' : 'video'].push({
      data,
      seconds: (Number(packet.pts) * num) / den,
    });
    packet.unref();
  }
  packet.free();
  await format.closeInput();
  return packets;
};
