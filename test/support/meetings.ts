/**
 * Meetings in test/fixtures/meetings as transcripts: who says what, a line each; times follow from how much is said, at the pace of people
 * who talk to each other. Long turns become several utterances, as they do where a speaker breathes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Speaker, Transcript, Utterance } from '../../src/domain/transcript.ts';

const FOLDER = new URL('../fixtures/meetings/', import.meta.url);

export const MEETINGS = readdirSync(FOLDER).map((file) => file.replace(/\.txt$/, ''));

/** 110 words, or 240 characters of scripts without spaces, a minute; a breath between turns. */
const SECONDS_PER_WORD = 60 / 110;
const SECONDS_PER_SIGN = 60 / 240;
const BREATH_SECONDS = 2.5;
/** An engine that hears pauses cuts a turn about so often. */
const WORDS_OF_AN_UTTERANCE = 18;

const IDEOGRAPH = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu;

const secondsOf = (text: string): number => {
  const signs = text.match(IDEOGRAPH)?.length ?? 0;
  const words = text
    .replaceAll(IDEOGRAPH, ' ')
    .split(/\s+/)
    .filter((word) => /\p{L}|\p{N}/u.test(word)).length;
  return Math.round((signs * SECONDS_PER_SIGN + words * SECONDS_PER_WORD + 0.3) * 100) / 100;
};

const breaths = (text: string): string[] => {
  const parts: string[] = [];
  for (const sentence of text.split(/(?<=[.?!؟])\s+|(?<=[。？！])/u)) {
    const last = parts.at(-1);
    if (last !== undefined && last.split(' ').length < WORDS_OF_AN_UTTERANCE)
      parts[parts.length - 1] = `${last} ${sentence}`;
    else parts.push(sentence);
  }
  return parts;
};

const speakerOf = (name: string): Speaker => {
  const [, who = name, screen] = /^(.+?)( \(screen\))?$/u.exec(name) ?? [];
  const participantId = who.toLowerCase().replaceAll(/[^\p{L}]/gu, '');
  return screen
    ? { id: `${participantId}:screen`, participantId, kind: 'screen', name: `${who} (screen)` }
    : { id: participantId, participantId, kind: 'microphone', name: who };
};

const round = (seconds: number): number => Math.round(seconds * 100) / 100;

export const readMeeting = (name: string): Transcript => {
  const speakers = new Map<string, Speaker>();
  const utterances: Utterance[] = [];
  let language: string | null = null;
  let [clock, before] = [0, ''];
  for (const line of readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8').split('\n')) {
    const [, setting, value = ''] = /^@ (\w+) (.+)$/.exec(line) ?? [];
    if (setting === 'language') language = value;
    if (setting === 'pause') clock += Number(value);
    const [, who, said] = /^([^#@:][^:]*): (.+)$/u.exec(line) ?? [];
    if (who === undefined || said === undefined) continue;
    const speaker = speakers.get(who) ?? speakerOf(who);
    speakers.set(who, speaker);
    for (const text of breaths(said)) {
      const start = round(clock + (before === who ? 0.7 : BREATH_SECONDS));
      const end = round(start + secondsOf(text));
      utterances.push({ start, end, speakerId: speaker.id, text, language, words: null });
      [clock, before] = [end, who];
    }
  }
  return {
    language,
    durationSeconds: round(clock + 2),
    speakers: [...speakers.values()],
    utterances,
    engine: 'fixture',
  };
};
