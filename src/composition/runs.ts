/** Which segments a process is given next. Pure. */

/** Segments [from, to). */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Segments of a run: about a minute. The look-back to a keyframe is paid once a run. */
const RUN_SEGMENTS = 14;
/** Below this the look-back (up to 10 s of decoding) would cost more than an even share gains. */
const LEAST_RUN_SEGMENTS = 4;

export interface Work {
  readonly done: ReadonlySet<number>;
  /** Runs that other processes hold. */
  readonly held: readonly Run[];
  /** Number of segments; null while the end is not known. */
  readonly total: number | null;
  /** It follows a room that is still recorded. */
  readonly live: boolean;
  readonly maxProcesses: number;
}

/** Towards the end runs get shorter, so that processes that share a recording finish together. */
const lengthOf = (remaining: number, { live, maxProcesses }: Work): number => {
  // Who follows alone goes on where it stands and loses nothing by asking; others need not wait long for it to give way.
  if (live) return 1;
  if (maxProcesses === 1) return RUN_SEGMENTS;
  const share = Math.ceil(remaining / (2 * maxProcesses));
  return Math.max(LEAST_RUN_SEGMENTS, Math.min(RUN_SEGMENTS, share));
};

/** The first stretch of segments that nobody has done or holds; undefined if there is none. */
export const nextRun = (work: Work): Run | undefined => {
  const { done, held, total } = work;
  const limit = total ?? Number.POSITIVE_INFINITY;
  const free = (index: number): boolean => !done.has(index) && !held.some((run) => index >= run.from && index < run.to);
  let from = 0;
  while (from < limit && !free(from)) from += 1;
  if (from >= limit) return undefined;
  const most = lengthOf(limit - from, work);
  let to = from + 1;
  while (to < limit && to - from < most && free(to)) to += 1;
  return { from, to };
};

/** True if every segment up to the end, which must be known, is done. */
export const isComplete = ({ done, total }: Work): boolean => {
  if (total === null) return false;
  for (let index = 0; index < total; index++) if (!done.has(index)) return false;
  return true;
};
