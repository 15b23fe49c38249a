/** Counts what becomes of transcriptions: what waits to be heard, utterances, summaries and what they cost, failures. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Catalog } from '../catalog/catalog.ts';
import { transcriptionFigures } from '../catalog/transcription-figures.ts';
import type { Summary } from '../domain/summary.ts';

/** Of those who hear. */
export interface TranscriberFigures {
  readonly processes: number;
  readonly waiting: number;
  /** Since the start: how often one died, or lacked something. */
  readonly setbacks: { readonly died: number; readonly hindered: number };
}

export class TranscriptionMetrics {
  readonly #registry = new Registry();
  readonly #utterances = this.#counter('roomtape_utterances_total', 'Utterances that were written down.');
  readonly #ended = this.#counter(
    'roomtape_transcriptions_ended_total',
    'Transcriptions that ended, by what became of them.',
    'outcome',
  );
  readonly #summaries = this.#counter(
    'roomtape_summaries_total',
    'Summaries that were made, by how: by a model, or picked by rules (extractive).',
    'method',
  );
  readonly #summaryFailures = this.#counter(
    'roomtape_summary_failures_total',
    'Attempts at a summary that failed, whether they were made again or not.',
  );
  readonly #tokens = this.#counter(
    'roomtape_summary_tokens_total',
    'Tokens of the language model that summaries took, as its endpoint counts them.',
    'kind',
  );
  readonly #setbacks = this.#counter(
    'roomtape_transcriber_setbacks_total',
    'Times that a transcriber process died, or lacked something (a model, an endpoint, the database).',
    'verdict',
  );
  readonly #processes = this.#gauge('roomtape_transcriber_processes', 'Transcriber processes that run.');
  readonly #waiting = this.#gauge(
    'roomtape_transcriptions_waiting',
    'Transcriptions that are to be heard and that no process works on.',
  );
  readonly #states = this.#gauge('roomtape_transcriptions', 'Transcriptions that are not done, by state.', 'status');
  readonly #backlog = this.#gauge(
    'roomtape_transcription_backlog_seconds',
    'Seconds of recordings, pauses among them, that are to be heard still. Live ones are some 15 s behind.',
  );

  utterance(): void {
    this.#utterances.inc();
  }

  ended(outcome: 'completed' | 'failed'): void {
    this.#ended.inc({ outcome });
  }

  summarized({ method, usage }: Pick<Summary, 'method' | 'usage'>): void {
    this.#summaries.inc({ method });
    this.#tokens.inc({ kind: 'prompt' }, usage?.promptTokens ?? 0);
    this.#tokens.inc({ kind: 'completion' }, usage?.completionTokens ?? 0);
  }

  summaryFailed(): void {
    this.#summaryFailures.inc();
  }

  /** Prometheus text. Without what the database would say, where it does not answer: figures are wanted most when something is wrong. */
  async text(catalog: Catalog, { processes, waiting, setbacks }: TranscriberFigures): Promise<string> {
    this.#processes.set(processes);
    this.#waiting.set(waiting);
    this.#setbacks.reset();
    for (const [verdict, times] of Object.entries(setbacks)) this.#setbacks.inc({ verdict }, times);
    this.#states.reset();
    this.#backlog.reset();
    const figures = await transcriptionFigures(catalog).catch(() => null);
    if (figures) {
      for (const [status, count] of Object.entries(figures.unfinished)) this.#states.set({ status }, count);
      this.#backlog.set(figures.backlogSeconds);
    }
    return this.#registry.metrics();
  }

  #counter<Label extends string = never>(name: string, help: string, label?: Label): Counter<Label> {
    return new Counter({ name, help, registers: [this.#registry], labelNames: label === undefined ? [] : [label] });
  }

  #gauge<Label extends string = never>(name: string, help: string, label?: Label): Gauge<Label> {
    return new Gauge({ name, help, registers: [this.#registry], labelNames: label === undefined ? [] : [label] });
  }
}
