/**
 * How much of a disk that fills up is kept for whom. One setting, three floors, each of which leaves the next one room: a recording that may
 * start does not end at once for want of space, one that was ended can still be composed, and the database goes on writing when nobody
 * else may.
 */
export interface DiskFloors {
  /** Below it no recording starts. */
  readonly toStart: number;
  /** Below it recordings that run are ended in order. */
  readonly toRecord: number;
  /** Below it compositions wait. */
  readonly toCompose: number;
}

/** In bytes. 0: there are no floors, and only a disk that is full ends anything. */
export const diskFloors = (minFreeBytes: number): DiskFloors => ({
  toStart: minFreeBytes,
  toRecord: Math.floor(minFreeBytes / 2),
  toCompose: Math.floor(minFreeBytes / 8),
});
