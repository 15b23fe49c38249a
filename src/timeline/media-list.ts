/** Media of one stream in order of time, searched by bisection, forgotten from the front. */
import type { SessionTimeNs } from '../domain/media-time.ts';

/** Forgotten entries are cut off once there are so many: moving the rest each time would cost more. */
const TRIM_AT = 256;

export class MediaList<T> {
  readonly #timeOf: (item: T) => SessionTimeNs;
  #items: T[] = [];
  #head = 0;

  /** @param timeOf what the list is ordered by; never decreases from one item to the next. */
  constructor(timeOf: (item: T) => SessionTimeNs) {
    this.#timeOf = timeOf;
  }

  get end(): number {
    return this.#items.length;
  }

  get start(): number {
    return this.#head;
  }

  at(index: number): T | undefined {
    return this.#items[index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Index of the first item at or after this time. Indexes hold until the next `dropTo`. */
  lowerBound(ns: SessionTimeNs): number {
    let low = this.#head;
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

  /** Forgets everything before this index. */
  dropTo(index: number): void {
    this.#head = Math.max(this.#head, index);
    if (this.#head < TRIM_AT && this.#head < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
