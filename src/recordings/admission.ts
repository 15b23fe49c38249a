/**
 * Which starts are refused: those that the disk cannot take (507), and those beyond the configured limit (429). Never one that would only be
 * slow to compose: composing waits, what people say does not. Each refusal says what there is, what is needed and what to do.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { withinLiveLimit } from '../catalog/live-limit.ts';
import { diskFloors } from '../domain/disk-floors.ts';
import { RoomtapeError } from '../domain/errors.ts';
import { freeBytesAt, mebibytes } from '../support/free-space.ts';

export interface AdmissionOptions {
  /** Where recordings and journals lie. */
  readonly paths: readonly string[];
  readonly minFreeDiskBytes: number;
  /** Recordings at once; 0: no limit. */
  readonly mostRecordings: number;
}

export class Admission {
  readonly #options: AdmissionOptions;
  #refused = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Starts that were refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Throws DISK_FULL. */
  async checkDisk(): Promise<void> {
    const { paths, minFreeDiskBytes } = this.#options;
    const { toStart } = diskFloors(minFreeDiskBytes);
    const free = await freeBytesAt(paths);
    if (free >= toStart) return;
    throw this.#refusal(
      'DISK_FULL',
      `${mebibytes(free)} are free; no recording starts below ${mebibytes(toStart)} (ROOMTAPE_MIN_FREE_DISK). ` +
        'Delete recordings or make room on the disk, then start again.',
    );
  }

  /** Does `insert`, which makes a recording live, if the limit allows one more; however many ask at once. Throws TOO_MANY_RECORDINGS. */
  async admit<T>(catalog: Catalog, insert: (catalog: Catalog) => Promise<T>): Promise<T> {
    const { mostRecordings } = this.#options;
    if (mostRecordings === 0) return insert(catalog);
    const admitted = await withinLiveLimit(catalog, mostRecordings, insert);
    if (admitted.within) return admitted.result;
    throw this.#refusal(
      'TOO_MANY_RECORDINGS',
      `${admitted.live} recordings are running; this server takes ${mostRecordings} at once (ROOMTAPE_MAX_RECORDINGS). ` +
        'End one, or try again when one has ended.',
    );
  }

  #refusal(code: 'DISK_FULL' | 'TOO_MANY_RECORDINGS', words: string): RoomtapeError {
    this.#refused += 1;
    return new RoomtapeError(code, words);
  }
}
