/**
 * The extractive digest: what can be said of a meeting without a language model. Sentences word for word, chosen by rules; it says of
 * itself what it is, and that no prompt was followed. A pure function of the transcript: the same transcript gives the same bytes.
 */
import type { ActionItem, Claim, SpokenDate, Summary } from '../../../domain/summary.ts';
import type { Transcript } from '../../../domain/transcript.ts';
import { linkTo, momentsOf } from '../moments.ts';
import { talkTimes } from '../talk-time.ts';
import { actionsIn, decisionsIn, type FoundAction, ownerName } from './actions.ts';
import { chaptersOf, type Stretch, weigh } from './chapters.ts';
import { hasCues } from './cues.ts';
import { titleOf, topicsOf } from './key-phrases.ts';
import { keySentences } from './key-sentences.ts';
import { DateFinder, isCalendarDay } from './spoken-dates.ts';
import { type Sentence, sentencesOf } from './terms.ts';

export const DIGEST_ENGINE = 'roomtape-digest/1';

/** One key sentence for so much of a chapter: a page for an hour. */
const SECONDS_PER_SENTENCE = 120;
const MOST_SENTENCES_OF_A_CHAPTER = 4;
const MOST_ITEMS = 50;
const MOST_IN_TITLE = 4;
/** An engine that writes no full stops gives one sentence a breath, or none for minutes. */
const LONGEST_QUOTE = 320;

const quoteOf = (texts: readonly string[]): string => {
  const text = texts.join(' ').replaceAll(/\s+/gu, ' ');
  const letters = [...text];
  return letters.length <= LONGEST_QUOTE ? text : `${letters.slice(0, LONGEST_QUOTE).join('').trimEnd()}…`;
};

const claimOf = (transcript: Transcript, shown: readonly Sentence[], places: readonly Sentence[] = shown): Claim => ({
  text: quoteOf(shown.map(({ text }) => text)),
  moments: momentsOf(
    transcript,
    places.map(({ utterance }) => utterance),
  ),
});

const actionOf = (transcript: Transcript, action: FoundAction): ActionItem => ({
  ...claimOf(transcript, [action.sentence], action.places),
  owner: ownerName(transcript, action.ownerId),
  ownerId: action.ownerId,
  due: action.due,
});

/** Why there is no model's summary, in a sentence; shown in the notes. */
export type WhyExtractive = string;

export const NOT_CONFIGURED: WhyExtractive = 'No language model is configured on this server.';

const notesOf = ({ language }: Transcript, why: WhyExtractive, isEmpty: boolean): string[] => {
  if (isEmpty) return ['Nothing was said, or nothing could be understood. There is nothing to sum up.'];
  const notes = [
    `This is an extractive digest: sentences of the transcript, word for word, picked by rules. ${why} The prompt was not applied.`,
  ];
  if (language !== null && !hasCues(language)) {
    notes.push(
      `Action items and decisions are found by phrases, which are not known for "${language}": English ones only were looked for.`,
    );
  }
  return notes;
};

interface Parts {
  readonly chapters: Summary['chapters'];
  readonly titles: readonly string[];
  readonly stretches: readonly Stretch[];
}

const partsOf = (transcript: Transcript, sentences: readonly Sentence[]): Parts => {
  const stretches = chaptersOf(sentences, transcript);
  const titles = stretches.map((stretch, index) => titleOf(sentences, stretches, stretch) || `Part ${index + 1}`);
  const starts = stretches.map(({ from }) => sentences[from]?.start ?? 0);
  const chapters = titles.map((title, index) => {
    // What comes before the first word belongs to the first chapter.
    const start = index === 0 ? 0 : (starts[index] ?? 0);
    return { title, start, end: starts[index + 1] ?? transcript.durationSeconds, link: linkTo(start) };
  });
  return { chapters, titles, stretches };
};

/** The dates of a transcript, by rules whoever sums it up: what was spoken, and where, needs no model. */
export const spokenDates = (transcript: Transcript): SpokenDate[] =>
  datesOf(transcript, sentencesOf(transcript), new DateFinder(transcript.language));

/** The digest. `prompt`: whose was asked for and is not applied. */
export const digestOf = (transcript: Transcript, prompt: Summary['prompt'], why: WhyExtractive): Summary => {
  const { language, durationSeconds } = transcript;
  const sentences = sentencesOf(transcript);
  const dates = new DateFinder(language);
  const actions = actionsIn(transcript, sentences, dates).slice(0, MOST_ITEMS);
  const decisions = decisionsIn(transcript, sentences).slice(0, MOST_ITEMS);
  const elsewhere = new Set([...actions.map(({ sentence }) => sentence), ...decisions.flat()]);
  const { chapters, titles, stretches } = partsOf(transcript, sentences);
  const weight = weigh(sentences);
  const sections = stretches.map(({ from, to }, index) => {
    const seconds = (chapters[index]?.end ?? 0) - (chapters[index]?.start ?? 0);
    const most = Math.min(MOST_SENTENCES_OF_A_CHAPTER, Math.max(1, Math.round(seconds / SECONDS_PER_SENTENCE)));
    const key = keySentences(sentences.slice(from, to), {
      most,
      language,
      weight,
      isElsewhere: (sentence) => elsewhere.has(sentence),
    });
    return { heading: titles[index] ?? '', points: key.map((sentence) => claimOf(transcript, [sentence])) };
  });
  return {
    version: 1,
    method: 'extractive',
    engine: DIGEST_ENGINE,
    prompt,
    promptApplied: false,
    notes: notesOf(transcript, why, sentences.length === 0),
    language,
    durationSeconds,
    title: wholeTitle(sentences, stretches),
    sections,
    chapters,
    decisions: decisions.map((found) => claimOf(transcript, found)),
    actionItems: actions.map((action) => actionOf(transcript, action)),
    dates: datesOf(transcript, sentences, dates),
    participants: talkTimes(transcript),
    usage: null,
  };
};

/** What each of the longest chapters is about; of a single one everything that it is called. */
const wholeTitle = (sentences: readonly Sentence[], stretches: readonly Stretch[]): string => {
  const whole = { from: 0, to: sentences.length };
  if (stretches.length < 2) return titleOf(sentences, [whole], whole) || 'Nothing was said';
  const longest = stretches
    .toSorted((one, other) => other.to - other.from - (one.to - one.from))
    .slice(0, MOST_IN_TITLE);
  return topicsOf(
    sentences,
    stretches,
    longest.toSorted((one, other) => one.from - other.from),
  );
};

/** Each date once, with the sentence in which it was said first, and every place. */
const datesOf = (transcript: Transcript, sentences: readonly Sentence[], dates: DateFinder): SpokenDate[] => {
  const found = new Map<string, { readonly spoken: string; readonly places: Sentence[] }>();
  for (const sentence of sentences) {
    const spoken = dates.find(sentence.text);
    if (spoken === null || !isCalendarDay(spoken)) continue;
    const key = spoken.toLowerCase().replace(/^(?:by|before|until|on|at|in|from|since|after) /u, '');
    const date = found.get(key) ?? { spoken, places: [] };
    date.places.push(sentence);
    found.set(key, date);
  }
  return [...found.values()]
    .slice(0, MOST_ITEMS)
    .map(({ spoken, places }) => ({ ...claimOf(transcript, places.slice(0, 1), places), spoken }));
};
