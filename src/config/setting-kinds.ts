/**
 * The kinds of settings: how each is read from a text (environment) or a YAML value, and how its default is written in the manual.
 * A parser throws `Refusal` with what the value must be; `load-config.ts` puts the setting's name and the value before it.
 */
import { BlockList, isIP } from 'node:net';
import { type Bytes, formatByteSize, parseByteSize } from './byte-size.ts';
import { formatDuration, type Milliseconds, parseDuration } from './duration.ts';

/** What a value must be, as the end of the sentence "it must be …". */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** One setting. `Value` is what the program gets. */
export interface Setting<Value> {
  readonly meaning: string;
  /** What holds where nobody says anything. */
  readonly fallback: Value;
  /** The default as the manual writes it. */
  readonly fallbackText: string;
  /** Its value never appears in a message. */
  readonly secret: boolean;
  /** Takes a text from the environment or a value from YAML. Throws `Refusal`. */
  readonly parse: (raw: unknown) => Value;
}

interface About {
  readonly meaning: string;
  readonly secret?: boolean;
}

const make = <Value>(
  about: About,
  fallback: Value,
  fallbackText: string,
  parse: (raw: unknown) => Value,
): Setting<Value> => ({ meaning: about.meaning, secret: about.secret ?? false, fallback, fallbackText, parse });

const asText = (raw: unknown): string => {
  if (typeof raw === 'string') return raw.trim();
  if (typeof raw === 'number' || typeof raw === 'boolean') return String(raw);
  throw new Refusal('a single value');
};

export const text = (about: About & { fallback: string }): Setting<string> =>
  make(about, about.fallback, about.fallback, asText);

export const optionalText = (
  about: About & { must?: string; accept?: (text: string) => boolean },
): Setting<string | undefined> =>
  make<string | undefined>(about, undefined, 'null', (raw) => {
    const value = asText(raw);
    if (about.accept && !about.accept(value)) throw new Refusal(about.must ?? 'something else');
    return value;
  });

export const integer = (about: About & { fallback: number; min: number; max: number }): Setting<number> =>
  make(about, about.fallback, String(about.fallback), (raw) => {
    const value = asText(raw);
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= about.min && number <= about.max)) {
      throw new Refusal(`a whole number from ${about.min} to ${about.max}`);
    }
    return number;
  });

/** A sum of money, not negative, with a point for the cents. */
export const optionalAmount = (about: About): Setting<number | undefined> =>
  make<number | undefined>(about, undefined, 'null', (raw) => {
    const value = asText(raw);
    if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(value)) throw new Refusal('an amount such as 0.15, with a point and no sign');
    return Number(value);
  });

/** A whole number, or `auto`: what `resolve` finds on this machine. */
export const integerOrAuto = (about: About & { min: number; max: number; resolve: () => number }): Setting<number> => {
  const whole = integer({ ...about, fallback: about.min });
  return make(about, about.resolve(), 'auto', (raw) => {
    if (asText(raw) === 'auto') return about.resolve();
    try {
      return whole.parse(raw);
    } catch (cause) {
      throw new Refusal(`"auto", or a whole number from ${about.min} to ${about.max}`, { cause });
    }
  });
};

const FLAGS: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  1: true,
  false: false,
  off: false,
  no: false,
  0: false,
};
const asFlag = (raw: unknown): boolean | null => {
  const value = asText(raw).toLowerCase();
  return Object.hasOwn(FLAGS, value) ? (FLAGS[value] ?? null) : null;
};

export const flag = (about: About & { fallback: boolean }): Setting<boolean> =>
  make(about, about.fallback, String(about.fallback), (raw) => {
    const value = asFlag(raw);
    if (value === null) throw new Refusal('true or false');
    return value;
  });

export const choice = <const Name extends string>(
  about: About & { fallback: Name; names: readonly Name[] },
): Setting<Name> =>
  make<Name>(about, about.fallback, about.fallback, (raw) => {
    const value = asText(raw);
    const name = about.names.find((candidate) => candidate === value);
    if (name === undefined) throw new Refusal(`one of ${about.names.join(', ')}`);
    return name;
  });

const must = <Value>(value: Value | null): Value => {
  if (value === null) throw new Error('The default of a setting does not parse.');
  return value;
};

export const duration = (about: About & { fallback: string; min: string; max: string }): Setting<Milliseconds> => {
  const fallback = must(parseDuration(about.fallback));
  const [min, max] = [must(parseDuration(about.min)), must(parseDuration(about.max))];
  return make(about, fallback, formatDuration(fallback), (raw) => {
    const value = parseDuration(asText(raw));
    if (value === null || value < min || value > max) {
      throw new Refusal(
        `a duration with its unit (ms, s, m, h, d), such as 90s or 1h30m, from ${about.min} to ${about.max}`,
      );
    }
    return value;
  });
};

export const byteSize = (about: About & { fallback: string }): Setting<Bytes> => {
  const fallback = must(parseByteSize(about.fallback));
  return make(about, fallback, formatByteSize(fallback), (raw) => {
    const value = parseByteSize(asText(raw));
    if (value === null) throw new Refusal('a size such as 64MiB, 10GB or a number of bytes');
    return value;
  });
};

const asList = (raw: unknown): string[] => {
  const parts = Array.isArray(raw) ? raw.map(asText) : asText(raw).split(',');
  return parts.map((part) => part.trim()).filter((part) => part !== '');
};

/** A comma list, or a YAML list. */
export const list = (
  about: About & { fallback: readonly string[]; must: string; accept: (item: string) => boolean },
): Setting<readonly string[]> =>
  make<readonly string[]>(about, about.fallback, JSON.stringify(about.fallback), (raw) => {
    const items = asList(raw);
    const wrong = items.find((item) => !about.accept(item));
    if (wrong !== undefined) throw new Refusal(`${about.must}; "${wrong}" is not`);
    return items;
  });

/** An address with a prefix length, e.g. `10.0.0.0/8`; a bare address is itself alone. */
export const isCidr = (value: string): boolean => {
  const [address = '', prefix, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) return false;
  new BlockList().addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  return true;
};

/** `true`: everything; `false` (an empty list): nothing; or networks. */
export const networks = (about: About): Setting<true | readonly string[]> =>
  make<true | readonly string[]>(about, [], 'false', (raw) => {
    const switched = Array.isArray(raw) ? null : asFlag(raw);
    if (switched !== null) return switched ? true : [];
    const items = asList(raw);
    const wrong = items.find((item) => !isCidr(item));
    if (wrong !== undefined) throw new Refusal(`true, false or networks such as 10.0.0.0/8; "${wrong}" is none`);
    return items;
  });

/** Anything with a structure of its own. */
export const structured = <Value>(
  about: About & { fallback: Value; fallbackText: string; parse: (raw: unknown) => Value },
): Setting<Value> => make(about, about.fallback, about.fallbackText, about.parse);
