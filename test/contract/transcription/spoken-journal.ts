/** Journals of speech that is known, and a coordinator with real transcriber processes that hears them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Speaker, Utterance } from '../../../src/domain/transcript.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { createLogger } from '../../../src/support/log.ts';
import {
  NOTHING_HEARD,
  TranscriptionCoordinator,
  type TranscriptionCoordinatorOptions,
  type TranscriptionJob,
} from '../../../src/transcription/coordinator.ts';
import { speechModels } from '../../support/speech-models.ts';
import { SPEAKERS, spokenTrack, type Voices } from '../../support/spoken.ts';
import { RECORDING, Rehearsal } from '../../unit/composition/rehearsal.ts';

/** When tracks begin in the session, and when the recording does. */
export const TRACKS_FROM_MS = 1_000;
export const RECORDED_FROM_MS = 500;
/** Seconds from the recording's beginning to the tracks'. */
export const OFFSET_S = (TRACKS_FROM_MS - RECORDED_FROM_MS) / 1000;

/** Both speakers at their microphones, as they were recorded. */
export const dialogue = async (voices: Voices, seconds: number): Promise<Rehearsal> => {
  const rehearsal = new Rehearsal().joins('alice', 'Alice', 100).joins('bob', 'Bob', 150);
  const toMs = TRACKS_FROM_MS + seconds * 1000;
  for (const participant of SPEAKERS) {
    const media = await spokenTrack(voices, participant);
    rehearsal.publishes({ participant, source: 'microphone', media, fromMs: TRACKS_FROM_MS, toMs });
  }
  return rehearsal;
};

/** Everything recorded from `RECORDED_FROM_MS` until so long after the tracks' beginning. */
export const recordsOf = (rehearsal: Rehearsal, seconds: number): JournalRecord[] => {
  const toMs = TRACKS_FROM_MS + seconds * 1000;
  return rehearsal.recorded(RECORDED_FROM_MS, toMs).records(toMs + 1_000);
};

export interface Ending {
  readonly complete?: { readonly durationSeconds: number; readonly engine: string };
  readonly failed?: string;
}

export interface Told {
  readonly speakers: Map<string, Speaker>;
  /** In the order in which they were told. */
  readonly utterances: Utterance[];
  heardSeconds: number;
}

const PROGRAM = fileURLToPath(new URL('../../../src/processes/transcriber.ts', import.meta.url));

/** A coordinator with real processes, and what is told of each of its jobs. */
export const openListening = async (folder: string, options: Partial<TranscriptionCoordinatorOptions> = {}) => {
  const models = await speechModels();
  const children: ChildProcess[] = [];
  const told = new Map<string, Told>();
  const endings = new Map<string, PromiseWithResolvers<Ending>>();
  const toldOf = (id: string): Told => {
    const known = told.get(id) ?? { speakers: new Map(), utterances: [], heardSeconds: 0 };
    told.set(id, known);
    return known;
  };
  const ending = (id: string): PromiseWithResolvers<Ending> => {
    const known = endings.get(id) ?? Promise.withResolvers<Ending>();
    endings.set(id, known);
    return known;
  };
  const coordinator = new TranscriptionCoordinator({
    socketPath: join(folder, 'listen.sock'),
    maxProcesses: 1,
    endpoint: null,
    models: ({ engine }) =>
      Promise.resolve({ voice: models.voice, speech: engine === 'embedded' ? models.speech : null }),
    spawn: (environment) => {
      const child = spawn(process.execPath, [PROGRAM], {
        env: { PATH: process.env.PATH, ...environment },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      children.push(child);
      return child;
    },
    onUtterance: (id, speaker, utterance) => {
      toldOf(id).speakers.set(speaker.id, speaker);
      toldOf(id).utterances.push(utterance);
      return Promise.resolve();
    },
    onHeard: (id, seconds) => {
      toldOf(id).heardSeconds = seconds;
      return Promise.resolve();
    },
    onComplete: (id, complete) => ending(id).resolve({ complete }),
    onFailed: (id, failed) => ending(id).resolve({ failed }),
    log: createLogger('test', 'silent'),
    ...options,
  });
  await coordinator.open();
  const start = (job: Partial<TranscriptionJob> = {}): void =>
    coordinator.start({
      transcriptionId: 'transcription',
      recordingId: RECORDING,
      journalDir: join(folder, 'journal'),
      createdAtMs: 0,
      finished: true,
      engine: 'embedded',
      language: null,
      excludeParticipants: [],
      heard: NOTHING_HEARD,
      ...job,
    });
  return {
    coordinator,
    children,
    start,
    told: (id = 'transcription') => toldOf(id),
    ended: (id = 'transcription') => ending(id).promise,
  };
};
