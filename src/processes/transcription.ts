/** Transcription in the server process: the coordinator with the engines of the settings, and the transcribers' identity and environment. */
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import type { TranscriptionProblem } from '../domain/transcription.ts';
import type { Logger } from '../support/log.ts';
import {
  TranscriptionCoordinator,
  type TranscriptionEvents,
  type TranscriptionJob,
} from '../transcription/coordinator.ts';
import { EngineError, languageProblem } from '../transcription/engine.ts';
import type { CompositorGroup } from './compositor-group.ts';
import { bareEnvironment } from './environment.ts';
import { shareSocket, spawnAs, transcriberIdentity } from './isolation.ts';
import { ModelKeeper } from './model-keeper.ts';
import type { DataPaths } from './paths.ts';

/** Of JavaScript; models and sound lie beside it. A transcriber holds some seconds of each speaker. */
const HEAP_MB = 192;

export interface TranscriptionOptions {
  readonly config: Config;
  readonly paths: DataPaths;
  readonly events: TranscriptionEvents;
  /** Transcribers are put into it, beside compositors. */
  readonly group: CompositorGroup | null;
  readonly log: Logger;
}

export interface Transcription {
  readonly coordinator: TranscriptionCoordinator;
  /** Who hears where nobody says. */
  readonly defaultEngine: TranscriptionJob['engine'];
  /** Why this can't be transcribed; null: as far as is known it can. */
  problem(engine: TranscriptionJob['engine'], language: string | null): Promise<TranscriptionProblem | null>;
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./transcriber.ts', import.meta.url));

/** Opens the listen socket; nothing else runs until there is a job. */
export const openTranscription = async (options: TranscriptionOptions): Promise<Transcription> => {
  const { config, paths, events, group, log } = options;
  const { endpoint: settings, concurrency, speechModel } = config.transcription;
  const identity = transcriberIdentity(paths);
  const models = new ModelKeeper({ config: config.transcription, reader: identity, log });
  const endpoint = settings ? (await import('../transcription/http-engine.ts')).openHttpEngine(settings) : null;
  const problem: Transcription['problem'] = async (engine, language) => {
    if (engine === 'embedded') {
      const text = languageProblem(speechModel, await models.languages(), language);
      return text === null ? null : { field: 'language', text };
    }
    const text = 'No endpoint is configured that transcribes: set ROOMTAPE_TRANSCRIBE_URL.';
    return endpoint ? null : { field: 'engine', text };
  };
  const coordinator = new TranscriptionCoordinator({
    ...events,
    socketPath: paths.listenSocketOf(process.pid),
    maxProcesses: concurrency,
    endpoint,
    models: async ({ engine, language }) => {
      const refusal = await problem(engine, language);
      if (refusal !== null) throw new EngineError('refused', refusal.text);
      return { voice: await models.voice(), speech: engine === 'embedded' ? await models.speech() : null };
    },
    spawn: (environment) => {
      const child = spawnAs(identity, PROGRAM, {
        stdio: ['ignore', 'inherit', 'inherit'],
        // Its own process group: Ctrl-C in a terminal would kill it before the coordinator can end it in order.
        detached: true,
        env: bareEnvironment({ ...environment, NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` }),
      });
      group?.add(child.pid);
      return child;
    },
    log,
  });
  await coordinator.open();
  shareSocket(paths.listenSocketOf(process.pid), identity);
  return {
    coordinator,
    defaultEngine: endpoint ? 'endpoint' : 'embedded',
    problem,
    async close() {
      models.close();
      await endpoint?.close();
      await coordinator.close();
    },
  };
};
