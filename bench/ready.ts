/**
 * How soon the file is there: from the HTTP answer to `recordings/end` to the status `done`, for two people of whom 30 s and 300 s are
 * recorded. The compositor has followed the room: the longer recording should not take longer. Beside: ffmpeg rewriting the finished
 * file by packet copy, the least that anything does which writes a faststart MP4 at the end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordingAnswer } from '../src/cli/rest-client.ts';
import { finished, type LiveRoom, openLiveRoom } from './live-room.ts';
import { type BenchOptions, type Row, temporaryFolder } from './row.ts';

const ROOMS_S = [30, 300];
const QUICK_ROOMS_S = [30];
/** The clock of what is measured; asking this often is no load. */
const POLL_MS = 25;

/** Seconds of ffmpeg's packet copy of the file. */
const copied = async (recording: RecordingAnswer, { scope }: BenchOptions): Promise<number> => {
  if (!recording.file) throw new Error(`The recording ${recording.id} is done but names no file.`);
  const response = await fetch(recording.file.fileUrl);
  if (!response.ok) throw new Error(`The file was answered ${response.status}.`);
  const folder = await temporaryFolder(scope);
  const file = join(folder, 'recording.mp4');
  await writeFile(file, Buffer.from(await response.arrayBuffer()));
  const began = performance.now();
  const copy = ['-nostdin', '-v', 'error', '-i', file, '-c', 'copy', '-movflags', '+faststart', join(folder, 'c.mp4')];
  const ffmpeg = spawn('ffmpeg', copy, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(ffmpeg, 'close');
  if (code !== 0) throw new Error(`ffmpeg could not copy the recording's packets (${code}).`);
  return (performance.now() - began) / 1000;
};

const measure = async ({ rest, roomId }: LiveRoom, seconds: number) => {
  const recordingId = await rest.startRecording(roomId);
  await delay(seconds * 1000);
  await rest.endRecording(roomId);
  const answered = performance.now();
  const recording = await finished(rest, recordingId, POLL_MS);
  return { recording, ready: (performance.now() - answered) / 1000 };
};

export async function* benchReady(options: BenchOptions): AsyncGenerator<Row, void, undefined> {
  const { quick, note } = options;
  const room = await openLiveRoom(options);
  for (const seconds of quick ? QUICK_ROOMS_S : ROOMS_S) {
    note(`recording ${seconds} s`);
    const { recording, ready } = await measure(room, seconds);
    yield {
      what: `end → file ready, ${seconds} s room`,
      ours: ready,
      beside: { name: 'ffmpeg -c copy', value: await copied(recording, options) },
      unit: 's',
    };
  }
}
