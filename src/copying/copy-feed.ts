/** One recording's part of a journal, as copying reads it: window after window, each of them final. */
import { NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import type { Timeline } from '../timeline/timeline.ts';

/** A journal that is being read. */
export interface CopyFeed {
  readonly timeline: Timeline;
  /** Of the recording. Null: the journal holds no end of it, it ends with its last record. */
  readonly span: { readonly startNs: SessionTimeNs; readonly stopNs: SessionTimeNs | null };
  /** Pushes some more records into the timeline, waiting for them if need be. False: there are no more. */
  advance(): Promise<boolean>;
  close(): Promise<void>;
}

/** Read at a time: enough to sort several layers by time, little to hold. */
const WINDOW_NS = NS_PER_S;

export interface Window {
  readonly fromNs: SessionTimeNs;
  readonly toNs: SessionTimeNs;
}

/** The recording from start to end in windows of a second; what lies before a window is let go when the next is asked for. */
export const windowsOf = async function* ({ timeline, span, advance }: CopyFeed): AsyncGenerator<Window> {
  for (let fromNs = span.startNs; ; ) {
    const wantedNs = Math.min(fromNs + WINDOW_NS, span.stopNs ?? Number.POSITIVE_INFINITY);
    while (timeline.settledNs < wantedNs) if (!(await advance())) timeline.finish();
    const lastNs = timeline.settledNs === Number.POSITIVE_INFINITY ? timeline.arrivalNs : Number.POSITIVE_INFINITY;
    const toNs = span.stopNs === null ? Math.min(wantedNs, lastNs) : wantedNs;
    if (toNs <= fromNs) return;
    yield { fromNs, toNs };
    timeline.discardBefore(toNs);
    fromNs = toNs;
  }
};
