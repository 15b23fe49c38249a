/** What the chunk being written holds so far: it becomes the chunk's index. Reused from chunk to chunk; per packet it only counts. */
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { ChunkIndex } from './record.ts';

interface StreamContents {
  packets: number;
  keyframes: number[];
}

export class ChunkContents {
  readonly #streams = new Map<number, StreamContents>();
  #landmarks: number[] = [];
  #firstNs = Number.POSITIVE_INFINITY;
  #lastNs = 0;
  #records = 0;

  clear(): void {
    this.#streams.clear();
    this.#landmarks = [];
    this.#firstNs = Number.POSITIVE_INFINITY;
    this.#lastNs = 0;
    this.#records = 0;
  }

  record(arrivalNs: SessionTimeNs): void {
    this.#records += 1;
    if (arrivalNs < this.#firstNs) this.#firstNs = arrivalNs;
    if (arrivalNs > this.#lastNs) this.#lastNs = arrivalNs;
  }

  packet(stream: number, keyframe: boolean, offset: number): void {
    let contents = this.#streams.get(stream);
    if (!contents) {
      contents = { packets: 0, keyframes: [] };
      this.#streams.set(stream, contents);
    }
    contents.packets += 1;
    if (keyframe) contents.keyframes.push(offset);
  }

  landmark(offset: number): void {
    this.#landmarks.push(offset);
  }

  toIndex(): ChunkIndex {
    return {
      firstNs: this.#records > 0 ? this.#firstNs : 0,
      lastNs: this.#lastNs,
      records: this.#records,
      landmarks: this.#landmarks,
      streams: [...this.#streams].map(([stream, { packets, keyframes }]) => ({ stream, packets, keyframes })),
    };
  }
}
