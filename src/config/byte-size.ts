/** Sizes as people write them (`64MiB`, `1GB`, `1048576`), kept as bytes. */

declare const unit: unique symbol;
/** A number of bytes. The brand is optional, so that arithmetic on it stays plain. */
export type Bytes = number & { readonly [unit]?: 'bytes' };

/** IEC units are powers of 1024, SI units powers of 1000. */
const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `64MiB`, `1.5GB`, `0`; a bare number is bytes. Null if it isn't one. */
export const parseByteSize = (text: string): Bytes | null => {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b)?$/i.exec(text.trim());
  const size = match === null ? undefined : UNITS[(match[2] ?? 'b').toLowerCase()];
  if (match === null || size === undefined) return null;
  const bytes = Math.round(Number(match[1]) * size);
  return Number.isSafeInteger(bytes) ? bytes : null;
};

/** The largest IEC unit that divides it: 67 108 864 → `64MiB`. */
export const formatByteSize = (bytes: Bytes): string => {
  for (const name of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const size = UNITS[name.toLowerCase()] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${name}`;
  }
  return `${bytes}B`;
};
