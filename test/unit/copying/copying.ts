/** Rehearsed sessions for copying, and what its files look and sound like when they are decoded. */
import { AVMEDIA_TYPE_AUDIO } from 'node-av/constants';
import { FormatContext } from 'node-av/lib';
import { check, newPacket } from '../../../src/composition/av.ts';
import type { CopyFeed } from '../../../src/copying/copy-feed.ts';
import type { VideoCodec } from '../../../src/domain/media.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { encodeAudio, encodeVideo } from '../../../src/synthetic/encode.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import { beepHz } from '../../../src/synthetic/identity.ts';
import { type RecordFilter, selectRecords } from '../../../src/timeline/selection.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { findBeeps } from '../../support/oracle/beeps.ts';
import { decodeFile } from '../../support/oracle/media-file.ts';
import { isLit, readTile } from '../../support/oracle/tile-reading.ts';
import { RECORDING } from '../composition/rehearsal.ts';

export const SIZE = { width: 320, height: 180 };
export const FPS = 15;

/** A camera that flashes in the first 100 ms of every second; a keyframe every second. */
export const camera = (codec: VideoCodec, seconds: number, index = 0, size = SIZE): Promise<EncodedTrack> =>
  encodeVideo({ codec, seconds, size, fps: FPS, turn: { index, of: index + 1 }, name: 'P', content: 'camera' });

/** A microphone that beeps while the camera flashes. Times of its packets are when the encoder was given them, as in RTP. */
export const microphone = async (seconds: number, index = 0, dtx = false): Promise<EncodedTrack> => {
  const track = await encodeAudio({ turn: { index, of: index + 1 }, seconds, dtx, silent: false });
  const first = track.frames[0]?.time ?? 0;
  return { ...track, frames: track.frames.map((frame) => ({ ...frame, time: frame.time - first })) };
};

/** A feed of records, as the process gives it: only the participant's. */
export const feedOf = (records: readonly JournalRecord[], participant: string): CopyFeed => {
  const timeline = new Timeline();
  const filter: RecordFilter = selectRecords({
    participant: (id) => id === participant,
    source: (id) => id === participant,
  });
  let startNs = 0;
  let stopNs: number | null = null;
  for (const record of records) {
    if (record.type !== 'event') continue;
    const { event } = record;
    if (event.type === 'recording-started' && event.recording.recordingId === RECORDING) {
      startNs = event.recording.startedNs;
    }
    if (event.type === 'recording-stopped' && event.recordingId === RECORDING) stopNs = event.stoppedNs;
  }
  let at = 0;
  return {
    timeline,
    span: { startNs, stopNs },
    async advance() {
      if (at >= records.length) return false;
      for (const record of records.slice(at, at + 100)) {
        const kept = filter(record);
        if (kept) timeline.push(kept);
      }
      at += 100;
      return true;
    },
    close: async () => undefined,
  };
};

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
