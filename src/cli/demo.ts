/**
 * `roomtape demo`: the whole product at work, on this machine alone. A server of its own, synthetic participants who join by the doors
 * that any client uses, a recording by REST, the file. The last line on standard output is JSON; the rest is on standard error.
 */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { mintApiToken, mintParticipantToken } from '../api/auth.ts';
import { makeFolder } from '../support/make-folder.ts';
import { Scope } from '../support/scope.ts';
import { Participant, type ParticipantOptions, prepareMedia } from '../synthetic/participant.ts';
import { abandonProgress, showProgress } from './progress.ts';
import { type RecordingAnswer, RestClient } from './rest-client.ts';
import { credentialsFile, ServerChild } from './server-child.ts';

export interface DemoOptions {
  readonly seconds: number;
  readonly participants: number;
  readonly out: string;
}

const NAMES = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Katherine Johnson',
  'Edsger Dijkstra',
  'Radia Perlman',
  'Donald Knuth',
  'Barbara Liskov',
  'Claude Shannon',
];
/** What joining, starting and ending take beside the recording itself: the material must not begin anew within it. */
const SPARE_SECONDS = 15;
/** A recording of this machine's own making that is not ready by then never will be. */
const LEAST_COMPOSE_LIMIT_MS = 120_000;
const POLL_MS = 250;
/** The last: the terminal was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Frames from keyframe to keyframe: people's browsers answer a request for one in a tenth of a second, pre-encoded pictures cannot. */
const KEYFRAME_INTERVAL = 6;

/** Runs the demo. Leaves nothing running, whatever happens. Rejects with what went wrong, or when it is interrupted. */
export const runDemo = async (options: DemoOptions): Promise<void> => {
  const scope = new Scope();
  const interrupted = Promise.withResolvers<never>();
  // Listened to until the end: of one Ctrl-C npm makes two signals, and the second would end us before all is ended.
  const onSignal = () => interrupted.reject(new Error('Interrupted.'));
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const result = await Promise.race([record(options, scope), interrupted.promise]);
    await scope.close();
    console.log(JSON.stringify(result));
  } finally {
    abandonProgress();
    await scope.close();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
};

interface DemoResult {
  readonly recordingId: string;
  readonly file: string;
  readonly durationSeconds: number;
}

const record = async (options: DemoOptions, scope: Scope): Promise<DemoResult> => {
  const out = resolve(options.out);
  try {
    makeFolder(out);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The folder "${out}" can't be used: ${reason}. Choose another with --out.`, { cause });
  }
  const media = mediaOf(options, join(out, 'synthetic'));
  await encode(media);
  const starting = showProgress('Starting the server');
  const server = await opened(
    scope,
    'server',
    () => ServerChild.start({ dataDir: join(out, 'data'), logFile: join(out, 'server.log'), ownGroup: true }),
    (started) => started.stop(),
  );
  starting.done();
  const credentials = JSON.parse(await readFile(credentialsFile(server.dataDir), 'utf8')) as {
    apiKey: string;
    apiSecret: string;
  };
  const rest = new RestClient(server.url, await mintApiToken(credentials));
  const roomId = await rest.createRoom();
  const joining = showProgress(`Joining room ${roomId}`);
  const epochNs = process.hrtime.bigint();
  for (const [index, participant] of media.entries()) {
    const token = await mintParticipantToken(credentials, { roomId, name: participant.name });
    const join = () => Participant.join({ ...participant, epochNs, url: server.url, roomId, token });
    await opened(scope, participant.name, join, (joined) => joined.leave());
    joining.update((index + 1) / media.length);
  }
  joining.done();
  const recordingId = await rest.startRecording(roomId);
  await watchSeconds(options.seconds);
  await rest.endRecording(roomId);
  const recording = await composed(rest, recordingId, options.seconds);
  const file = join(out, `${recordingId}.mp4`);
  await download(recording, file);
  return { recordingId, file, durationSeconds: recording.file?.meta.duration ?? 0 };
};

/**
 * Owns a thing from the moment that it begins to open: an interrupt may come before it is there. Resolves with it. In a scope that is
 * closing nothing is opened any more, and it throws.
 */
const opened = <Thing>(
  scope: Scope,
  name: string,
  open: () => Promise<Thing>,
  close: (thing: Thing) => Promise<void>,
): Promise<Thing> => {
  const { promise, resolve, reject } = Promise.withResolvers<Thing>();
  // What failed to open has nothing to close, and its error goes to whoever waits for it.
  scope.own(name, promise, () => promise.then(close, () => undefined));
  open().then(resolve, reject);
  return promise;
};

type DemoParticipant = Omit<ParticipantOptions, 'url' | 'roomId' | 'token'>;

const mediaOf = ({ participants, seconds }: DemoOptions, cacheDir: string): DemoParticipant[] =>
  Array.from({ length: participants }, (_, index) => ({
    name: NAMES[index % NAMES.length] ?? `Participant ${index + 1}`,
    index,
    of: participants,
    seconds: seconds + SPARE_SECONDS,
    size: { width: 640, height: 360 },
    content: 'camera',
    keyframeInterval: KEYFRAME_INTERVAL,
    // Both doors are used: the room protocol, as the room page does, and WHIP, as encoders do.
    via: index % 2 === 0 ? 'room' : 'whip',
    cacheDir,
  }));

const encode = async (media: readonly DemoParticipant[]): Promise<void> => {
  const encoding = showProgress('Encoding pictures and sound');
  for (const [index, participant] of media.entries()) {
    await prepareMedia({ ...participant, url: '', roomId: '', token: '' });
    encoding.update((index + 1) / media.length);
  }
  encoding.done();
};

const watchSeconds = async (seconds: number): Promise<void> => {
  const recording = showProgress(`Recording ${seconds} s`);
  const started = performance.now();
  for (let passed = 0; passed < seconds; passed = (performance.now() - started) / 1000) {
    recording.update(passed / seconds);
    await delay(Math.min(POLL_MS, (seconds - passed) * 1000));
  }
  recording.done();
};

/** Waits for the file. Rejects with the recording's own reason if there will be none. */
const composed = async (rest: RestClient, id: string, seconds: number): Promise<RecordingAnswer> => {
  const composing = showProgress('Composing the file');
  const deadline = performance.now() + Math.max(LEAST_COMPOSE_LIMIT_MS, seconds * 5_000);
  while (performance.now() < deadline) {
    const recording = await rest.recording(id);
    if (recording.status === 'done') {
      composing.done();
      return recording;
    }
    if (recording.status === 'failed')
      throw new Error(`The recording failed: ${recording.failureReason ?? 'no reason'}.`);
    composing.update(recording.progress ?? 0);
    await delay(POLL_MS);
  }
  throw new Error(`The recording ${id} is not ready yet; the server's log tells why.`);
};

const download = async (recording: RecordingAnswer, file: string): Promise<void> => {
  if (!recording.file) throw new Error(`The recording ${recording.id} is done but names no file.`);
  const response = await fetch(recording.file.fileUrl);
  if (!response.ok || !response.body) throw new Error(`The file was answered ${response.status}.`);
  await pipeline(Readable.from(response.body), createWriteStream(file));
};
