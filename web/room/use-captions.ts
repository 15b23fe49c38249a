/** The last things that were said, while captions are shown. */
import { useEffect, useState } from 'react';
import { type Caption, readCaptions } from './caption-events.ts';

/** So many stay in sight. */
const SHOWN = 3;
/** A line that nobody followed is read by then. */
const STAYS_MS = 10_000;

export interface Captions {
  readonly lines: readonly Caption[];
  /** Null: not known yet. */
  readonly isTranscribed: boolean | null;
}

const NONE: Captions = { lines: [], isTranscribed: null };

export const useCaptions = (token: string, roomId: string, isShown: boolean): Captions => {
  const [captions, setCaptions] = useState(NONE);
  useEffect(() => {
    if (!isShown) return;
    const abort = new AbortController();
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const forget = (id: number): void =>
      setCaptions((before) => ({ ...before, lines: before.lines.filter((line) => line.id !== id) }));
    const handlers = {
      onState: (isTranscribed: boolean) => setCaptions((before) => ({ ...before, isTranscribed })),
      onCaption: (caption: Caption) => {
        setCaptions(({ lines }) => ({ isTranscribed: true, lines: [...lines, caption].slice(-SHOWN) }));
        timers.add(setTimeout(() => forget(caption.id), STAYS_MS));
      },
    };
    void readCaptions(token, roomId, handlers, abort.signal);
    return () => {
      abort.abort();
      for (const timer of timers) clearTimeout(timer);
      setCaptions(NONE);
    };
  }, [token, roomId, isShown]);
  return captions;
};
