/**
 * From the last word to what was asked for: the files of a transcript, its summary, and their deliveries.
 *
 *   summarizing  files are written and planned for delivery; then the summary is made, if one is wanted: tried for again and again, for as
 *                long as `TRIES` say, where its model is away; in the end the extractive digest takes its place, and says so
 *   completed    all of it is there, in one transaction with the event that tells of it
 *
 * Everything can be repeated: what a server that was killed had written is written again, with the same bytes under the same names. A purge
 * withdraws what is there and takes a higher version: other names, other ids.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  type Catalog,
  type FileRow,
  type SummaryFacts,
  type TranscriptionRow,
  transaction,
} from '../catalog/catalog.ts';
import { insertFile } from '../catalog/files.ts';
import {
  completeTranscription,
  noteFilesMade,
  putOffSummary,
  type TranscriptionOfRecording,
  transcriptionsIn,
} from '../catalog/transcriptions.ts';
import { type Backoff, backoffMs } from '../domain/backoff.ts';
import { extensionOf } from '../domain/content-type.ts';
import type { FileId, RecordingId } from '../domain/ids.ts';
import type { Summary, WrittenSummary } from '../domain/summary.ts';
import type { Transcript } from '../domain/transcript.ts';
import { TRANSCRIPT_FORMATS, type TranscriptFileKind } from '../domain/transcription.ts';
import type { Logger } from '../support/log.ts';
import type { FinishedTranscript } from './plan-deliveries.ts';
import { readTranscript } from './read-transcript.ts';
import type { TranscriptionMetrics } from './transcription-metrics.ts';
import type { Summarizer, SummaryOutcome, TranscriptWriter } from './transcription-ports.ts';

/** In a recording's folder: a folder for each transcription. */
const FOLDER = 'transcripts';
/** A summary waits for its endpoint, not for a core: a few at once make none of them slower. */
const MOST_AT_ONCE = 4;
/** About an hour in all: who restarts a model server takes minutes, and whoever waits for a summary has something by then. */
const TRIES = 9;
const BACKOFF: Backoff = { firstMs: 10_000, mostMs: 15 * 60_000 };
/** No answer is waited for longer, whatever an endpoint asks. */
const LONGEST_WAIT_MS = 30 * 60_000;

const NOT_MADE = 'The summary could not be made: see the log of the server.';

export interface TranscriptFinishingOptions {
  readonly catalog: Catalog;
  readonly summarize: Summarizer;
  readonly write: TranscriptWriter;
  readonly metrics: TranscriptionMetrics;
  /** Stored paths are relative to it. */
  readonly dataDir: string;
  readonly recordingsDir: string;
  /** Takes finished files on; without it they stay in our store. */
  readonly deliveries?: { planTranscript(trx: Catalog, finished: FinishedTranscript): Promise<void>; wake(): void };
  /** Something has happened that others are told of. */
  readonly told: () => void;
  readonly backoff?: Backoff;
  readonly now?: () => Date;
  readonly random?: () => number;
  readonly log: Logger;
}

interface Running {
  readonly recordingId: RecordingId;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** The same for the same content, so that a second attempt finds it again. */
const fileIdOf = ({ id, version }: TranscriptionRow, kind: TranscriptFileKind): FileId =>
  createHash('sha256').update(`${id}/${version}/${kind}`).digest('hex').slice(0, 24) as FileId;

const factsOf = (summary: Summary): SummaryFacts => {
  const { method, engine, prompt, promptApplied, notes, title, usage } = summary;
  return { method, engine, prompt, promptApplied, notes, title, usage };
};

export class TranscriptFinishing {
  readonly #options: TranscriptFinishingOptions;
  readonly #now: () => Date;
  readonly #running = new Map<string, Running>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TranscriptFinishingOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  /** Does what is due, soon. What fails is logged, and done when it is asked for again. */
  wake(): void {
    this.runDue().catch((error: unknown) =>
      this.#options.log.error({ err: error }, 'Transcripts are not finished: it is tried again.'),
    );
  }

  /** Begins what is due. */
  async runDue(): Promise<void> {
    if (this.#closed) return;
    const now = this.#now();
    const rows = await transcriptionsIn(this.#options.catalog, ['summarizing']);
    for (const row of rows) {
      if (this.#closed || this.#running.size >= MOST_AT_ONCE) break;
      if (this.#running.has(row.id) || (row.due_at !== null && row.due_at > now)) continue;
      this.#begin(row);
    }
    const next = Math.min(...rows.flatMap(({ due_at }) => (due_at && due_at > now ? [due_at.getTime()] : [])));
    clearTimeout(this.#timer);
    if (Number.isFinite(next)) {
      this.#timer = setTimeout(() => this.wake(), next - now.getTime() + 1);
      this.#timer.unref();
    }
  }

  /** Resolves when nothing is being made. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** Stops what is being made of a recording. */
  async cancel(recordingId: RecordingId): Promise<void> {
    const running = [...this.#running.values()].filter((one) => one.recordingId === recordingId);
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  /** Of all transcriptions of a recording. Their rows are somebody else's. */
  eraseFiles(recordingId: RecordingId): Promise<void> {
    return rm(join(this.#options.recordingsDir, recordingId, FOLDER), { recursive: true, force: true });
  }

  /** Stops what is being made; it goes on at the next start. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { abort } of this.#running.values()) abort.abort();
    await this.settled();
  }

  #begin(row: TranscriptionOfRecording): void {
    const { log, told } = this.#options;
    const abort = new AbortController();
    const about = { transcriptionId: row.id, recordingId: row.recording_id };
    const ended = this.#finish(row, abort.signal)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) log.error({ ...about, err: error }, 'A transcript was not finished.');
      })
      .finally(() => {
        this.#running.delete(row.id);
        told();
        // Whoever waited for a place.
        if (!this.#closed && this.#running.size === MOST_AT_ONCE - 1) this.wake();
      });
    this.#running.set(row.id, { recordingId: row.recording_id, abort, ended });
  }

  async #finish(row: TranscriptionOfRecording, signal: AbortSignal): Promise<void> {
    const transcript = await readTranscript(this.#options.catalog, row);
    if (row.files_version !== row.version && !(await this.#writeTranscript(row, transcript, signal))) return;
    const { summary_request: request } = row;
    if (!request) return this.#complete(row, null, null, signal);
    let outcome: SummaryOutcome;
    try {
      outcome = await this.#options.summarize({ transcript, prompt: request.prompt, signal });
    } catch (error) {
      signal.throwIfAborted();
      this.#options.log.error({ err: error, transcriptionId: row.id }, 'A summary failed by a bug.');
      this.#options.metrics.summaryFailed();
      if (await this.#putOff(row, NOT_MADE, null)) return;
      return this.#complete(row, null, NOT_MADE, signal);
    }
    signal.throwIfAborted();
    if (outcome.kind === 'done') return this.#complete(row, outcome, null, signal);
    if (outcome.kind === 'cancelled') return;
    const { reason, detail, retryable, retryAfterMs, digest } = outcome;
    this.#options.log.warn({ transcriptionId: row.id, reason, detail, retryable }, 'A summary failed.');
    this.#options.metrics.summaryFailed();
    if (retryable && (await this.#putOff(row, reason, retryAfterMs))) return;
    await this.#complete(row, digest, reason, signal);
  }

  /** False: it was tried for often enough. */
  async #putOff(row: TranscriptionRow, error: string, retryAfterMs: number | null): Promise<boolean> {
    const { catalog, backoff = BACKOFF, random = Math.random } = this.#options;
    const failures = row.summary_attempts + 1;
    if (failures >= TRIES) return false;
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(retryAfterMs ?? 0, backoffMs(backoff, failures, random())));
    const dueAt = new Date(this.#now().getTime() + waitMs);
    await putOffSummary(catalog, row, { error, dueAt });
    if (!this.#closed) this.#wakeAt(dueAt);
    return true;
  }

  #wakeAt(at: Date): void {
    setTimeout(() => this.wake(), at.getTime() - this.#now().getTime() + 1).unref();
  }

  /** False: it was withdrawn meanwhile. */
  async #writeTranscript(row: TranscriptionOfRecording, transcript: Transcript, signal: AbortSignal): Promise<boolean> {
    const { catalog, write, deliveries } = this.#options;
    const texts = await write(transcript, signal);
    const written = TRANSCRIPT_FORMATS.map((format) => ({
      kind: `transcript.${format}` as const,
      text: texts[format],
    }));
    const stored = await this.#store(row, written, signal);
    const kept = await transaction(catalog, async (trx) => {
      if (!(await noteFilesMade(trx, row, row.version))) return false;
      await this.#record(trx, row, stored);
      return true;
    });
    if (kept) deliveries?.wake();
    return kept;
  }

  async #complete(
    row: TranscriptionOfRecording,
    summary: WrittenSummary | null,
    error: string | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { catalog, deliveries, metrics, log } = this.#options;
    const written = summary
      ? [
          { kind: 'summary.txt' as const, text: summary.text },
          { kind: 'summary.json' as const, text: `${JSON.stringify(summary.summary, null, 1)}\n` },
        ]
      : [];
    const stored = await this.#store(row, written, signal);
    const done = await transaction(catalog, async (trx) => {
      const facts = summary && factsOf(summary.summary);
      const completed = await completeTranscription(trx, row, { facts, error });
      if (completed) await this.#record(trx, row, stored);
      return completed;
    });
    if (!done) return;
    metrics.ended('completed');
    if (summary) metrics.summarized(summary.summary);
    deliveries?.wake();
    log.info({ transcriptionId: row.id, recordingId: row.recording_id }, 'A transcript is done.');
  }

  /** Written aside, synced and renamed: a file is there whole, or not at all. */
  async #store(
    row: TranscriptionRow,
    written: readonly { readonly kind: TranscriptFileKind; readonly text: string }[],
    signal: AbortSignal,
  ): Promise<readonly StoredText[]> {
    const folder = join(this.#options.recordingsDir, row.recording_id, FOLDER, row.id, String(row.version));
    const stored: StoredText[] = [];
    for (const { kind, text } of written) {
      signal.throwIfAborted();
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${row.recording_id}-${kind}`);
      const content = Buffer.from(text.toWellFormed());
      const aside = `${path}.${randomBytes(4).toString('hex')}`;
      const handle = await open(aside, 'wx', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(aside, path);
      stored.push({ kind, path, bytes: content.length });
    }
    return stored;
  }

  async #record(trx: Catalog, row: TranscriptionOfRecording, stored: readonly StoredText[]): Promise<void> {
    const files: FileRow[] = [];
    for (const { kind, path, bytes } of stored) {
      const file = await insertFile(trx, {
        id: fileIdOf(row, kind),
        recordingId: row.recording_id,
        compositionId: null,
        transcript: { id: row.id, kind },
        type: 'text',
        path: relative(this.#options.dataDir, path),
        bytes,
        durationSeconds: row.duration_seconds ?? 0,
        width: null,
        height: null,
        format: extensionOf(path).slice(1),
        videoBytes: 0,
      });
      files.push(file);
    }
    if (files.length === 0) return;
    const finished = { recordingId: row.recording_id, transcriptionId: row.is_own ? null : row.id, files };
    await this.#options.deliveries?.planTranscript(trx, finished);
  }
}

interface StoredText {
  readonly kind: TranscriptFileKind;
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}
