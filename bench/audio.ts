/**
 * What a recording of sound alone costs: CPU seconds a recorded minute of four people who talk in turns, from a journal on disk to the
 * finished file, beside the ffmpeg command line that decodes, mixes, limits and encodes the same sound in the same run. Their cameras are
 * on: the journal holds pictures that nobody asked for.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHILD } from './compose.ts';
import { cpuSecondsToRun } from './cpu.ts';
import { ffmpegSoundArguments, oggOf } from './ffmpeg-peer.ts';
import { CONFIG, PEOPLE, type Person, rehearse, repeated, saveSession } from './rehearsed-session.ts';
import { type BenchOptions, type Row, temporaryFolder } from './row.ts';

const LAYER = { width: 640, height: 360 };
/** The encoded material; it is repeated. */
const MATERIAL_SECONDS = 20;
/** Five minutes, so that starting a process weighs what it weighs in a compositor that follows a room. */
const SECONDS = 300;
const QUICK_SECONDS = 20;

export async function* benchAudio({ quick, scope, note }: BenchOptions): AsyncGenerator<Row, void, undefined> {
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const folder = await temporaryFolder(scope);
  note(`audio: preparing ${seconds} s`);
  const times = seconds / MATERIAL_SECONDS;
  const material = await rehearse({ content: 'camera', size: LAYER, seconds: MATERIAL_SECONDS });
  const people: Person[] = material.map(({ video, audio }) => ({
    video: repeated(video, times),
    audio: repeated(audio, times),
  }));
  const journal = join(folder, 'journal');
  await saveSession(people, seconds, journal);
  const inputs: string[] = [];
  for (const [i, { audio }] of people.entries()) {
    const path = join(folder, `${i}.ogg`);
    await writeFile(path, oggOf(audio));
    inputs.push(path);
  }
  note('audio: composing');
  const config = JSON.stringify({ ...CONFIG, mode: 'audio' });
  const child = [CHILD, journal, join(folder, 'work'), join(folder, 'ours'), config];
  const ours = await cpuSecondsToRun(process.execPath, child, scope);
  note('audio: ffmpeg');
  const ffmpeg = await cpuSecondsToRun('ffmpeg', ffmpegSoundArguments(inputs, join(folder, 'ffmpeg.m4a')), scope);
  const aMinute = 60 / seconds;
  yield {
    what: `compose sound alone, ${PEOPLE} people`,
    ours: ours * aMinute,
    beside: { name: 'ffmpeg CLI', value: ffmpeg * aMinute },
    unit: 'CPU s / recorded minute',
  };
}
