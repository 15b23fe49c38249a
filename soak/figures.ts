/** The table of a soak: figures as aligned plain text. */
import { type Figure, isKept } from './soak.ts';

const HEADS = ['what', 'value', 'unit', 'promised', 'kept'] as const;

/** Whole numbers as they are, others with three digits behind the point. */
const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(3));

const promised = ({ atMost, atLeast }: Figure): string => {
  const bounds: string[] = [];
  if (atLeast !== undefined) bounds.push(`≥ ${number(atLeast)}`);
  if (atMost !== undefined) bounds.push(`≤ ${number(atMost)}`);
  return bounds.join(', ') || '–';
};

const keptOf = (figure: Figure): string => {
  if (figure.atMost === undefined && figure.atLeast === undefined) return '–';
  return isKept(figure) ? 'yes' : 'NO';
};

/** Lines of the table: heads, a rule, a line a figure. */
export const figureTable = (figures: readonly Figure[]): string => {
  const rows = figures.map((figure) => [
    figure.what,
    number(figure.value),
    figure.unit,
    promised(figure),
    keptOf(figure),
  ]);
  const lines = [[...HEADS], ...rows];
  const widths = HEADS.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [text[0], widths.map((width) => '─'.repeat(width)).join('  '), ...text.slice(1)].join('\n');
};
