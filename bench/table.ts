/** The table: rows as aligned plain text. */
import type { Row } from './row.ts';

const COLUMNS = ['what', 'ours', 'beside', 'ratio', 'unit'] as const;
const NUMERIC = new Set<(typeof COLUMNS)[number]>(['ours', 'ratio']);
const NOTHING = '–';

/** Three significant digits, and no exponent: 0.00123, 1.23, 12.3, 123, 1234567. */
export const threeDigits = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, 2 - magnitude));
};

const cellsOf = ({ what, ours, beside, unit }: Row): Record<(typeof COLUMNS)[number], string> => ({
  what,
  ours: threeDigits(ours),
  beside: beside ? `${threeDigits(beside.value)} ${beside.name}` : NOTHING,
  ratio: beside && beside.value !== 0 ? (ours / beside.value).toFixed(2) : NOTHING,
  unit,
});

/** Lines of the table: heads, a rule, a line a row. */
export const tableOf = (rows: readonly Row[]): string => {
  const cells = [{ what: 'what', ours: 'ours', beside: 'beside', ratio: 'ratio', unit: 'unit' }, ...rows.map(cellsOf)];
  const widths = COLUMNS.map((column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    COLUMNS.map((column, i) =>
      NUMERIC.has(column) ? row[column].padStart(widths[i] ?? 0) : row[column].padEnd(widths[i] ?? 0),
    )
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [lines[0], rule, ...lines.slice(1)].join('\n');
};
