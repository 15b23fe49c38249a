/**
 * A summary by a language model. A meeting that fits the model's window is one question. A longer one is cut into parts; notes of each are
 * joined until one summary is left (map and reduce). At every step only what names rows that were shown is kept, so that whatever comes out
 * at the end can be traced to utterances.
 */
import type { ActionItem, Claim, Summary } from '../../../domain/summary.ts';
import type { Transcript } from '../../../domain/transcript.ts';
import { spokenDates } from '../extractive/digest.ts';
import type { Conversation, LanguageModel } from '../language-model.ts';
import { linkTo, momentsOf, nameOf } from '../moments.ts';
import type { Spoken } from '../plain-text.ts';
import { talkTimes } from '../talk-time.ts';
import { askChecked } from './ask.ts';
import { type Draft, type DraftAction, type DraftClaim, type Grounded, rowsNamed } from './draft.ts';
import {
  type Asked,
  joinQuestion,
  partQuestion,
  questionTokens,
  STANDARD_PROMPT,
  wholeQuestion,
  writeDraft,
} from './questions.ts';
import { partsOf, type Row, rowNumber, rowsOf, speakerLabels } from './rows.ts';
import { estimateTokens } from './tokens.ts';

export type ModelOutcome =
  | { readonly kind: 'done'; readonly summary: Summary }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly detail: string;
      readonly retryable: boolean;
      readonly retryAfterMs: number | null;
    };

/** An answer of this length is three pages; small windows give a quarter to it. */
const MOST_ANSWER_TOKENS = 4096;
const ANSWER_PART = 1 / 4;
/** With less room for what was said a question makes no sense. */
const LEAST_ROOM_TOKENS = 400;
/** An endpoint that says its window is smaller than its setting is believed so often, each time by half. */
const MOST_HALVINGS = 4;
/** What a meeting of a day takes in the smallest window. Beyond it a setting is wrong, and the bill high. */
const MOST_PARTS = 120;

class Failure extends Error {
  readonly outcome: Extract<ModelOutcome, { kind: 'failed' }>;

  constructor(outcome: Extract<ModelOutcome, { kind: 'failed' }>) {
    super(outcome.reason);
    this.outcome = outcome;
  }
}

/** The question does not fit the model's window, whatever the setting says. */
class TooLong extends Error {}

const failure = (reason: string, detail: string = reason): Failure =>
  new Failure({ kind: 'failed', reason, detail, retryable: false, retryAfterMs: null });

interface Room {
  readonly answer: number;
  /** For rows or notes. */
  readonly data: number;
}

const roomOf = (windowTokens: number, asked: Asked): Room => {
  const answer = Math.min(MOST_ANSWER_TOKENS, Math.floor(windowTokens * ANSWER_PART));
  return { answer, data: windowTokens - answer - questionTokens(asked) };
};

interface Work {
  readonly transcript: Transcript;
  readonly spoken: Spoken;
  readonly asked: Asked;
  readonly model: LanguageModel;
  readonly conversation: Conversation;
  readonly signal: AbortSignal;
}

/** How one summary came about, besides its text. */
interface Course {
  dropped: number;
  /** Notes that were put together by us, since the model could not. */
  joinedByRule: boolean;
}

const checked = async (
  work: Work,
  question: Parameters<typeof askChecked>[1],
  shown: ReadonlySet<number>,
): Promise<Grounded> => {
  const { transcript, spoken, model, conversation, signal } = work;
  const ground = { transcript, spoken, shown, holdsSecret: (text: string) => model.holdsSecret(text) };
  const outcome = await askChecked(conversation, question, ground, signal);
  if (outcome.kind === 'grounded') return outcome.grounded;
  if (outcome.kind === 'too-long') throw new TooLong();
  if (outcome.kind === 'failed') throw new Failure(outcome);
  throw failure(
    'The language model gave no answer that can be used, twice.',
    `The model's answers could not be used, twice: ${outcome.problem}`,
  );
};

const numbersOf = (rows: readonly Row[]): Set<number> => new Set(rows.map(rowNumber));

/** Notes put together as they are: sections of the same heading become one. */
export const joinByRule = (drafts: readonly Draft[]): Draft => {
  const sections = new Map<string, DraftClaim[]>();
  for (const { heading, points } of drafts.flatMap((draft) => draft.sections)) {
    sections.set(heading, [...(sections.get(heading) ?? []), ...points]);
  }
  return {
    title: drafts.map(({ title }) => title).find((title) => title !== '') ?? '',
    sections: [...sections].map(([heading, points]) => ({ heading, points })),
    chapters: drafts.flatMap(({ chapters }) => chapters),
    decisions: drafts.flatMap(({ decisions }) => decisions),
    actionItems: drafts.flatMap(({ actionItems }) => actionItems),
  };
};

/** Neighbouring drafts that fit one question together; at least two in each group but the last. */
const groupsOf = (drafts: readonly Draft[], tokens: number): Draft[][] => {
  const groups: Draft[][] = [];
  let room = 0;
  for (const draft of drafts) {
    const size = estimateTokens(writeDraft(draft)) + 2;
    const last = groups.at(-1);
    if (last && size <= room) {
      last.push(draft);
      room -= size;
    } else {
      groups.push([draft]);
      room = tokens - size;
    }
  }
  return groups;
};

const joinGroup = async (work: Work, group: readonly Draft[], room: Room, course: Course): Promise<Draft> => {
  const shown = new Set(group.flatMap((draft) => [...rowsNamed(draft)]));
  const outcome = await checked(work, joinQuestion(work.asked, group, room.answer), shown).catch((error: unknown) => {
    // The notes are good: it would be a pity to lose them to a last step that failed for what the model said.
    if (error instanceof Failure && !error.outcome.retryable && !work.signal.aborted) return null;
    throw error;
  });
  if (outcome === null) course.joinedByRule = true;
  course.dropped += outcome?.dropped ?? 0;
  return outcome?.draft ?? joinByRule(group);
};

const reduce = async (work: Work, drafts: readonly Draft[], room: Room, course: Course): Promise<Draft> => {
  let level = drafts;
  while (level.length > 1) {
    const groups = groupsOf(level, room.data);
    if (groups.length === level.length) {
      course.joinedByRule = true;
      return joinByRule(level);
    }
    const next: Draft[] = [];
    for (const group of groups) {
      const [only] = group;
      next.push(only && group.length === 1 ? only : await joinGroup(work, group, room, course));
    }
    level = next;
  }
  return level[0] ?? joinByRule([]);
};

const draftWithin = async (work: Work, rows: readonly Row[], windowTokens: number, course: Course): Promise<Draft> => {
  const { asked, model } = work;
  const room = roomOf(windowTokens, asked);
  if (room.data < LEAST_ROOM_TOKENS) {
    throw failure(
      'The prompt leaves no room for the meeting in the window of the language model: shorten it, or let the operator set a larger window (ROOMTAPE_LLM_WINDOW).',
      `Prompt and instructions take ${questionTokens(asked)} of ${windowTokens} tokens of "${model.name}".`,
    );
  }
  const parts = partsOf(rows, room.data);
  const [only] = parts;
  if (only && parts.length === 1) {
    const grounded = await checked(work, wholeQuestion(asked, only, room.answer), numbersOf(only));
    course.dropped += grounded.dropped;
    return grounded.draft;
  }
  if (parts.length > MOST_PARTS) {
    throw failure(
      'The meeting is too long for the window of the language model: let the operator set a larger one (ROOMTAPE_LLM_WINDOW).',
      `${parts.length} parts in a window of ${windowTokens} tokens; ${MOST_PARTS} are asked at most.`,
    );
  }
  const drafts: Draft[] = [];
  for (const [index, part] of parts.entries()) {
    const question = partQuestion(asked, part, { number: index + 1, of: parts.length }, room.answer);
    const grounded = await checked(work, question, numbersOf(part));
    course.dropped += grounded.dropped;
    drafts.push(grounded.draft);
  }
  return reduce(work, drafts, room, course);
};

/** Window by window, until one fits. */
const draftOf = async (work: Work, rows: readonly Row[], course: Course): Promise<Draft> => {
  let window = work.model.windowTokens;
  for (let halvings = 0; ; halvings += 1) {
    try {
      return await draftWithin(work, rows, window, course);
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      if (halvings >= MOST_HALVINGS) {
        throw failure(
          'The language model refuses the meeting as too long, even in small parts.',
          `The endpoint says that ${window} tokens don't fit "${work.model.name}": set ROOMTAPE_LLM_WINDOW to its real window.`,
        );
      }
      window = Math.floor(window / 2);
      course.dropped = 0;
    }
  }
};

const claimOf = (transcript: Transcript, { text, rows }: DraftClaim): Claim => ({
  text,
  moments: momentsOf(
    transcript,
    rows.map((row) => row - 1),
  ),
});

const actionOf = (transcript: Transcript, labels: ReadonlyMap<string, string>, item: DraftAction): ActionItem => {
  const ownerId = [...labels].find(([, label]) => label === item.owner)?.[0] ?? null;
  const owner = ownerId === null ? item.owner : nameOf(transcript, ownerId);
  return { ...claimOf(transcript, item), owner, ownerId, due: item.due };
};

const chaptersOf = ({ utterances, durationSeconds }: Transcript, draft: Draft): Summary['chapters'] => {
  const byStart = new Map<number, string>();
  for (const { title, row } of draft.chapters.toSorted((one, other) => one.row - other.row)) {
    const start = byStart.size === 0 ? 0 : (utterances[row - 1]?.start ?? 0);
    if (!byStart.has(start)) byStart.set(start, title);
  }
  const starts = [...byStart].sort(([one], [other]) => one - other);
  return starts.map(([start, title], index) => ({
    title,
    start,
    end: starts[index + 1]?.[0] ?? durationSeconds,
    link: linkTo(start),
  }));
};

const notesOf = ({ dropped, joinedByRule }: Course): string[] => {
  const notes = [
    'Written by a language model, which can be wrong. Every point names where in the recording it was said.',
  ];
  if (dropped > 0) {
    notes.push(
      dropped === 1
        ? '1 statement of the model was left out: what it rests on is not in the transcript.'
        : `${dropped} statements of the model were left out: what they rest on is not in the transcript.`,
    );
  }
  if (joinedByRule) notes.push('The parts of the meeting were summed up one by one; the model did not join them.');
  return notes;
};

/**
 * `prompt`: null for the standard one. The transcript is plain (plain-text.ts) and says something. Rejects with the signal's reason when
 * it is aborted, and for bugs.
 */
export const modelSummary = async (
  transcript: Transcript,
  options: {
    readonly prompt: string | null;
    readonly model: LanguageModel;
    readonly spoken: Spoken;
    readonly signal: AbortSignal;
  },
): Promise<ModelOutcome> => {
  const { prompt, model, spoken, signal } = options;
  const labels = speakerLabels(transcript);
  const conversation = model.open();
  const asked = { prompt: prompt ?? STANDARD_PROMPT, speakers: [...labels.values()] };
  const course: Course = { dropped: 0, joinedByRule: false };
  try {
    const draft = await draftOf({ transcript, spoken, asked, model, conversation, signal }, rowsOf(transcript), course);
    return {
      kind: 'done',
      summary: {
        version: 1,
        method: 'model',
        engine: `openai-compatible/${model.name}`,
        prompt: prompt === null ? 'standard' : 'caller',
        promptApplied: true,
        notes: notesOf(course),
        language: transcript.language,
        durationSeconds: transcript.durationSeconds,
        title: draft.title || 'Summary',
        sections: draft.sections.map(({ heading, points }) => ({
          heading,
          points: points.map((point) => claimOf(transcript, point)),
        })),
        chapters: chaptersOf(transcript, draft),
        decisions: draft.decisions.map((decision) => claimOf(transcript, decision)),
        actionItems: draft.actionItems.map((item) => actionOf(transcript, labels, item)),
        dates: spokenDates(transcript),
        participants: talkTimes(transcript),
        usage: conversation.usage,
      },
    };
  } catch (error) {
    if (error instanceof Failure) return error.outcome;
    throw error;
  }
};
