/**
 * What composing costs: CPU seconds a recorded minute of four people at 720p in a grid, from a journal on disk to the finished MP4, beside
 * the ffmpeg command line that does the same decode, crop, scale, colour conversion, stack, mix and encode on the same pictures and sound
 * in the same run. Ours adds names, ring and rounded corners, and reads RTP. Two contents: noise, which any encoder has to work
 * for, and what a camera sees. `node bench/compose.ts [seconds]`.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canvasSize, gridRects } from '../src/domain/layout.ts';
import { composeJournal } from '../src/processes/compose-journal.ts';
import { cachedAudio, cachedVideo } from '../src/synthetic/encode.ts';
import { type EncodedTrack, loadTrack } from '../src/synthetic/encoded-track.ts';
import { DEFAULT_CACHE } from '../src/synthetic/participant.ts';
import { RECORDING, Rehearsal, saveJournal } from '../test/unit/composition/rehearsal.ts';

const PEOPLE = 4;
const SOURCE = { width: 1280, height: 720 };
const CANVAS = canvasSize('med', 'landscape');
const CONTENTS = ['noisy', 'camera'] as const;
const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Жанна Агузарова', 'Nguyễn Văn Minh'];
const LAYOUT = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;

interface Person {
  readonly video: EncodedTrack;
  readonly audio: EncodedTrack;
}

/** CPU seconds, user and system, of a program and all it starts. Rejects if it fails. */
const cpuOf = (command: string, args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const script = 'TIMEFORMAT="%U %S"; time "$@"';
    const child = spawn('bash', ['-c', script, 'bench', command, ...args], { stdio: ['ignore', 'inherit', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const [user, system] = (said.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
      if (code === 0 && user !== undefined && system !== undefined) resolve(user + system);
      else reject(new Error(`"${command}" failed (${code}): ${said.slice(-2000)}`));
    });
  });

/** IVF: what ffmpeg reads VP8 from. */
const ivfOf = (track: EncodedTrack): Buffer => {
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
const oggOf = (track: EncodedTrack): Buffer => {
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

/** The same picture, as far as ffmpeg's filters go: tiles of our size at our places, BT.601 to BT.709, our encoder settings. */
const ffmpegArguments = (inputs: readonly string[], out: string): string[] => {
  const rects = gridRects(PEOPLE, CANVAS);
  const tiles = rects.map(
    ({ width, height }, i) =>
      `[${2 * i}:v]scale=${width}:${height}:flags=bilinear:in_color_matrix=bt601:out_color_matrix=bt709[t${i}]`,
  );
  const places = rects.map(({ x, y }) => `${x}_${y}`).join('|');
  const labels = rects.map((_, i) => `[t${i}]`).join('');
  const right = Math.max(...rects.map(({ x, width }) => x + width));
  const bottom = Math.max(...rects.map(({ y, height }) => y + height));
  const stack = `${labels}xstack=inputs=${PEOPLE}:layout=${places}:fill=0x212032,pad=${CANVAS.width}:${CANVAS.height}`;
  const sounds = rects.map((_, i) => `[${2 * i + 1}:a]`).join('');
  const graph = [...tiles, `${stack}[v]`, `${sounds}amix=inputs=${PEOPLE}:normalize=0,alimiter[a]`].join(';');
  if (right > CANVAS.width || bottom > CANVAS.height) throw new Error('The tiles do not fit the canvas.');
  const rate = String(Math.round((CANVAS.width * CANVAS.height * 30 * 0.16) / 1000) * 1000);
  return [
    ...['-nostdin', '-v', 'error', '-y', ...inputs.flatMap((input) => ['-i', input])],
    ...['-filter_complex', graph, '-map', '[v]', '-map', '[a]', '-r', '30', '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-maxrate', rate, '-bufsize', String(2 * Number(rate))],
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

const prepare = async (content: (typeof CONTENTS)[number], seconds: number): Promise<Person[]> => {
  const people: Person[] = [];
  for (let index = 0; index < PEOPLE; index++) {
    const turn = { index, of: PEOPLE };
    const name = NAMES[index] ?? '';
    const video = await cachedVideo(DEFAULT_CACHE, {
      codec: 'vp8',
      size: SOURCE,
      fps: 30,
      turn,
      name,
      content,
      seconds,
    });
    const audio = await cachedAudio(DEFAULT_CACHE, { turn, seconds, dtx: false, silent: false });
    people.push({ video: await loadTrack(video), audio: await loadTrack(audio) });
  }
  return people;
};

const journalOf = async (people: readonly Person[], seconds: number, directory: string): Promise<void> => {
  const rehearsal = new Rehearsal();
  const toMs = 200 + seconds * 1000;
  for (const [i, { video, audio }] of people.entries()) {
    const participant = `person-${i}`;
    rehearsal.joins(participant, NAMES[i] ?? '', 100);
    rehearsal.publishes({ participant, source: 'camera', media: video, fromMs: 200, toMs });
    rehearsal.publishes({ participant, source: 'microphone', media: audio, fromMs: 200, toMs });
  }
  await saveJournal(rehearsal.recorded(220, toMs, LAYOUT).records(toMs + 500), directory);
};

interface Row {
  readonly content: string;
  readonly ours: number;
  readonly ffmpeg: number;
  readonly ourMb: number;
  readonly ffmpegMb: number;
}

const measure = async (content: (typeof CONTENTS)[number], seconds: number, folder: string): Promise<Row> => {
  process.stderr.write(`${content}: preparing ${PEOPLE} tracks of ${seconds} s\n`);
  const people = await prepare(content, seconds);
  const journal = join(folder, `${content}-journal`);
  await journalOf(people, seconds, journal);
  const inputs: string[] = [];
  for (const [i, { video, audio }] of people.entries()) {
    const path = join(folder, `${content}-${i}`);
    await writeFile(`${path}.ivf`, ivfOf(video));
    await writeFile(`${path}.ogg`, oggOf(audio));
    inputs.push(`${path}.ivf`, `${path}.ogg`);
  }
  process.stderr.write(`${content}: composing\n`);
  const ours = await cpuOf(process.execPath, [fileURLToPath(import.meta.url), '--compose', journal, folder, content]);
  const out = join(folder, `${content}-ffmpeg.mp4`);
  const ffmpeg = await cpuOf('ffmpeg', ffmpegArguments(inputs, out));
  const megabytes = async (path: string) => ((await stat(path)).size / 1e6 / seconds) * 60;
  const perMinute = 60 / seconds;
  return {
    content,
    ours: ours * perMinute,
    ffmpeg: ffmpeg * perMinute,
    ourMb: await megabytes(join(folder, `${content}.mp4`)),
    ffmpegMb: await megabytes(out),
  };
};

const main = async (seconds: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-bench-compose-'));
  try {
    const rows: Row[] = [];
    for (const content of CONTENTS) rows.push(await measure(content, seconds, folder));
    console.log(`Composition, ${PEOPLE} x VP8 720p30 to 720p30, CPU seconds a recorded minute (${seconds} s measured)`);
    console.table(
      Object.fromEntries(
        rows.map(({ content, ours, ffmpeg, ourMb, ffmpegMb }) => [
          content,
          {
            roomtape: ours.toFixed(1),
            'ffmpeg CLI': ffmpeg.toFixed(1),
            ratio: (ours / ffmpeg).toFixed(2),
            'MB/min': ourMb.toFixed(1),
            'MB/min ffmpeg': ffmpegMb.toFixed(1),
          },
        ]),
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const [, , first, journalDir, folder, content] = process.argv;
if (first === '--compose' && journalDir && folder && content) {
  await composeJournal({
    journalDir,
    recordingId: RECORDING,
    config: { ...CANVAS, mode: 'video-and-audio', theme: 'DEFAULT', layout: LAYOUT },
    workDir: join(folder, `${content}-work`),
    artifactPath: join(folder, content),
  });
} else await main(Number(first ?? 20));
