/**
 * What composing costs: CPU seconds a recorded minute of four people in a grid, from a journal on disk to the finished MP4, beside the
 * ffmpeg command line that does the same decode, crop, scale, colour conversion, stack, mix and encode on the same pictures and sound
 * in the same run. Ours adds names, ring and rounded corners, and reads RTP. Two contents: noise, which any encoder has to work
 * for, and what a camera sees; and cameras in the size that a grid of four needs, which is what simulcast sends.
 */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSecondsToRun } from './cpu.ts';
import { ffmpegArguments, ivfOf, oggOf } from './ffmpeg-peer.ts';
import {
  CANVAS,
  CONFIG,
  type Material,
  PEOPLE,
  type Person,
  rehearse,
  repeated,
  saveSession,
} from './rehearsed-session.ts';
import { type BenchOptions, type Row, temporaryFolder } from './row.ts';

export const CHILD = fileURLToPath(new URL('./compose-child.ts', import.meta.url));
const FULL = { width: 1280, height: 720 };
const LAYER = { width: 640, height: 360 };
const CASES = [
  { content: 'noisy', size: FULL },
  { content: 'camera', size: FULL },
  { content: 'camera', size: LAYER },
] as const;
/** A minute, so that starting and compiling weigh what they weigh in a compositor that follows a room. */
const SECONDS = 60;
const QUICK_SECONDS = 4;
/** The encoded material, at most; it is repeated. */
const MATERIAL_SECONDS = 20;

/** Files for ffmpeg: picture and sound of each person in turn. */
const writeInputs = async (people: readonly Person[], folder: string): Promise<string[]> => {
  const inputs: string[] = [];
  for (const [i, { video, audio }] of people.entries()) {
    const path = join(folder, String(i));
    await writeFile(`${path}.ivf`, ivfOf(video));
    await writeFile(`${path}.ogg`, oggOf(audio));
    inputs.push(`${path}.ivf`, `${path}.ogg`);
  }
  return inputs;
};

const measure = async (material: Material, { scope, note }: BenchOptions): Promise<Row[]> => {
  const { content, size, seconds } = material;
  const name = `compose ${PEOPLE} × ${size.width}x${size.height}, ${content}`;
  const folder = await temporaryFolder(scope);
  note(`${name}: preparing ${seconds} s`);
  const encoded = Math.min(seconds, MATERIAL_SECONDS);
  const times = Math.ceil(seconds / encoded);
  const people = (await rehearse({ ...material, seconds: encoded })).map(({ video, audio }) => ({
    video: repeated(video, times),
    audio: repeated(audio, times),
  }));
  const journal = join(folder, 'journal');
  await saveSession(people, seconds, journal);
  const inputs = await writeInputs(people, folder);
  note(`${name}: composing`);
  const artifact = join(folder, 'ours');
  const child = [CHILD, journal, join(folder, 'work'), artifact, JSON.stringify(CONFIG)];
  const ours = await cpuSecondsToRun(process.execPath, child, scope);
  note(`${name}: ffmpeg`);
  const peer = join(folder, 'ffmpeg.mp4');
  const ffmpeg = await cpuSecondsToRun('ffmpeg', ffmpegArguments(inputs, CANVAS, peer), scope);
  const aMinute = 60 / seconds;
  const megabytes = async (path: string) => ((await stat(path)).size / 1e6) * aMinute;
  return [
    {
      what: name,
      ours: ours * aMinute,
      beside: { name: 'ffmpeg CLI', value: ffmpeg * aMinute },
      unit: 'CPU s / recorded minute',
    },
    {
      what: `${name}: size`,
      ours: await megabytes(`${artifact}.mp4`),
      beside: { name: 'ffmpeg CLI', value: await megabytes(peer) },
      unit: 'MB / recorded minute',
    },
  ];
};

export async function* benchCompose(options: BenchOptions): AsyncGenerator<Row, void, undefined> {
  const seconds = options.quick ? QUICK_SECONDS : SECONDS;
  for (const { content, size } of CASES) yield* await measure({ content, size, seconds }, options);
}
