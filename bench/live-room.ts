/** The real product with a room full of synthetic participants, for benchmarks that ask how long an answer or a file takes. */
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { mintApiToken, mintParticipantToken } from '../src/api/auth.ts';
import { type RecordingAnswer, RestClient } from '../src/cli/rest-client.ts';
import { credentialsFile, ServerChild } from '../src/cli/server-child.ts';
import { DEFAULT_CACHE, Participant, prepareMedia } from '../src/synthetic/participant.ts';
import { type BenchOptions, temporaryFolder } from './row.ts';

const TWO = ['Ada Lovelace', 'Grace Hopper'];
const SIZE = { width: 640, height: 360 };
/** The material; it is sent again and again. */
const SECONDS = 30;
/** A file that is not there by then will not come: several times what the slowest machine needs. */
const DONE_LIMIT_MS = 1_200_000;

export interface LiveRoom {
  readonly rest: RestClient;
  readonly roomId: string;
  /** Base address of the server. */
  readonly url: string;
  /** Everything of the server names it, in its command line or environment. */
  readonly dataDir: string;
  /** A token for one more participant of the room. */
  readonly token: (participantId: string) => Promise<string>;
  /** Media time zero of all participants, by the monotonic clock. */
  readonly epochNs: bigint;
  /** Folder of all journals. */
  readonly journals: string;
}

export interface LiveRoomOptions {
  /** Who is there. Default: two. */
  readonly names?: readonly string[];
  /** Length of their material. Default 30. */
  readonly seconds?: number;
  /** More `ROOMTAPE_*` variables of the server. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Participants with camera (640x360, 30 fps) and microphone in one room of a server of its own. All of it belongs to the scope. */
export const openLiveRoom = async (
  { scope, note }: BenchOptions,
  { names = TWO, seconds = SECONDS, environment = {} }: LiveRoomOptions = {},
): Promise<LiveRoom> => {
  note(`preparing ${names.length} participants`);
  const people = names.map((name, index) => ({
    name,
    index,
    of: names.length,
    seconds,
    size: SIZE,
    content: 'camera' as const,
    cacheDir: DEFAULT_CACHE,
  }));
  for (const person of people) await prepareMedia({ ...person, url: '', roomId: '', token: '' });
  note('starting the server');
  const folder = await temporaryFolder(scope);
  await chmod(folder, 0o711); // the server's own users pass through it
  const dataDir = join(folder, 'data');
  const server = await ServerChild.start({ dataDir, logFile: join(folder, 'server.log'), environment });
  scope.own('server', server, () => server.stop());
  const credentials = JSON.parse(await readFile(credentialsFile(server.dataDir), 'utf8')) as {
    apiKey: string;
    apiSecret: string;
  };
  const rest = new RestClient(server.url, await mintApiToken(credentials));
  const roomId = await rest.createRoom();
  const epochNs = process.hrtime.bigint();
  for (const person of people) {
    const token = await mintParticipantToken(credentials, { roomId, name: person.name });
    const joined = await Participant.join({ ...person, epochNs, url: server.url, roomId, token });
    scope.own(person.name, joined, () => joined.leave());
  }
  const token = (participantId: string) => mintParticipantToken(credentials, { roomId, participantId });
  return { rest, roomId, url: server.url, dataDir, token, epochNs, journals: join(dataDir, 'journals') };
};

/** Waits for the file, asking every `pollMs`. Rejects with the recording's own reason if there will be none. */
export const finished = async (rest: RestClient, recordingId: string, pollMs: number): Promise<RecordingAnswer> => {
  const deadline = performance.now() + DONE_LIMIT_MS;
  while (performance.now() < deadline) {
    const recording = await rest.recording(recordingId);
    if (recording.status === 'done') return recording;
    if (recording.status === 'failed') throw new Error(`The recording failed: ${recording.failureReason}.`);
    await delay(pollMs);
  }
  throw new Error(`The recording ${recordingId} was not done within ${DONE_LIMIT_MS} ms.`);
};
