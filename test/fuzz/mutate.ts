/** How inputs are changed: bits, numbers at the edges of what fits, pieces cut, doubled, moved, taken from others or from a dictionary. */

/** In [0, 1). */
export type Random = () => number;

/** Reproducible (mulberry32). */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const MOST_BYTES = 64 * 1024;

const KINDS: readonly ((input: Buffer, random: Random, other: Buffer, word: Buffer) => Buffer)[] = [
  (input, random) => {
    const at = below(random, input.length);
    input[at] = (input[at] ?? 0) ^ (1 << below(random, 8));
    return input;
  },
  (input, random) => {
    input[below(random, input.length)] = below(random, 256);
    return input;
  },
  (input, random) => {
    const bytes = 1 << below(random, 3);
    const at = below(random, input.length - bytes + 1);
    if (at < 0 || at + bytes > input.length) return input;
    const value = (EDGES[below(random, EDGES.length)] ?? 0) % 2 ** (8 * bytes);
    if (random() < 0.5) input.writeUIntBE(value, at, bytes);
    else input.writeUIntLE(value, at, bytes);
    return input;
  },
  (input, random) => input.subarray(0, below(random, input.length + 1)),
  (input, random) => {
    const from = below(random, input.length);
    return Buffer.concat([input.subarray(0, from), input.subarray(from + 1 + below(random, 32))]);
  },
  (input, random) => {
    const [from, to] = [below(random, input.length), below(random, input.length)];
    const piece = input.subarray(Math.min(from, to), Math.max(from, to));
    return Buffer.concat([input.subarray(0, to), piece, input.subarray(to)]);
  },
  (input, random, other) => {
    const [at, from] = [below(random, input.length), below(random, other.length)];
    return Buffer.concat([input.subarray(0, at), other.subarray(from)]);
  },
  (input, random, _other, word) => {
    const at = below(random, input.length + 1);
    return Buffer.concat([input.subarray(0, at), word, input.subarray(random() < 0.5 ? at : at + word.length)]);
  },
];

/** An input like this one, otherwise. `others`: the corpus; `words`: what the format is made of. */
export const mutate = (input: Buffer, random: Random, others: readonly Buffer[], words: readonly string[]): Buffer => {
  let mutated = Buffer.from(input);
  for (let times = 1 + below(random, 5); times > 0; times -= 1) {
    const other = others[below(random, others.length)] ?? input;
    const word = Buffer.from(words[below(random, words.length)] ?? '', 'latin1');
    if (mutated.length === 0) mutated = Buffer.from(other);
    mutated = Buffer.from(KINDS[below(random, KINDS.length)]?.(mutated, random, other, word) ?? mutated);
  }
  return mutated.subarray(0, MOST_BYTES);
};
