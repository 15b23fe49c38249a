/**
 * Utterances cut into what can be read at once. An utterance that is short enough is one cue; a longer one is cut between sentences, else
 * between clauses, else between words, as its script has words (Intl.Segmenter: Thai and Chinese put no space between them). Where the
 * engine knows when words were said a cut is there, else where it falls by the length of the text.
 *
 * Cues of different speakers may overlap, as their speech did; nothing is moved or dropped. Those of one speaker do not.
 */
import type { SpokenWord, Utterance } from '../../domain/transcript.ts';
import { oneLine } from './one-line.ts';

/** Of two lines of 42 columns, as broadcasters have it; letters that are two columns wide count twice. */
export const LINE_COLUMNS = 42;
const CUE_COLUMNS = 2 * LINE_COLUMNS;
/** Longer, and the eye goes back to its beginning. */
const CUE_SECONDS = 7;
/** A shorter piece is not worth a cue of its own, where it can be helped. */
const LEAST_COLUMNS = 16;

export interface Cue {
  readonly start: number;
  readonly end: number;
  readonly speakerId: Utterance['speakerId'];
  /** One line. */
  readonly text: string;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff00-\uff60\u3000-\u303f]|\p{Extended_Pictographic}/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns that a text takes, roughly as a terminal counts. */
export const columnsOf = (text: string): number => {
  let columns = 0;
  for (const character of text) columns += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
};

/** A piece of text that is not cut, with the white space behind it. */
interface Piece {
  readonly text: string;
  /** How well a cut does behind it: 3 a sentence ends, 2 a clause, 1 a word, 0 not at all. */
  readonly joint: number;
}

const SENTENCE_END = /[.!?…。！？।؟۔။።]["'’”»)\]]*\s*$/u;
const CLAUSE_END = /[,;:–—，、；：،؛]["'’”»)\]]*\s*$/u;
const OPENING = /^[\s"'“‘«([{「『（¿¡]+$/u;

const segmenterOf = (language: string | null): Intl.Segmenter => {
  try {
    return new Intl.Segmenter(language ?? undefined, { granularity: 'word' });
  } catch {
    // A tag that is well formed to callers and not to Intl: words are found by the script alone.
    return new Intl.Segmenter(undefined, { granularity: 'word' });
  }
};

/** Words, each with what stands around it: no piece begins with a full stop, and none ends with an opening bracket. */
const piecesOf = (text: string, language: string | null): Piece[] => {
  const pieces: string[] = [];
  let opening = '';
  let attached = false;
  for (const { segment, isWordLike } of segmenterOf(language).segment(text)) {
    const last = pieces.length - 1;
    if (isWordLike) {
      // `1.5`, `e-mail`, `roomtape.io`: what no space parts stays together, in scripts that have spaces.
      const isGlued =
        attached && last >= 0 && opening === '' && !WIDE.test(segment) && !/\s$/u.test(pieces[last] ?? '');
      if (isGlued) pieces[last] += segment;
      else pieces.push(opening + segment);
      opening = '';
      attached = false;
    } else if (last < 0 || (OPENING.test(segment) && segment.trim() !== '' && /\s$/u.test(pieces[last] ?? ''))) {
      opening += segment;
    } else {
      pieces[last] += opening + segment;
      opening = '';
      attached = segment.trim() !== '' && !SENTENCE_END.test(segment) && !CLAUSE_END.test(segment);
    }
  }
  if (opening !== '') pieces.push(opening);
  return pieces.flatMap(shortened).map((piece) => ({ text: piece, joint: jointBehind(piece) }));
};

const jointBehind = (piece: string): number => (SENTENCE_END.test(piece) ? 3 : CLAUSE_END.test(piece) ? 2 : 1);

/** What is longer than a cue by itself is cut between characters, as readers see them. */
const shortened = (piece: string): string[] => {
  if (columnsOf(piece) <= CUE_COLUMNS) return [piece];
  const parts = [''];
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(piece)) {
    const last = parts.length - 1;
    if (columnsOf((parts[last] ?? '') + segment) > CUE_COLUMNS) parts.push(segment);
    else parts[last] += segment;
  }
  return parts;
};

/** Cues of all utterances, by start, then as the utterances are ordered. */
export const cuesOf = (utterances: readonly Utterance[]): Cue[] =>
  utterances
    .flatMap((utterance) => cutUtterance(utterance))
    .map((cue, index) => ({ cue, index }))
    .sort((a, b) => a.cue.start - b.cue.start || a.index - b.index)
    .map(({ cue }) => cue);

const cutUtterance = (utterance: Utterance): Cue[] => {
  const text = oneLine(utterance.text);
  const { start, end, speakerId } = utterance;
  if (text === '') return [];
  if (columnsOf(text) <= CUE_COLUMNS && end - start <= CUE_SECONDS) return [{ start, end, speakerId, text }];
  const parts = cutText(text, utterance.language, columnsIn(text, end - start));
  const clock = clockOf(text, utterance);
  const cues: Cue[] = [];
  let at = 0;
  for (const part of parts) {
    const from = clock(at);
    at += part.length;
    cues.push({ start: from, end: clock(at), speakerId, text: part.trim() });
  }
  return cues.filter((cue) => cue.text !== '');
};

/** So many columns a cue may have: what fits on the screen, and is said in `CUE_SECONDS`. */
const columnsIn = (text: string, seconds: number): number => {
  if (seconds <= CUE_SECONDS) return CUE_COLUMNS;
  const perCue = (columnsOf(text) / seconds) * CUE_SECONDS;
  return Math.max(LEAST_COLUMNS, Math.min(CUE_COLUMNS, perCue));
};

/** The text in parts of at most so many columns, cut where it does best; joined they are the text. */
const cutText = (text: string, language: string | null, most: number): string[] => {
  const pieces = piecesOf(text, language);
  const parts: string[] = [];
  for (let from = 0; from < pieces.length; ) {
    const to = cutBehind(pieces, from, most);
    parts.push(
      pieces
        .slice(from, to)
        .map((piece) => piece.text)
        .join(''),
    );
    from = to;
  }
  return parts;
};

/** The first piece of the next part. The best joint wins; of equals the last. A part is at least a third full, where it can be. */
const cutBehind = (pieces: readonly Piece[], from: number, most: number): number => {
  let columns = 0;
  let best = from + 1;
  let bestJoint = 0;
  for (let i = from; i < pieces.length; i += 1) {
    const piece = pieces[i];
    if (!piece) break;
    columns += columnsOf(piece.text);
    // White space at the end does not show.
    if (columnsOf(piece.text.trimEnd()) - columnsOf(piece.text) + columns > most) return best;
    if (columns < most / 3 && i + 1 < pieces.length) {
      best = i + 1;
      continue;
    }
    if (piece.joint < bestJoint) continue;
    bestJoint = piece.joint;
    best = i + 1;
  }
  return pieces.length;
};

/** When the character at an index of the text is said. */
const clockOf = (text: string, { start, end, words }: Utterance): ((index: number) => number) => {
  const all = columnsOf(text) || 1;
  const byLength = (index: number): number =>
    index >= text.length ? end : start + ((end - start) * columnsOf(text.slice(0, index))) / all;
  const marks = words ? marksOf(text, words) : [];
  if (marks.length === 0) return byLength;
  return (index) => {
    if (index <= 0) return start;
    if (index >= text.length) return end;
    const next = marks.find((mark) => mark.index >= index);
    return Math.min(end, Math.max(start, next ? next.start : byLength(index)));
  };
};

/** Where in the text each word stands. A word that is not found leaves no mark. */
const marksOf = (text: string, words: readonly SpokenWord[]): { readonly index: number; readonly start: number }[] => {
  const marks: { index: number; start: number }[] = [];
  let at = 0;
  let latest = 0;
  for (const { word, start } of words) {
    const index = text.indexOf(oneLine(word), at);
    if (index < 0 || start < latest) continue;
    marks.push({ index, start });
    at = index + 1;
    latest = start;
  }
  return marks;
};
