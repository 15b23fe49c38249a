/**
 * How much room the data folder's disk has, as the server process sees it: whether compositions may go on, and a word in the log whenever a
 * floor (`domain/disk-floors.ts`) is crossed. Recordings that run are the media process's to end: it does so without us, too.
 */
import { type DiskFloors, diskFloors } from '../domain/disk-floors.ts';
import { mebibytes, watchFreeSpace } from '../support/free-space.ts';
import type { Logger } from '../support/log.ts';

/** `ample`: everything goes on. `low`: no recording starts. `scarce`: those that run have been ended. `none`: compositions wait. */
export type DiskState = 'ample' | 'low' | 'scarce' | 'none';

const WORDS: Record<DiskState, string> = {
  ample: 'There is room on the disk again: recordings start, compositions go on.',
  low: 'Little room is left on the disk: no recording starts.',
  scarce: 'Hardly any room is left on the disk: recordings that run are ended, so that they can be composed.',
  none: 'No room is left on the disk: compositions wait for it.',
};

const RANK: Record<DiskState, number> = { ample: 0, low: 1, scarce: 2, none: 3 };
/** There is a word for each floor that is crossed, not for every file that comes and goes around it: back up takes a twentieth more. */
const TO_RISE = 0.95;

export const diskStateOf = (freeBytes: number, { toStart, toRecord, toCompose }: DiskFloors): DiskState => {
  if (freeBytes >= toStart) return 'ample';
  if (freeBytes >= toRecord) return 'low';
  return freeBytes >= toCompose ? 'scarce' : 'none';
};

export class DiskRoom {
  readonly #stop: () => Promise<void>;
  #state: DiskState = 'ample';

  /** Looks once a second. `onRoomAgain`: compositions may go on. */
  constructor(options: {
    /** Where recordings and journals lie. */
    readonly paths: readonly string[];
    readonly minFreeBytes: number;
    readonly onRoomAgain: () => void;
    readonly log: Logger;
  }) {
    const { paths, minFreeBytes, onRoomAgain, log } = options;
    const floors = diskFloors(minFreeBytes);
    this.#stop = watchFreeSpace({
      paths,
      log,
      onLook: (freeBytes) => {
        const state = diskStateOf(freeBytes, floors);
        if (state === this.#state) return;
        const rises = RANK[state] < RANK[this.#state];
        if (rises && diskStateOf(freeBytes * TO_RISE, floors) !== state) return;
        const before = this.#state;
        this.#state = state;
        const detail = { free: mebibytes(freeBytes), ...floors };
        if (state === 'ample') log.info(detail, WORDS[state]);
        else log.warn(detail, WORDS[state]);
        if (before === 'none' || state === 'ample') onRoomAgain();
      },
    });
  }

  get state(): DiskState {
    return this.#state;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#stop();
  }
}
