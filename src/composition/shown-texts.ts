/** What was last said on each topic whose texts a recording shows, at a tick. What was said before it began, or in a pause of it, it never heard. Pure. */
import type { MediaSpans } from '../domain/media-spans.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { TimedEvent } from '../timeline/timeline.ts';

interface Said {
  readonly atNs: SessionTimeNs;
  readonly topic: string;
  readonly text: string;
}

export class ShownTexts {
  readonly #waiting: Said[] = [];
  readonly #shown = new Map<string, string>();

  /** Takes in more of the room's events, in order. */
  take(events: readonly TimedEvent[]): void {
    for (const { atNs, event } of events) {
      if (event.type === 'text-shown') this.#waiting.push({ atNs, topic: event.topic, text: event.text });
    }
  }

  /** By topic, as it is at this time. Times are asked for in order; `spans` are known up to there. */
  at(atNs: SessionTimeNs, { spans }: MediaSpans): ReadonlyMap<string, string> {
    for (let next = this.#waiting[0]; next && next.atNs <= atNs; next = this.#waiting[0]) {
      const { atNs: saidNs, topic, text } = next;
      this.#waiting.shift();
      const isRecorded = spans.some(({ fromNs, toNs }) => saidNs >= fromNs && (toNs === null || saidNs < toNs));
      if (isRecorded) this.#shown.set(topic, text);
    }
    return this.#shown;
  }
}
