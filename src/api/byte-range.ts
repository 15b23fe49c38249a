/** The `Range` header for one range of bytes (RFC 9110 §14.1.2). */

/** Inclusive on both sides. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What to send of a representation of `size` bytes. `whole`: no range, several, or one that is malformed, which a server may ignore
 * (§14.2); `unsatisfiable`: begins behind the end (416).
 */
export const parseRange = (header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' => {
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '');
  if (!match) return 'whole';
  const [, from = '', to = ''] = match;
  if (from === '') {
    if (to === '') return 'whole';
    const suffix = Number(to);
    return suffix === 0 || size === 0 ? 'unsatisfiable' : { first: Math.max(0, size - suffix), last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return 'whole';
  return first >= size ? 'unsatisfiable' : { first, last };
};
