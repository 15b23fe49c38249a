/** Durations as people write them (`30s`, `12h`, `1h30m`), kept as milliseconds. */

declare const unit: unique symbol;
/** A number of milliseconds. The brand is optional, so that arithmetic on it stays plain. */
export type Milliseconds = number & { readonly [unit]?: 'ms' };

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** `90s`, `1h30m`, `0s`. Null if it isn't one: a bare number has no unit and is refused, since nobody can know which was meant. */
export const parseDuration = (text: string): Milliseconds | null => {
  const compact = text.replaceAll(/\s+/g, '').toLowerCase();
  if (!WHOLE.test(compact)) return null;
  let total = 0;
  for (const [, amount, name] of compact.matchAll(PART)) total += Number(amount) * (UNITS[name ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null;
};

/** The shortest exact form in one unit: 43 200 000 → `12h`. */
export const formatDuration = (duration: Milliseconds): string => {
  for (const name of ['d', 'h', 'm', 's']) {
    const size = UNITS[name] ?? 1;
    if (duration >= size && duration % size === 0) return `${duration / size}${name}`;
  }
  return duration === 0 ? '0s' : `${duration}ms`;
};
