/**
 * What somebody asked for or took on, and what was decided, found by phrases (cues.ts). A request is answered by who takes it on: then
 * that speaker owns it, and both places are named.
 */
import type { Transcript } from '../../../domain/transcript.ts';
import { nameOf } from '../moments.ts';
import { type Cues, cuesFor } from './cues.ts';
import type { DateFinder } from './spoken-dates.ts';
import type { Sentence } from './terms.ts';

export interface FoundAction {
  readonly sentence: Sentence;
  /** Every sentence it rests on: the request, and who takes it on. */
  readonly places: readonly Sentence[];
  readonly ownerId: string | null;
  readonly due: string | null;
}

/** Who answers a request does it with one of the next sentences, and soon. */
const ANSWER_SENTENCES = 4;
const ANSWER_SECONDS = 20;
/** What says less than this says nothing without what was said before it. */
const FEWEST_TERMS = 2;
const ADDENDUM_WORDS = 12;
/** A sentence of so few words that says that something is decided often leaves what it is to the next. */
const FEW_WORDS = 8;

/** Whom a sentence calls by name, at its beginning or end: "Daniel, could you …", "…, Aiko?" */
const addressed = (transcript: Transcript, { text, speakerId }: Sentence): string | null => {
  const others = transcript.speakers.filter(({ id, kind }) => kind === 'microphone' && id !== speakerId);
  const called = others.filter(({ name }) => {
    const names = [name, ...name.split(/\s+/)].filter((one) => [...one].length > 1);
    return names.some((one) => text.toLowerCase().includes(one.toLowerCase()) && isCall(text, one));
  });
  const [only, second] = called;
  return only && !second ? only.id : null;
};

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const isCall = (text: string, name: string): boolean => {
  const one = escaped(name);
  return new RegExp(
    `(?:^|[,،、，]\\s?|\\b(?:and|so|okay|then|herr|frau|يا)\\s)${one}(?:さん|老师|先生|女士)?\\s?[,،、，:]|[,،、，]\\s?(?:herr |frau )?${one}\\s?[.?!؟？。]|يا ${one}`,
    'iu',
  ).test(text);
};

const matches = (
  cues: readonly Cues[],
  kind: 'promise' | 'request' | 'acceptance' | 'decision',
  text: string,
): boolean => cues.some((one) => one[kind].test(text));

const isSmallChange = (cues: readonly Cues[], text: string): boolean =>
  cues.some((one) => one.smallChange?.test(text) ?? false);
const isEcho = (cues: readonly Cues[], text: string): boolean => cues.some((one) => one.echo?.test(text) ?? false);

/**
 * Who takes a request on, if one of the next says so: whoever was called by name; else only who speaks next, since whoever speaks after that
 * may well answer something else.
 */
const takerOf = (
  sentences: readonly Sentence[],
  at: number,
  asked: Sentence,
  to: string | null,
  cues: readonly Cues[],
): Sentence | null => {
  const near = sentences
    .slice(at + 1, at + 1 + ANSWER_SENTENCES)
    .filter(({ speakerId, start }) => speakerId !== asked.speakerId && start - asked.end <= ANSWER_SECONDS);
  const who = to ?? near[0]?.speakerId;
  const turn = near.filter(({ speakerId }) => speakerId === who);
  const takes = ({ text }: Sentence): boolean =>
    !isSmallChange(cues, text) && (matches(cues, 'acceptance', text) || matches(cues, 'promise', text));
  return turn.find(takes) ?? null;
};

/** By when: named in the sentence, or right behind it in a short one of the same speaker ("By the end of this week."). */
const dueOf = (sentences: readonly Sentence[], at: number, dates: DateFinder): string | null => {
  const [here, next] = [sentences[at], sentences[at + 1]];
  const named = here && dates.find(here.text);
  if (named || !next || next.speakerId !== here?.speakerId || next.words > ADDENDUM_WORDS) return named ?? null;
  return dates.find(next.text);
};

/** Actions in order of time. */
export const actionsIn = (transcript: Transcript, sentences: readonly Sentence[], dates: DateFinder): FoundAction[] => {
  const cues = cuesFor(transcript.language);
  const answered = new Set<Sentence>();
  const found: FoundAction[] = [];
  sentences.forEach((sentence, at) => {
    const { text } = sentence;
    if (answered.has(sentence) || isSmallChange(cues, text) || matches(cues, 'decision', text)) return;
    if (matches(cues, 'request', text)) {
      if (sentence.terms.length < FEWEST_TERMS) return;
      const to = addressed(transcript, sentence);
      const taker = takerOf(sentences, at, sentence, to, cues);
      if (taker) answered.add(taker);
      found.push({
        sentence,
        places: taker ? [sentence, taker] : [sentence],
        ownerId: taker?.speakerId ?? to,
        due: dueOf(sentences, at, dates) ?? (taker && dueOf(sentences, sentences.indexOf(taker, at), dates)),
      });
    } else if (matches(cues, 'promise', text) && (sentence.terms.length >= FEWEST_TERMS || isEcho(cues, text))) {
      // "I'll do that" alone: what is meant was said just before, by somebody else.
      const before = isEcho(cues, text) ? previousOf(sentences, at) : null;
      if (isEcho(cues, text) && !before && sentence.terms.length < FEWEST_TERMS) return;
      found.push({
        sentence: before ?? sentence,
        places: before ? [before, sentence] : [sentence],
        ownerId: sentence.speakerId,
        due: dueOf(sentences, at, dates) ?? (before && dates.find(before.text)),
      });
    }
  });
  return found;
};

const previousOf = (sentences: readonly Sentence[], at: number): Sentence | null => {
  const here = sentences[at];
  const before = sentences.slice(Math.max(0, at - ANSWER_SENTENCES), at).reverse();
  return before.find(({ speakerId, terms }) => speakerId !== here?.speakerId && terms.length >= FEWEST_TERMS) ?? null;
};

/** Decisions in order of time, each with the sentences that say it. "Then it's decided" alone is followed by what was decided, or is none. */
export const decisionsIn = (transcript: Transcript, sentences: readonly Sentence[]): Sentence[][] => {
  const cues = cuesFor(transcript.language);
  return sentences.flatMap((sentence, at) => {
    if (!matches(cues, 'decision', sentence.text) || isQuestion(sentence.text)) return [];
    const next = sentences[at + 1];
    const goesOn =
      next?.speakerId === sentence.speakerId && next.terms.length >= FEWEST_TERMS && !isQuestion(next.text);
    const isShort = sentence.words <= FEW_WORDS || sentence.terms.length < FEWEST_TERMS;
    if (isShort && next && goesOn) return [[sentence, next]];
    return sentence.terms.length >= FEWEST_TERMS || sentence.words > FEW_WORDS ? [[sentence]] : [];
  });
};

const isQuestion = (text: string): boolean => /[?？؟]\s*$/u.test(text);

/** The exact name of who owns it. */
export const ownerName = (transcript: Transcript, ownerId: string | null): string | null =>
  ownerId === null ? null : nameOf(transcript, ownerId);
