/**
 * Speech whose words and times are known: two speakers in dialogue (test/fixtures/speech, synthetic voices of festival and flite), as tracks
 * that can be published, and the judgement of what an engine made of them.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { OpusDecoder } from '../../src/composition/opus-decoder.ts';
import type { Utterance } from '../../src/domain/transcript.ts';
import type { EncodedTrack } from '../../src/synthetic/encoded-track.ts';
import { SPEECH_RATE } from '../../src/transcription/engine.ts';

export type Voices = 'festival' | 'flite';
export const SPEAKERS = ['alice', 'bob'] as const;
export type SpeakerName = (typeof SPEAKERS)[number];

/** What one of them says without letting the other speak. Seconds from the tracks' beginning. */
export interface Turn {
  readonly who: SpeakerName;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/speech/${name}`, import.meta.url));

export const turnsOf = async (voices: Voices): Promise<Turn[]> =>
  JSON.parse(await readFile(fixture(`${voices}-ref.json`), 'utf8')) as Turn[];

const OPUS_RATE = 48_000;
/** All packets of the fixtures are of 20 ms. */
const PACKET_SAMPLES = 960;

/** The Opus packets of an Ogg file (RFC 7845), without its two headers. */
const packetsOf = (file: Buffer): Buffer[] => {
  const packets: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const segments = file.subarray(at + 27, at + 27 + file.readUInt8(at + 26));
    at += 27 + segments.length;
    for (const length of segments) {
      parts.push(file.subarray(at, at + length));
      at += length;
      if (length === 255) continue;
      packets.push(Buffer.concat(parts));
      parts = [];
    }
  }
  return packets.slice(2);
};

/** One speaker's track: silent while the other speaks. */
export const spokenTrack = async (voices: Voices, who: SpeakerName): Promise<EncodedTrack> => {
  const packets = packetsOf(await readFile(fixture(`${voices}-track-${who}.ogg`)));
  const frames = packets.map((data, i) => ({ time: i * PACKET_SAMPLES, keyframe: true, level: 20, data }));
  const duration = packets.length * PACKET_SAMPLES;
  return { codec: 'opus', clockRate: OPUS_RATE, duration, width: 0, height: 0, frames };
};

/** Seconds [from, to) of a speaker's track as engines take it: mono, at `SPEECH_RATE`. */
export const soundOf = async (voices: Voices, who: SpeakerName, from: number, to: number): Promise<Float32Array> => {
  const { frames } = await spokenTrack(voices, who);
  const decoder = await OpusDecoder.open();
  const samples: number[] = [];
  for (const { data } of frames.slice(0, Math.ceil((to * OPUS_RATE) / PACKET_SAMPLES))) {
    const { left } = decoder.decode(data) ?? { left: new Float32Array(PACKET_SAMPLES) };
    for (let i = 0; i < left.length; i += OPUS_RATE / SPEECH_RATE) samples.push(left[i] ?? 0);
  }
  decoder.close();
  return Float32Array.from(samples).subarray(Math.round(from * SPEECH_RATE), Math.round(to * SPEECH_RATE));
};

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

const inWords = (number: number): string => {
  if (number < 20) return SMALL[number] ?? '';
  const ten = TENS[Math.floor(number / 10) - 2];
  if (ten === undefined) return String(number);
  return number % 10 === 0 ? ten : `${ten} ${SMALL[number % 10]}`;
};

/** Words as they are compared: small letters, numbers written out, no punctuation. */
export const wordsIn = (text: string): string[] =>
  text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/\b(\d+)th\b/g, (_, digits: string) => `${inWords(Number(digits))}th`)
    .replace(/\b\d+\b/g, (digits) => inWords(Number(digits)))
    .replace(/\blet's\b/g, 'let us')
    .replace(/[^a-z0-9' ]+/g, ' ')
    .split(' ')
    .filter((word) => word !== '');

/** Words that are wrong, missing or too many (Levenshtein distance), of how many. */
export const wordErrors = (reference: string, heard: string): { readonly errors: number; readonly words: number } => {
  const [expected, found] = [wordsIn(reference), wordsIn(heard)];
  let before = found.map((_, i) => i + 1);
  before.unshift(0);
  for (const [i, word] of expected.entries()) {
    const row = [i + 1];
    for (const [j, other] of found.entries()) {
      const replaced = (before[j] ?? 0) + (word === other ? 0 : 1);
      row.push(Math.min((before[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1, replaced));
    }
    before = row;
  }
  return { errors: before.at(-1) ?? 0, words: expected.length };
};

export interface Judgement {
  /** Of both speakers together, 0–1. */
  readonly wordErrorRate: number;
  /** Utterances that lie in no turn of their speaker: given to the wrong one, or made up. */
  readonly misplaced: readonly Utterance[];
  /** Turns of which nothing was heard. */
  readonly missed: readonly Turn[];
  /** Seconds by which the first utterance of each turn begins late; negative: early. */
  readonly startsLate: readonly number[];
}

/** A speaker takes breath, a detector hangs over: utterances may reach so far out of their turn. */
const SLACK_S = 0.6;

/**
 * @param utterances whose `speakerId` is the speaker's name.
 * @param offset seconds from the recording's beginning to the tracks'.
 */
export const judge = (turns: readonly Turn[], utterances: readonly Utterance[], offset: number): Judgement => {
  let errors = 0;
  let words = 0;
  for (const who of SPEAKERS) {
    const said = turns.filter((turn) => turn.who === who).map(({ text }) => text);
    const heard = utterances.filter(({ speakerId }) => speakerId === who).map(({ text }) => text);
    const counted = wordErrors(said.join(' '), heard.join(' '));
    errors += counted.errors;
    words += counted.words;
  }
  const isIn = ({ start, end, speakerId }: Utterance, turn: Turn): boolean =>
    speakerId === turn.who && start >= turn.start + offset - SLACK_S && end <= turn.end + offset + SLACK_S;
  const firsts = turns.map((turn) => utterances.find((utterance) => isIn(utterance, turn)));
  return {
    wordErrorRate: errors / words,
    misplaced: utterances.filter((utterance) => !turns.some((turn) => isIn(utterance, turn))),
    missed: turns.filter((_, i) => firsts[i] === undefined),
    startsLate: turns.flatMap((turn, i) => {
      const first = firsts[i];
      return first ? [first.start - (turn.start + offset)] : [];
    }),
  };
};
