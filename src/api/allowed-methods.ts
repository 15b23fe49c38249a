/** Knows which methods a path has, so that a wrong one is answered 405 with `Allow` instead of 404 (RFC 9110 §15.5.6). */

interface Known {
  readonly pattern: RegExp;
  readonly methods: ReadonlySet<string>;
}

const toPattern = (url: string): RegExp => {
  const parts = url.replace(/\/+$/, '').split('/');
  const source = parts.map((part) => {
    if (part.startsWith(':')) return '[^/]+';
    return part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  });
  return new RegExp(`^${source.join('/')}/?$`);
};

export class AllowedMethods {
  readonly #known: Known[] = [];

  /** `url` is a route's pattern: `/v2/rooms/:roomId`. */
  add(url: string, method: string | readonly string[]): void {
    this.#known.push({ pattern: toPattern(url), methods: new Set([method].flat()) });
  }

  /** The methods of a path, sorted; empty where nothing is there. */
  of(path: string): string[] {
    const all = this.#known.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods]);
    return [...new Set(all)].toSorted();
  }
}
