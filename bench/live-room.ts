/** The real product with a room full of synthetic participants, for benchmarks that ask how long an answer or a file takes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { mintApiToken, mintParticipantToken } from '../src/api/auth.ts';
import { type RecordingAnswer, RestClient } from '../src/cli/rest-client.ts';
import { credentialsFile, ServerChild } from '../src/cli/server-child.ts';
import { DEFAULT_CACHE, Participant, prepareMedia } from '../src/synthetic/participant.ts';
import { type BenchOptions, temporaryFolder } from './row.ts';

const NAMES = ['Ada Lovelace', 'Grace Hopper'];
const SIZE = { width: 640, height: 360 };
/** The material; it is sent again and again. */
const SECONDS = 30;
/** A file that is not there by then will not come: several times what the slowest machine needs. */
const DONE_LIMIT_MS = 1_200_000;

export interface LiveRoom {
  readonly rest: RestClient;
  readonly roomId: string;
  /** Folder of all journals. */
  readonly journals: string;
}

/** Two participants with camera (640x360, 30 fps) and microphone in one room of a server of its own. All of it belongs to the scope. */
export const openLiveRoom = async ({ scope, note }: BenchOptions): Promise<LiveRoom> => {
  note('preparing two participants');
  const people = NAMES.map((name, index) => ({
    name,
    index,
    of: NAMES.length,
    seconds: SECONDS,
    size: SIZE,
    content: 'camera' as const,
    cacheDir: DEFAULT_CACHE,
  }));
  for (const person of people) await prepareMedia({ ...person, url: '', roomId: '', token: '' });
  note('starting the server');
  const folder = await temporaryFolder(scope);
  const server = await ServerChild.start({ dataDir: join(folder, 'data'), logFile: join(folder, 'server.log') });
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
  return { rest, roomId, journals: join(server.dataDir, 'journals') };
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
