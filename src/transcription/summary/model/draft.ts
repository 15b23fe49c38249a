/**
 * What a model answers, read with patience and checked without any: `readAnswer` takes JSON in whatever wrapping models put around it;
 * `groundDraft` keeps the claims that name rows which exist, and says what is wrong with the rest. Times are never the model's: it names
 * rows, and writes none.
 */
import { z } from 'zod';
import type { Transcript } from '../../../domain/transcript.ts';
import type { Spoken } from '../plain-text.ts';
import { speakerLabels } from './rows.ts';

export interface DraftClaim {
  readonly text: string;
  /** Row numbers, ascending, each once. */
  readonly rows: readonly number[];
}
export interface DraftAction extends DraftClaim {
  /** The label of a speaker, or a name that was spoken. */
  readonly owner: string | null;
  readonly due: string | null;
}
export interface Draft {
  readonly title: string;
  readonly sections: readonly { readonly heading: string; readonly points: readonly DraftClaim[] }[];
  readonly chapters: readonly { readonly title: string; readonly row: number }[];
  readonly decisions: readonly DraftClaim[];
  readonly actionItems: readonly DraftAction[];
}

/** Bounds of what is passed on: far beyond what anybody reads, far below what hurts. */
const LONGEST_TITLE = 150;
const LONGEST_TEXT = 1500;
const MOST_SECTIONS = 30;
const MOST_POINTS = 60;
const MOST_ROWS = 12;
const LONGEST_DUE = 100;

const text = z.string().catch('');
/** Numbers, one alone, or as texts such as "12" or "#12". Null: something that is no number was named. */
const rowList = z.preprocess(
  (value) => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]),
  z.array(
    z
      .union([z.number(), z.string().transform((one) => Number(one.replace(/^[#\s]+/, '') || Number.NaN))])
      .catch(Number.NaN),
  ),
);
/** A claim without rows may come as its text alone; it will not be kept, but the rest of the answer is. */
const asObject = (value: unknown): unknown => (typeof value === 'string' ? { text: value } : value);
const claim = z.preprocess(asObject, z.object({ text: z.string(), rows: rowList }));
const optionalText = z.string().nullish().catch(null);
const item = z.preprocess(
  asObject,
  z.object({ text: z.string(), rows: rowList, owner: optionalText, due: optionalText }),
);
const listOf = <Schema extends z.ZodType>(schema: Schema, most: number) =>
  z.preprocess((value) => (Array.isArray(value) ? value.slice(0, most) : []), z.array(schema));

const answer = z.object({
  title: text,
  sections: listOf(z.object({ heading: text, points: listOf(claim, MOST_POINTS) }), MOST_SECTIONS),
  chapters: listOf(z.object({ title: text, row: rowList }), MOST_POINTS),
  decisions: listOf(claim, MOST_POINTS),
  actionItems: listOf(item, MOST_POINTS),
});
export type ModelAnswer = z.infer<typeof answer>;

export type Reading = { readonly answer: ModelAnswer } | { readonly problem: string };

/** The JSON object in a text: models think aloud before it, and put it between fences. */
const jsonIn = (said: string): string | null => {
  const spoken = said.replace(/^[\s\S]*<\/think(?:ing)?>/i, '');
  const [from, to] = [spoken.indexOf('{'), spoken.lastIndexOf('}')];
  return from < 0 || to <= from ? null : spoken.slice(from, to + 1);
};

/** The answer in a model's text. `problem`: a sentence for the model. */
export const readAnswer = (said: string, cut: boolean): Reading => {
  if (cut) return { problem: 'It was longer than there is room for, and cut. Be shorter.' };
  const json = jsonIn(said);
  if (json === null) return { problem: 'It was not a JSON object.' };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { problem: 'It was not valid JSON.' };
  }
  const judged = answer.safeParse(value);
  if (judged.success) return { answer: judged.data };
  const [issue] = judged.error.issues;
  return { problem: `It had the wrong shape at "${issue?.path.join('.') ?? ''}".` };
};

/** A time of day or of the recording. */
const CLOCK = /(?<!\p{N})\p{N}{1,3}[:：]\p{N}{2}(?:[:：]\p{N}{2})?(?!\p{N})/gu;

export interface Grounded {
  readonly draft: Draft;
  /** Claims that were kept. */
  readonly kept: number;
  /** Claims that were left out: they named rows that are not there, none at all, or times that nobody spoke. */
  readonly dropped: number;
  /** Row numbers that were named and don't exist. */
  readonly invented: readonly number[];
}

export interface Ground {
  readonly transcript: Transcript;
  readonly spoken: Spoken;
  /** Row numbers that the model was shown. */
  readonly shown: ReadonlySet<number>;
  readonly holdsSecret: (text: string) => boolean;
}

type RawClaim = { readonly text: string; readonly rows: readonly number[] };

class Grounding {
  readonly #ground: Ground;
  readonly #labels: ReadonlyMap<string, string>;
  readonly invented = new Set<number>();
  kept = 0;
  dropped = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#labels = speakerLabels(ground.transcript);
  }

  /** As text that may be passed on; empty where nothing may. */
  plain(words: string, most: number): string {
    return this.#ground.holdsSecret(words) ? '' : this.#ground.spoken.plain(words, most);
  }

  /** A title or heading: it names no rows, so that a time in it must have been spoken somewhere. */
  heading(words: string): string {
    const { utterances } = this.#ground.transcript;
    const known = (clock: string): boolean => utterances.some(({ text: said }) => said.includes(clock));
    const plain = this.plain(words, LONGEST_TITLE);
    return plain.replaceAll(CLOCK, (clock) => (known(clock) ? clock : '')).trim();
  }

  claim({ text: words, rows }: RawClaim): DraftClaim | null {
    const plain = this.plain(words, LONGEST_TEXT);
    const foreign = rows.filter((row) => !this.#ground.shown.has(row));
    for (const row of foreign) if (Number.isSafeInteger(row)) this.invented.add(row);
    if (plain === '' || rows.length === 0 || foreign.length > 0 || !this.#clocksWereSpoken(plain, rows)) {
      this.dropped += 1;
      return null;
    }
    this.kept += 1;
    return { text: plain, rows: [...new Set(rows)].sort((one, other) => one - other).slice(0, MOST_ROWS) };
  }

  /** The label of a speaker however it is written, or a name that was spoken where the item was. */
  owner(name: string | null | undefined, rows: readonly number[]): string | null {
    const wanted = this.plain(name ?? '', LONGEST_TITLE);
    if (wanted === '') return null;
    const labels = [...this.#labels.values()];
    const plain = wanted.normalize('NFKC').toLowerCase();
    const label = labels.includes(wanted)
      ? wanted
      : labels.find((one) => one.normalize('NFKC').toLowerCase() === plain);
    if (label !== undefined) return label;
    return this.#said(rows).some((said) => said.toLowerCase().includes(plain)) ? wanted : null;
  }

  due(words: string | null | undefined, rows: readonly number[]): string | null {
    const plain = this.plain(words ?? '', LONGEST_DUE);
    if (plain === '') return null;
    return this.#said(rows).some((said) => said.toLowerCase().includes(plain.toLowerCase())) ? plain : null;
  }

  row(rows: readonly number[]): number | null {
    const [row] = rows;
    if (row !== undefined && this.#ground.shown.has(row)) return row;
    this.dropped += 1;
    if (row !== undefined && Number.isSafeInteger(row)) this.invented.add(row);
    return null;
  }

  #said(rows: readonly number[]): string[] {
    return rows.map((row) => this.#ground.transcript.utterances[row - 1]?.text ?? '');
  }

  #clocksWereSpoken(words: string, rows: readonly number[]): boolean {
    const said = this.#said(rows).join(' ');
    return (words.match(CLOCK) ?? []).every((clock) => said.includes(clock));
  }
}

/** What of an answer stands on what was said. */
export const groundDraft = (raw: ModelAnswer, ground: Ground): Grounded => {
  const grounding = new Grounding(ground);
  const claims = (list: readonly RawClaim[]) =>
    list.map((one) => grounding.claim(one)).filter((one): one is DraftClaim => one !== null);
  const sections = raw.sections
    .map(({ heading, points }) => ({ heading: grounding.heading(heading), points: claims(points) }))
    .filter(({ points }) => points.length > 0);
  const decisions = claims(raw.decisions);
  const actionItems = raw.actionItems.flatMap((item): DraftAction[] => {
    const checked = grounding.claim(item);
    if (!checked) return [];
    return [
      { ...checked, owner: grounding.owner(item.owner, checked.rows), due: grounding.due(item.due, checked.rows) },
    ];
  });
  const chapters = raw.chapters.flatMap(({ title, row }) => {
    const [words, at] = [grounding.heading(title), grounding.row(row)];
    return words === '' || at === null ? [] : [{ title: words, row: at }];
  });
  return {
    draft: { title: grounding.heading(raw.title), sections, chapters, decisions, actionItems },
    kept: grounding.kept,
    dropped: grounding.dropped,
    invented: [...grounding.invented].sort((one, other) => one - other),
  };
};

/** Every row that a draft rests on. */
export const rowsNamed = (draft: Draft): Set<number> =>
  new Set([
    ...[...draft.sections.flatMap(({ points }) => points), ...draft.decisions, ...draft.actionItems].flatMap(
      ({ rows }) => rows,
    ),
    ...draft.chapters.map(({ row }) => row),
  ]);
