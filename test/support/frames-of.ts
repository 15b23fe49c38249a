/** How many pictures a file holds, and whether they are evenly spaced: read from its packets, without decoding. */
import { AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { FFmpegError, FormatContext, Packet } from 'node-av/lib';

export const framesOf = async (path: string): Promise<{ frames: number; even: boolean }> => {
  const input = new FormatContext();
  FFmpegError.throwIfError(await input.openInput(path), `"${path}" cannot be opened.`);
  const packet = new Packet();
  packet.alloc();
  try {
    FFmpegError.throwIfError(await input.findStreamInfo(), `"${path}" has no readable streams.`);
    const video = input.findBestStream(AVMEDIA_TYPE_VIDEO);
    const times: bigint[] = [];
    while ((await input.readFrame(packet)) >= 0) {
      if (packet.streamIndex === video) times.push(packet.pts);
      packet.unref();
    }
    times.sort((a, b) => Number(a - b));
    const distances = new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0n)));
    return { frames: times.length, even: distances.size === 1 };
  } finally {
    packet.free();
    await input.closeInput();
  }
};
