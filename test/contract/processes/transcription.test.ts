/**
 * Transcription as the server process opens it, by its settings: who the transcribers run as, what they are told, and that they hear. As root
 * they are a user of their own.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import type { Utterance } from '../../../src/domain/transcript.ts';
import { renameSealed } from '../../../src/journal/chunk-files.ts';
import { prepareIsolation } from '../../../src/processes/isolation.ts';
import { dataPaths } from '../../../src/processes/paths.ts';
import { openTranscription, type Transcription } from '../../../src/processes/transcription.ts';
import { createLogger } from '../../../src/support/log.ts';
import { NOTHING_HEARD } from '../../../src/transcription/coordinator.ts';
import { speechModels, TEST_MODEL_DIR } from '../../support/speech-models.ts';
import { waitFor } from '../../support/wait-for.ts';
import { RECORDING, saveJournal } from '../../unit/composition/rehearsal.ts';
import { dialogue, recordsOf } from '../transcription/spoken-journal.ts';

const SECONDS = 17.3;
const KEY = 'sk-nobody-may-see';

let folder: string;
let opened: Transcription | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-transcription-'));
  chmodSync(folder, 0o711);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await opened?.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = async (env: Record<string, string>) => {
  await speechModels();
  vi.stubEnv('ROOMTAPE_API_SECRET', KEY);
  const config = loadConfig({
    env: { ROOMTAPE_DATA_DIR: join(folder, 'data'), ROOMTAPE_MODEL_DIR: TEST_MODEL_DIR, ...env },
    cwd: folder,
  });
  mkdirSync(config.dataDir, { mode: 0o700 });
  const paths = dataPaths(config.dataDir);
  mkdirSync(dirname(paths.mediaSocket));
  const journalDir = join(paths.journals, 'a-session');
  mkdirSync(journalDir, { recursive: true, mode: 0o700 });
  await saveJournal(recordsOf(await dialogue('festival', SECONDS), SECONDS), journalDir);
  await renameSealed(journalDir, 1);
  writeFileSync(join(paths.root, 'credentials.json'), 'secret', { mode: 0o600 });
  prepareIsolation(paths, 20_080);
  const utterances: Utterance[] = [];
  const ending = Promise.withResolvers<string>();
  const transcription = await openTranscription({
    config,
    paths,
    events: {
      onUtterance: (_, __, utterance) => Promise.resolve(void utterances.push(utterance)),
      onHeard: () => Promise.resolve(),
      onComplete: (_, { engine }) => ending.resolve(engine),
      onFailed: (_, reason) => ending.resolve(reason),
    },
    group: null,
    log: createLogger('test', 'silent'),
  });
  opened = transcription;
  const start = (engine = transcription.defaultEngine, language: string | null = null): void =>
    transcription.coordinator.start({
      transcriptionId: 'one',
      recordingId: RECORDING,
      journalDir,
      createdAtMs: 0,
      finished: true,
      engine,
      language,
      excludeParticipants: [],
      heard: NOTHING_HEARD,
    });
  const socket = paths.listenSocketOf(process.pid);
  return { transcription, start, utterances, ended: ending.promise, socket };
};

/** The transcriber that dials this socket. */
const transcriberOf = (socket: string): number | undefined =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const isOne = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('processes/transcriber.ts');
        return isOne && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(socket);
      } catch {
        return false; // gone, or another user's
      }
    });

it.runIf(process.platform === 'linux')(
  'transcribers run at the lowest priority, apart, with nothing of ours but a lease',
  async () => {
    const { start, ended, utterances, transcription, socket } = await open({});
    expect(transcription.defaultEngine).toBe('embedded');
    start();
    const pid = await waitFor('a transcriber', 20_000, () => transcriberOf(socket));
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    expect(environment.join(' ')).not.toContain(KEY);
    expect(
      environment
        .filter((entry) => entry.startsWith('ROOMTAPE_'))
        .map((entry) => entry.split('=')[0])
        .sort(),
    ).toEqual(['ROOMTAPE_LEASE', 'ROOMTAPE_LISTEN_SOCKET']);
    await waitFor('its priority', 20_000, () => getPriority(pid) === 19);
    if (process.getuid?.() === 0) {
      expect(statSync(`/proc/${pid}`).uid).toBe(61_082);
      expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
    }
    await waitFor(
      'its place in line',
      20_000,
      () => readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim() === '700',
    );
    expect(await ended).toBe('sherpa-onnx/moonshine-tiny-en');
    expect(utterances.map(({ speakerId }) => speakerId)).toContain('bob');
  },
  60_000,
);

it('says what can not be transcribed, and fails it in the same words', async () => {
  const { start, ended, transcription } = await open({});
  expect(await transcription.problem('embedded', null)).toBeNull();
  expect(await transcription.problem('embedded', 'en-US')).toBeNull();
  expect(await transcription.problem('endpoint', null)).toMatchObject({
    field: 'engine',
    text: expect.stringContaining('ROOMTAPE_TRANSCRIBE_URL'),
  });
  const problem = await transcription.problem('embedded', 'de');
  expect(problem).toMatchObject({ field: 'language', text: expect.stringContaining('understands en only') });
  start('embedded', 'de');
  expect(await ended).toBe(problem?.text);
});

it('asks the endpoint of the settings, and says when it is not there', async () => {
  const { start, ended, transcription } = await open({
    ROOMTAPE_TRANSCRIBE_URL: 'http://127.0.0.1:9/v1/',
    ROOMTAPE_TRANSCRIBE_KEY: KEY,
    ROOMTAPE_MODEL_PULL: 'off',
    ROOMTAPE_MODEL_DIR: join(folder, 'none'),
  });
  expect(transcription.defaultEngine).toBe('endpoint');
  expect(await transcription.problem('endpoint', 'de')).toBeNull();
  start();
  expect(await ended).toMatch(/^The model "silero-vad" is not in ".*none": pull it on this machine/);
});
