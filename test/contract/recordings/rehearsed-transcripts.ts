/** Transcriptions on a real database; who listens and who sums up are stood in for at their ports, and do what a test says. */
import { join } from 'node:path';
import type { Speaker, Transcript, Utterance } from '../../../src/domain/transcript.ts';
import { CaptionHub } from '../../../src/recordings/caption-hub.ts';
import type { JournalLookup } from '../../../src/recordings/ports.ts';
import { TranscribingAgain } from '../../../src/recordings/transcribing-again.ts';
import { TranscriptFinishing } from '../../../src/recordings/transcript-finishing.ts';
import { TranscriptionMetrics } from '../../../src/recordings/transcription-metrics.ts';
import type { Summarizer, SummaryOutcome, TranscriptionWork } from '../../../src/recordings/transcription-ports.ts';
import { Transcriptions } from '../../../src/recordings/transcriptions.ts';
import { writeTranscriptFiles } from '../../../src/transcription/files/transcript-files.ts';
import { digestOf, NOT_CONFIGURED } from '../../../src/transcription/summary/extractive/digest.ts';
import { summaryText } from '../../../src/transcription/summary/summary-text.ts';
import { catalog, folder, log } from './rehearsed-workflow.ts';

export const ADA: Speaker = { id: 'ada', participantId: 'ada', kind: 'microphone', name: 'Ada' };
export const BOB: Speaker = { id: 'bob', participantId: 'bob', kind: 'microphone', name: 'Bob' };

export const said = (speaker: Speaker, start: number, text: string, more: Partial<Utterance> = {}): Utterance => ({
  start,
  end: start + 1.5,
  speakerId: speaker.id,
  text,
  language: 'en',
  words: null,
  ...more,
});

export const digest = (transcript: Transcript): SummaryOutcome & { kind: 'done' } => {
  const summary = digestOf(transcript, 'caller', NOT_CONFIGURED);
  return { kind: 'done', summary, text: summaryText(summary) };
};

export const JOURNAL_THERE: JournalLookup = async () => ({
  journalDir: 'j',
  startedNs: 0,
  startedAtMs: 0,
  stop: null,
  lastNs: 1,
  lastAtMs: 1,
});

export interface Rehearsed {
  readonly transcriptions: Transcriptions;
  readonly finishing: TranscriptFinishing;
  readonly again: TranscribingAgain;
  readonly captions: CaptionHub;
  readonly metrics: TranscriptionMetrics;
  /** What was handed out, in order. */
  readonly works: TranscriptionWork[];
  /** What who listens was told, in order. */
  readonly told: string[];
}

export const listening = (
  options: {
    summarize?: Summarizer;
    journal?: JournalLookup;
    problem?: string;
    now?: () => Date;
    deliveries?: ConstructorParameters<typeof TranscriptFinishing>[0]['deliveries'];
  } = {},
): Rehearsed => {
  const works: TranscriptionWork[] = [];
  const told: string[] = [];
  const captions = new CaptionHub();
  const metrics = new TranscriptionMetrics();
  const finishing = new TranscriptFinishing({
    catalog,
    summarize: options.summarize ?? (async ({ transcript }) => digest(transcript)),
    write: async (transcript) => writeTranscriptFiles(transcript),
    dataDir: folder,
    recordingsDir: join(folder, 'recordings'),
    ...(options.deliveries && { deliveries: options.deliveries }),
    metrics,
    told: () => undefined,
    backoff: { firstMs: 60_000, mostMs: 60_000 },
    ...(options.now && { now: options.now }),
    log,
  });
  const transcriptions = new Transcriptions({
    catalog,
    transcriber: {
      start: (work) => void works.push(work),
      finished: (id) => void told.push(`finished ${id}`),
      journalEnded: (id) => void told.push(`journal-ended ${id}`),
      cancel: async (id) => void told.push(`cancel ${id}`),
    },
    finishing,
    captions,
    metrics,
    defaultEngine: 'embedded',
    log,
  });
  const again = new TranscribingAgain({
    catalog,
    transcriptions,
    journal: options.journal ?? JOURNAL_THERE,
    problem: async () => (options.problem === undefined ? null : { field: 'language', text: options.problem }),
  });
  return { transcriptions, finishing, again, captions, metrics, works, told };
};
