/**
 * A transcript as a model sees it: numbered rows of who said what. No times, no ids: what the model can't see it can't miscopy or pass on. It
 * names rows by number, and the times are ours.
 */
import type { Transcript } from '../../../domain/transcript.ts';
import { nameOf, type UtteranceNumber } from '../moments.ts';
import { estimateTokens } from './tokens.ts';

export interface Row {
  readonly utterance: UtteranceNumber;
  /** Exact; where two speakers have the same name the later ones have a number behind it. */
  readonly speaker: string;
  readonly text: string;
}

/** Rows are numbered from 1 as people number lines. */
export const rowNumber = ({ utterance }: Pick<Row, 'utterance'>): number => utterance + 1;

/** By id: the name by which the model knows a speaker. */
export const speakerLabels = ({ speakers }: Transcript): Map<string, string> => {
  const labels = new Map<string, string>();
  const used = new Set<string>();
  for (const { id, name } of speakers) {
    let label = name;
    for (let number = 2; used.has(label); number += 1) label = `${name} (${number})`;
    used.add(label);
    labels.set(id, label);
  }
  return labels;
};

export const rowsOf = (transcript: Transcript): Row[] => {
  const labels = speakerLabels(transcript);
  return transcript.utterances.flatMap(({ speakerId, text }, utterance) =>
    text === '' ? [] : [{ utterance, speaker: labels.get(speakerId) ?? nameOf(transcript, speakerId), text }],
  );
};

/** `[12,"Alice","…"]`: JSON, so that no text can look like the end of the data; and no angle brackets, so that none can look like markup. */
export const writeRow = (row: Row): string => safeJson([rowNumber(row), row.speaker, row.text]);

export const safeJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');

export const rowTokens = (row: Row): number => estimateTokens(writeRow(row)) + 1;

/** A row that is too long for `tokens` as several of the same number. */
const cutRow = (row: Row, tokens: number): Row[] => {
  if (rowTokens(row) <= tokens) return [row];
  const letters = [...row.text];
  if (letters.length < 2) return [row];
  const half = Math.ceil(letters.length / 2);
  const parts = [letters.slice(0, half), letters.slice(half)];
  return parts.flatMap((part) => cutRow({ ...row, text: part.join('') }, tokens));
};

/** Consecutive rows in parts of about equal size, each of at most `tokens`. */
export const partsOf = (rows: readonly Row[], tokens: number): Row[][] => {
  // Half a part, so that filling parts in turn never needs many more than their number.
  const pieces = rows.flatMap((row) => cutRow(row, Math.floor(tokens / 2)));
  const sizes = pieces.map(rowTokens);
  const sum = sizes.reduce((total, size) => total + size, 0);
  const fair = sum / Math.max(1, Math.ceil(sum / tokens));
  const parts: Row[][] = [];
  let [part, size]: [Row[], number] = [[], 0];
  pieces.forEach((row, index) => {
    const next = sizes[index] ?? 0;
    if (part.length > 0 && (size + next > tokens || size >= fair)) {
      parts.push(part);
      [part, size] = [[], 0];
    }
    part.push(row);
    size += next;
  });
  return part.length > 0 ? [...parts, part] : parts;
};
