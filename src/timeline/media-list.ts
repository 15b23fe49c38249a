/** Media of one stream in order of time, searched by bisection, forgotten from the front. */
import type { SessionTimeNs } from '../domain/media-time.ts';

export class MediaList<T> {
  readonly #timeOf: (item: T) => SessionTimeNs;
  #items: T[] = [];

  /** @param timeOf what the list is ordered by; never decreases from one item to the next. */
  constructor(timeOf: (item: T) => SessionTimeNs) {
    this.#timeOf = timeOf;
  }

  at(index: number): T | undefined {
    return this.#items[index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Index of the first item at or after this time. Indexes hold until the next `dropTo`. */
  lowerBound(ns: SessionTimeNs): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.#items[middle];
      if (item !== undefined && this.#timeOf(item) < ns) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  slice(from: number, to: number): readonly T[] {
    return this.#items.slice(from, to);
  }

  /** Forgets everything before this index. Once a segment: moving the rest costs nothing beside the memory that it frees. */
  dropTo(index: number): void {
    if (index > 0) this.#items = this.#items.slice(index);
  }
}
