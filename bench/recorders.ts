/**
 * One live room of four, recorded three ways in one run: by our compositor, by our capture of a page (the example template), and, beside both, by
 * the recorder that is usual elsewhere (`screen-recorder.ts`), which shows the same page. Of each: CPU seconds of all its processes a recorded minute,
 * its start and what our server does for it included; the memory it takes at most; how soon it records; and how good the file is.
 *
 * What the server costs while the room is there and nobody records is taken off. Linux only.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureSystemPackages, SCREEN_RECORDER_NEEDS } from '../scripts/system-packages.ts';
import { RestError } from '../src/cli/rest-client.ts';
import { gridRects } from '../src/domain/grid.ts';
import { canvasSize, type Rect } from '../src/domain/layout.ts';
import { FRAME_RATE } from '../src/domain/media-time.ts';
import { processesOf } from '../test/support/running.ts';
import { finished, type LiveRoom, openLiveRoom } from './live-room.ts';
import { TreeMeter } from './process-tree.ts';
import { type Film, judgeFilm } from './room-on-film.ts';
import { apart, type BenchOptions, type Row, temporaryFolder } from './row.ts';
import { recordScreen } from './screen-recorder.ts';

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Жанна Агузарова', 'Nguyễn Văn Minh'];
const SIZE = canvasSize('med', 'landscape');
const SECONDS = 60;
const QUICK_SECONDS = 20;
const IDLE_SECONDS = 15;
/** Of the participants' material. No recorder takes nearly as long to start, so that a frame's number tells when it was sent. */
const MATERIAL_SECONDS = 40;
/** The first picture may be older than the call: by a keyframe's distance and the way here. */
const OLDER_S = 5;
const POLL_MS = 250;
const MIB = 1024 * 1024;

/** Where the example template has four people in 1280x720: a margin of 1 rem (16 px), gaps of 0.75, tiles of 16:9 that fill the height. */
const EXAMPLE_PLACES: readonly Rect[] = (() => {
  const [margin, gap] = [16, 12];
  const height = (SIZE.height - 2 * margin - gap) / 2;
  const width = (height * 16) / 9;
  const left = (SIZE.width - 2 * width - gap) / 2;
  return [0, 1, 2, 3].map((index) => ({
    x: left + (index % 2) * (width + gap),
    y: margin + Math.floor(index / 2) * (height + gap),
    width,
    height,
  }));
})();

interface Recorded {
  readonly path: string;
  /** Where its tiles are, by person. */
  readonly places: readonly Rect[];
}

/** Records, and says which processes do so besides the server's. */
type Recorder = (watch: (own: readonly number[]) => void) => Promise<Recorded>;

interface Measured extends Film {
  readonly cpuPerMinute: number;
  readonly memoryMiB: number;
  readonly startSeconds: number;
}

/** The server's processes; what it starts is below them. */
const serverOf = async ({ dataDir }: LiveRoom): Promise<number[]> =>
  (await processesOf(dataDir)).map((line) => Number.parseInt(line, 10));

interface Idle {
  readonly cpuPerSecond: number;
  readonly memoryBytes: number;
}

const idleUse = async (room: LiveRoom): Promise<Idle> => {
  const meter = await TreeMeter.start(() => serverOf(room));
  await delay(IDLE_SECONDS * 1000);
  await meter.stop();
  return { cpuPerSecond: meter.cpuSeconds / IDLE_SECONDS, memoryBytes: meter.memoryBytes.last };
};

/** When the frame that a file begins with was sent, in seconds after the call. */
const startOf = (film: Film, room: LiveRoom, calledNs: bigint): number => {
  const after = film.firstFrame / FRAME_RATE - Number(calledNs - room.epochNs) / 1e9;
  const whole = MATERIAL_SECONDS;
  return ((((after + OLDER_S) % whole) + whole) % whole) - OLDER_S;
};

const measure = async (room: LiveRoom, idle: Idle, seconds: number, record: Recorder): Promise<Measured> => {
  let own: readonly number[] = [];
  const meter = await TreeMeter.start(async () => [...(await serverOf(room)), ...own]);
  const began = performance.now();
  const calledNs = process.hrtime.bigint();
  const recorded = record((pids) => {
    own = pids;
  });
  const { path, places } = await recorded.finally(() => meter.stop());
  const idleCpu = (idle.cpuPerSecond * (performance.now() - began)) / 1000;
  const film = await judgeFilm(path, places);
  return {
    ...film,
    cpuPerMinute: ((meter.cpuSeconds - idleCpu) * 60) / seconds,
    memoryMiB: (meter.memoryBytes.most - idle.memoryBytes) / MIB,
    startSeconds: startOf(film, room, calledNs),
  };
};

/** Records through the API for as long, and fetches the file. */
const byApi = async (
  room: LiveRoom,
  folder: string,
  seconds: number,
  fields: Record<string, unknown>,
): Promise<string> => {
  const recordingId = await room.rest.startRecording(room.roomId, { quality: 'med' }, fields);
  await delay(seconds * 1000);
  await room.rest.endRecording(room.roomId);
  const { file } = await finished(room.rest, recordingId, POLL_MS);
  if (!file) throw new Error(`The recording ${recordingId} is done but names no file.`);
  const response = await fetch(file.fileUrl);
  if (!response.ok) throw new Error(`The file was answered ${response.status}.`);
  const path = join(folder, `${recordingId}.mp4`);
  await writeFile(path, Buffer.from(await response.arrayBuffer()));
  return path;
};

const rowsOf = (name: string, ours: Measured, peer: Measured): Row[] => {
  const row = (what: string, unit: string, value: (one: Measured) => number): Row => ({
    what: `four people, ${name}: ${what}`,
    ours: value(ours),
    beside: { name: 'screen recorder', value: value(peer) },
    unit,
  });
  return [
    row('CPU', 'CPU s / recorded minute', (one) => one.cpuPerMinute),
    row('memory', 'MiB', (one) => one.memoryMiB),
    row('call → everybody is seen', 's', (one) => one.startSeconds),
    row('new pictures', '1/s', (one) => one.uniqueFps),
    row('sound behind picture, median', 'ms', (one) => one.soundBehindMs),
    row('sound apart from picture, p95', 'ms', (one) => one.soundApartMs),
  ];
};

export async function* benchRecorders(options: BenchOptions): AsyncGenerator<Row, void, undefined> {
  const { quick, scope, note } = options;
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const missing = ensureSystemPackages(SCREEN_RECORDER_NEEDS);
  if (missing.length > 0) throw new Error(`What others record with is not here: ${missing.join('; ')}.`);
  const environment = { ROOMTAPE_ALLOW_PRIVATE_URLS: 'true' }; // the example page is on this machine
  const room = await openLiveRoom(options, { names: NAMES, seconds: MATERIAL_SECONDS, environment });
  const folder = await temporaryFolder(scope);
  note('the room without a recording');
  const idle = await idleUse(room);
  const page = `${room.url}/templates/example`;
  note('the screen recorder');
  const peer = await apart(scope, (inner) =>
    measure(room, idle, seconds, async (watch) => {
      const query = new URLSearchParams({ meetingId: room.roomId, token: await room.token('screen-recorder') });
      const url = `${page}?${query}`;
      const peerFolder = join(folder, 'peer');
      const path = await recordScreen({ url, size: SIZE, folder: peerFolder, scope: inner }, seconds, watch);
      return { path, places: EXAMPLE_PLACES };
    }),
  );
  note('our compositor');
  const builtIn = await measure(room, idle, seconds, async () => ({
    path: await byApi(room, folder, seconds, {}),
    places: gridRects(NAMES.length, SIZE),
  }));
  yield* rowsOf('built-in', builtIn, peer);
  note('our capture of the page');
  try {
    const captured = await measure(room, idle, seconds, async () => ({
      path: await byApi(room, folder, seconds, { templateUrl: page }),
      places: EXAMPLE_PLACES,
    }));
    yield* rowsOf('template', captured, peer);
  } catch (error) {
    if (!(error instanceof RestError && error.status === 501)) throw error;
    note('this server does not render by pages: left out');
  }
}
