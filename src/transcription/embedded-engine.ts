/**
 * The engine that runs in our own transcriber process: sherpa-onnx with a model from the model folder. No network, no key. Files of a model
 * that it can't make sense of end the process (the library exits), which costs one attempt.
 */

import { join } from 'node:path';
import sherpa, { type OfflineRecognizer, type OfflineRecognizerConfig } from 'sherpa-onnx-node';
import { z } from 'zod';
import type { SpokenWord } from '../domain/transcript.ts';
import {
  EngineError,
  type Heard,
  languageProblem,
  primaryLanguage,
  SPEECH_RATE,
  type TranscriptionEngine,
} from './engine.ts';
import { languagesOf, whisperCode } from './language-names.ts';
import type { ModelFiles } from './task.ts';

/** One core a process: two are half again as fast and cost a third more, which the rest of the machine would feel. */
const THREADS = 1;

/**
 * How much of a stretch's beginning is left out for each try, until something is understood. Greedy decoders end before the first word at rare
 * alignments of the sound with their frames: Moonshine tiny tells nothing of "I will do that." at one in five of 200 beginnings, 1 ms apart,
 * and all of it at each of those when it gets it 60 ms later (louder or softer, or with silence around it: at half of them). What lies there
 * is lead-in. What is no speech costs three tries and stays unheard.
 */
const LEFT_OUT_S = [0, 0.06, 0.1];

/** What the library's JSON holds of what we use. */
const result = z.object({
  text: z.string(),
  /** `<|en|>`, from models that find it out. */
  lang: z.string().optional(),
  tokens: z.array(z.string()).optional(),
  /** Seconds at which each token begins; empty from models that don't know. */
  timestamps: z.array(z.number()).optional(),
});

type ModelConfig = OfflineRecognizerConfig['modelConfig'];

/**
 * Loads the model. Rejects with `EngineError` where it doesn't know the language.
 * @param language BCP-47, of everything that it will hear; null: whatever is spoken.
 */
export const openEmbeddedEngine = async (model: ModelFiles, language: string | null): Promise<TranscriptionEngine> => {
  const name = `sherpa-onnx/${model.name}`;
  const problem = languageProblem(name, languagesOf(model), language);
  if (problem) throw new EngineError('refused', problem);
  let recognizer: OfflineRecognizer | null = await sherpa.OfflineRecognizer.createAsync({
    featConfig: { sampleRate: SPEECH_RATE, featureDim: 80 },
    modelConfig: configOf(model, language === null ? null : primaryLanguage(language)),
  });
  const only = model.languages?.length === 1 ? (model.languages[0] ?? null) : null;
  return {
    name,
    concurrency: 1,
    async transcribe(speech, { language: asked, signal }) {
      let heard: Heard = { text: '', language: asked ?? language ?? only, words: null };
      for (const leftOut of LEFT_OUT_S) {
        signal?.throwIfAborted();
        if (!recognizer) throw new Error('The engine was asked after it was closed.');
        const stream = recognizer.createStream();
        const samples = speech.subarray(leftOut * SPEECH_RATE);
        stream.acceptWaveform({ samples, sampleRate: SPEECH_RATE });
        const { text, lang, tokens, timestamps } = result.parse(await recognizer.decodeAsync(stream));
        const found = /^<\|([a-z]{2,3})\|>$/.exec(lang ?? '')?.[1] ?? null;
        const times = timestamps?.map((time) => time + leftOut) ?? [];
        const words = wordsOf(tokens ?? [], times, speech.length / SPEECH_RATE);
        heard = { text: text.trim(), language: asked ?? language ?? found ?? only, words };
        if (heard.text !== '') break;
      }
      return heard;
    },
    // The library frees a recognizer with its handle.
    close: () => {
      recognizer = null;
      return Promise.resolve();
    },
  };
};

const configOf = ({ kind, folder, files, name }: ModelFiles, language: string | null): ModelConfig => {
  const path = (role: string): string => {
    const file = files[role];
    if (file === undefined)
      throw new EngineError('refused', `The model ${name} lacks its file "${role}": pull it again.`);
    return join(folder, file);
  };
  const shared = { tokens: path('tokens'), numThreads: THREADS, provider: 'cpu', debug: 0 } as const;
  switch (kind) {
    case 'moonshine':
      return { ...shared, moonshine: { encoder: path('encoder'), mergedDecoder: path('decoder') } };
    case 'whisper': {
      const whisper = {
        encoder: path('encoder'),
        decoder: path('decoder'),
        language: language === null ? '' : whisperCode(language),
      };
      return { ...shared, whisper: { ...whisper, task: 'transcribe' } };
    }
    case 'sense-voice': {
      const senseVoice = { model: path('model'), language: language ?? 'auto' };
      return { ...shared, senseVoice: { ...senseVoice, useInverseTextNormalization: 1 } };
    }
    case 'transducer': {
      const transducer = { encoder: path('encoder'), decoder: path('decoder'), joiner: path('joiner') };
      return { ...shared, modelType: 'nemo_transducer', transducer };
    }
  }
};

/** Where a word begins in the tokens of SentencePiece and of byte-pair models. */
const WORD_START = /^[▁ ]/;
/** Scripts that put no space between words: every token is one. */
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/**
 * Tokens with the times at which they begin, put together to words, which last until the next begins. Null without a time for each token.
 * @param length of the stretch, s.
 */
export const wordsOf = (
  tokens: readonly string[],
  timestamps: readonly number[],
  length: number,
): readonly SpokenWord[] | null => {
  if (tokens.length === 0 || tokens.length !== timestamps.length) return null;
  const words: { start: number; word: string }[] = [];
  for (const [i, token] of tokens.entries()) {
    const part = token.replace(WORD_START, '');
    const start = Math.min(length, Math.max(timestamps[i] ?? 0, words.at(-1)?.start ?? 0));
    const last = words.at(-1);
    if (!last || WORD_START.test(token) || UNSPACED.test(part)) words.push({ start, word: part });
    else last.word += part;
  }
  return words
    .map(({ start, word }, i) => ({ start, end: words[i + 1]?.start ?? length, word }))
    .filter(({ word }) => word !== '');
};
