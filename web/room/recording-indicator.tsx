/** Says to everybody that the room is being recorded, and for how long already. */
import { useEffect, useState } from 'react';
import type { RecordingState } from '../client/index.ts';
import { formatElapsed } from './elapsed.ts';

export const RecordingIndicator = ({ recording }: { readonly recording: RecordingState }) => {
  const sinceMs = recording.active ? recording.sinceMs : null;
  const nowMs = useClock(recording.active);
  return (
    <div className="rec" role="status" data-testid="recording-indicator" data-active={recording.active}>
      {recording.active && (
        <>
          <span className="record-dot" aria-hidden="true" />
          <span className="visually-hidden">This room is being recorded</span>
          <span aria-hidden="true">REC</span>
          {sinceMs !== null && (
            <span className="rec__time" role="timer" aria-live="off">
              {formatElapsed(nowMs - sinceMs)}
            </span>
          )}
        </>
      )}
    </div>
  );
};

/** The time, moving by seconds while it is needed. */
const useClock = (isRunning: boolean): number => {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isRunning]);
  return nowMs;
};
