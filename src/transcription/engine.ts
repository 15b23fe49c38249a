/**
 * The port to whatever turns speech into text. Two adapters: `embedded-engine.ts` in the transcriber process, `http-engine.ts` in the
 * server process (a key and the network never come near hostile media). One contract suite runs on both.
 *
 * An engine is opened by its adapter's function and closed by whoever opened it. It is asked for one stretch of speech at a time, of one
 * speaker, as voice activity cut it; times that it tells count from the stretch's first sample.
 */
import type { SpokenWord } from '../domain/transcript.ts';

/** What engines take: mono floats, full scale ±1, at this rate. */
export const SPEECH_RATE = 16_000;

/** What was heard in a stretch of speech. */
export interface Heard {
  /** Trimmed; empty where nothing was said. */
  readonly text: string;
  /** BCP-47; null where the engine doesn't say. */
  readonly language: string | null;
  /** Seconds from the stretch's first sample, in order, within the stretch; null from engines that don't know. */
  readonly words: readonly SpokenWord[] | null;
}

export interface HearOptions {
  /** BCP-47. Null: whatever is spoken. One that the engine doesn't understand was refused when the transcription was asked for. */
  readonly language: string | null;
  readonly signal?: AbortSignal;
}

export interface TranscriptionEngine {
  /** Who it is, e.g. `sherpa-onnx/moonshine-tiny-en`. */
  readonly name: string;
  /** Stretches that it is given at once; more would only wait. */
  readonly concurrency: number;
  /** Rejects with `EngineError`, or as the signal says. */
  transcribe(speech: Float32Array, options: HearOptions): Promise<Heard>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * An engine could not do it.
 * - `refused`: nor will it, until somebody changes a setting (a wrong key, a model that is not there, a language that it doesn't know).
 * - `absent`: it may later (it doesn't answer, or has too much to do).
 */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: 'refused' | 'absent';

  /** @param message a sentence that says what to do; it is shown to callers. */
  constructor(code: 'refused' | 'absent', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The language alone of a BCP-47 tag, in small letters: `en` of `en-GB`. */
export const primaryLanguage = (tag: string): string => (tag.split('-')[0] ?? '').toLowerCase();

/** More of them help nobody. */
const MOST_NAMED = 30;

/**
 * Null where an engine understands this language; else a sentence.
 * @param languages primary languages that it understands; null: whatever it is given, as far as anybody knows.
 */
export const languageProblem = (
  engine: string,
  languages: readonly string[] | null,
  language: string | null,
): string | null => {
  if (language === null || languages === null || languages.includes(primaryLanguage(language))) return null;
  const which = languages.length > MOST_NAMED ? `${languages.length} languages` : `${languages.join(', ')} only`;
  return (
    `The engine ${engine} understands ${which}, and "${language}" was asked for: leave the language out, or choose a ` +
    'model that knows it (roomtape models list; ROOMTAPE_SPEECH_MODEL), or an endpoint (ROOMTAPE_TRANSCRIBE_URL).'
  );
};
