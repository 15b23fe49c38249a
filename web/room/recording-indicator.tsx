/** Says to everybody that the room is being recorded, how much is, and whether it is paused right now. */
import { useEffect, useState } from 'react';
import type { RecordingState } from '../client/index.ts';
import { formatElapsed } from './elapsed.ts';

export const RecordingIndicator = ({ recording }: { readonly recording: RecordingState }) => {
  const sinceMs = recording.active ? recording.sinceMs : null;
  const pausedAtMs = recording.active ? recording.pausedAtMs : null;
  const isPaused = pausedAtMs !== null;
  const nowMs = useClock(recording.active && !isPaused);
  return (
    <div
      className="rec"
      role="status"
      data-testid="recording-indicator"
      data-active={recording.active}
      data-paused={isPaused}
    >
      {recording.active && (
        <>
          <span className="record-dot" aria-hidden="true" />
          <span className="visually-hidden">
            {isPaused ? 'The recording is paused: nothing is recorded now' : 'This room is being recorded'}
          </span>
          <span aria-hidden="true">{isPaused ? 'PAUSED' : 'REC'}</span>
          {sinceMs !== null && (
            <span className="rec__time" role="timer" aria-live="off">
              {formatElapsed((pausedAtMs ?? nowMs) - sinceMs)}
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
