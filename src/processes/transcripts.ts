/** What is said in recordings, put together for the server process: who listens, who writes it down, who sums it up, and who is told live. */
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import type { TranscriptionProblem, TranscriptionRequest } from '../domain/transcription.ts';
import { CaptionHub } from '../recordings/caption-hub.ts';
import type { Deliveries } from '../recordings/deliveries.ts';
import type { JournalLookup } from '../recordings/ports.ts';
import { TranscribingAgain } from '../recordings/transcribing-again.ts';
import { TranscriptFinishing } from '../recordings/transcript-finishing.ts';
import { TranscriptionMetrics } from '../recordings/transcription-metrics.ts';
import { Transcriptions } from '../recordings/transcriptions.ts';
import type { Logger } from '../support/log.ts';
import type { CompositorGroup } from './compositor-group.ts';
import type { DataPaths } from './paths.ts';
import { summarizeInThread, writeInThread } from './transcript-thread.ts';
import { openTranscription } from './transcription.ts';

export interface TranscriptsOptions {
  readonly config: Config;
  readonly paths: DataPaths;
  readonly catalog: Catalog;
  readonly deliveries: Deliveries;
  readonly journal: JournalLookup;
  readonly group: CompositorGroup | null;
  /** Something may have happened that others are to be told of. */
  readonly told: () => void;
  readonly log: Logger;
}

export interface Transcripts {
  readonly transcriptions: Transcriptions;
  readonly again: TranscribingAgain;
  readonly captions: CaptionHub;
  /** Why this can't be transcribed; null: as far as is known it can. */
  problem(request: TranscriptionRequest): Promise<TranscriptionProblem | null>;
  /** Prometheus text of all of it. */
  metrics(): Promise<string>;
  /** Idempotent. What is unfinished goes on at the next start. */
  close(): Promise<void>;
}

export const openTranscripts = async (options: TranscriptsOptions): Promise<Transcripts> => {
  const { config, paths, catalog, deliveries, journal, group, told, log } = options;
  const captions = new CaptionHub();
  const metrics = new TranscriptionMetrics();
  const finishing = new TranscriptFinishing({
    catalog,
    summarize: summarizeInThread(config.llm),
    write: writeInThread,
    metrics,
    dataDir: paths.root,
    recordingsDir: paths.recordings,
    deliveries,
    told,
    log,
  });
  const background = (work: Promise<void>): void => {
    work
      .catch((error: unknown) =>
        log.error({ err: error }, 'A transcription could not be written down: it goes on later.'),
      )
      .finally(told);
  };
  const listening = await openTranscription({
    config,
    paths,
    group,
    events: {
      onUtterance: (id, speaker, utterance) => transcriptions.heard(id, speaker, utterance),
      onHeard: (id, seconds) => transcriptions.heardUpTo(id, seconds),
      onComplete: (id, facts) => background(transcriptions.completed(id, facts)),
      onFailed: (id, reason) => background(transcriptions.failed(id, reason)),
    },
    log,
  });
  const { coordinator, defaultEngine } = listening;
  const transcriptions = new Transcriptions({
    catalog,
    transcriber: coordinator,
    finishing,
    captions,
    metrics,
    defaultEngine,
    log,
  });
  const problem: Transcripts['problem'] = ({ engine, language }) =>
    listening.problem(engine ?? defaultEngine, language);
  const again = new TranscribingAgain({ catalog, transcriptions, journal, problem });
  return {
    transcriptions,
    again,
    captions,
    problem,
    metrics: () => metrics.text(catalog, coordinator.stats),
    async close() {
      await listening.close();
      await transcriptions.close();
      await finishing.close();
    },
  };
};
