/** What comes from engines, before anybody believes it. */
import { describe, expect, it } from 'vitest';
import { wordsOf } from '../../../src/transcription/embedded-engine.ts';
import { judgeAnswer, NonsenseError } from '../../../src/transcription/endpoint-answer.ts';
import { languageProblem, SPEECH_RATE } from '../../../src/transcription/engine.ts';
import { languageNamed, languagesOf, whisperCode } from '../../../src/transcription/language-names.ts';
import { pcmOf, samplesOf, wavOf } from '../../../src/transcription/pcm.ts';

const judged = (answer: unknown, seconds = 2) => judgeAnswer(JSON.stringify(answer), seconds * SPEECH_RATE, null);

describe('an answer of an endpoint', () => {
  it('may be text alone', () => {
    expect(judged({ text: ' Hi. ' })).toEqual({ text: 'Hi.', language: null, words: null });
    expect(judged({ text: '', words: [], segments: null, language: null })).toEqual({
      text: '',
      language: null,
      words: null,
    });
  });

  it('keeps text of every script, and words that reach a little beyond the sound within it', () => {
    const words = [
      { word: ' שלום', start: 0, end: 1.2 },
      { word: '你好', start: 1.2, end: 2.9 },
    ];
    expect(judged({ text: 'שלום 你好', language: 'hebrew', words })).toEqual({
      text: 'שלום 你好',
      language: 'he',
      words: [
        { word: 'שלום', start: 0, end: 1.2 },
        { word: '你好', start: 1.2, end: 2 },
      ],
    });
  });

  it.each([
    ['no JSON', '<html>', /no JSON \("<html>"\)/],
    ['nothing', '', /no JSON \(""\)/],
    ['no object', '[]', /no transcript/],
    ['no text', '{"language":"en"}', /no transcript \(text: /],
    ['a time that is no number', '{"text":"a","words":[{"word":"a","start":"x","end":1}]}', /words\.0\.start/],
    ['a time before the sound', '{"text":"a","words":[{"word":"a","start":-1,"end":1}]}', /words\.0\.start/],
    ['a time behind it', '{"text":"a","segments":[{"text":"a","start":0,"end":30}]}', /from 0 to 30 s in 2\.0 s/],
    [
      'few letters in endless words',
      JSON.stringify({ text: 'a', words: Array(200).fill({ word: 'aa', start: 0, end: 1 }) }),
      /600 characters for 2\.0 s/,
    ],
    ['too much', JSON.stringify({ text: 'a'.repeat(1_000) }), /1000 characters for 2\.0 s/],
  ])('is refused when it is %s', (_, body, words) => {
    const judge = () => judgeAnswer(body, 2 * SPEECH_RATE, null);
    expect(judge).toThrow(NonsenseError);
    expect(judge).toThrow(words);
  });
});

describe('languages', () => {
  it.each([
    ['english', 'en'],
    ['German', 'de'],
    ['haitian creole', 'ht'],
    ['maori', 'mi'],
    ['chinese', 'zh'],
    ['cantonese', 'yue'],
    ['he', 'he'],
    ['pt-BR', 'pt-BR'],
    ['klingon', null],
    ['x-y', null],
    ['', null],
  ])('"%s" is %s', (name, code) => {
    expect(languageNamed(name)).toBe(code);
  });

  it('are refused where an engine does not know them, and nowhere else', () => {
    expect(languageProblem('e', ['en'], 'en-GB')).toBeNull();
    expect(languageProblem('e', ['en'], null)).toBeNull();
    expect(languageProblem('e', null, 'de')).toBeNull();
    const whisper = languagesOf({ kind: 'whisper', languages: null });
    expect(languageProblem('e', whisper, 'nb-NO')).toBeNull();
    expect(languageProblem('e', whisper, 'tlh')).toMatch(/understands \d+ languages, and "tlh"/);
    expect(['nb', 'jv', 'de'].map(whisperCode)).toEqual(['no', 'jw', 'de']);
    expect(languagesOf({ kind: 'transducer', languages: null })).toBeNull();
    expect(languageProblem('e', ['en', 'fr'], 'de')).toMatch(/understands en, fr only, and "de" was asked for/);
  });
});

describe('tokens with times', () => {
  it('are put together to words', () => {
    const tokens = ['▁Good', '▁mor', 'ning', ',', ' all', '.'];
    expect(wordsOf(tokens, [0.1, 0.5, 0.7, 0.9, 1.2, 1.4], 2)).toEqual([
      { start: 0.1, end: 0.5, word: 'Good' },
      { start: 0.5, end: 1.2, word: 'morning,' },
      { start: 1.2, end: 2, word: 'all.' },
    ]);
  });

  it('are a word each where a script has no spaces', () => {
    expect(wordsOf(['你', '好', '吗'], [0, 0.4, 0.8], 1)?.map(({ word }) => word)).toEqual(['你', '好', '吗']);
  });

  it('tell nothing when a time is missing', () => {
    expect(wordsOf(['▁Good'], [], 1)).toBeNull();
    expect(wordsOf([], [], 1)).toBeNull();
  });
});

describe('samples', () => {
  it('travel as they are, clipped at full scale', () => {
    const speech = Float32Array.of(0, 0.5, -0.5, 1, -1, 3);
    const back = samplesOf(pcmOf(speech));
    expect(back.length).toBe(6);
    for (const [i, sample] of [0, 0.5, -0.5, 1, -1, 1].entries()) expect(back[i]).toBeCloseTo(sample, 3);
  });

  it('make a WAV file of 16 kHz, mono, 16 bits', () => {
    const wav = wavOf(Float32Array.of(0, 1));
    expect(wav.length).toBe(48);
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    expect(wav.readUInt32LE(4)).toBe(40);
    expect([wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)]).toEqual([
      1, 1, 16_000, 16,
    ]);
    expect(wav.readInt16LE(46)).toBe(32_767);
  });
});
