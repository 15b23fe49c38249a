/** What the room says about itself: connection trouble while it lasts, events for a few seconds. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { RoomClient, RoomSnapshot } from '../client/index.ts';

export interface Notice {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 6000;
/** What a person's own click can cause; the rest (a track that ended while we spoke of it) is nobody's business. */
const TOLD_REFUSALS = new Set(['NOT_PERMITTED', 'TOO_MANY_REQUESTS', 'PAYLOAD_TOO_LARGE']);

/** Notices that pass by themselves, and the function that adds one. */
export const useNotices = (
  client: RoomClient,
  room: RoomSnapshot,
): { readonly notices: readonly Notice[]; readonly tell: (text: string) => void } => {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const next = useRef(0);
  const tell = useCallback((text: string) => {
    next.current += 1;
    const id = next.current;
    setNotices((shown) => [...shown.filter((notice) => notice.text !== text), { id, text }].slice(-3));
    setTimeout(() => setNotices((shown) => shown.filter((notice) => notice.id !== id)), SHOWN_MS);
  }, []);

  useEffect(
    () =>
      client.on('refused', ({ code, message }) => {
        if (TOLD_REFUSALS.has(code)) tell(message);
      }),
    [client, tell],
  );

  const { camera, microphone, screen } = room.local;
  const problems = [camera.problem, microphone.problem, screen.problem];
  // What was wrong at the door was told there.
  const told = useRef(new Set(problems));
  useEffect(() => {
    for (const problem of [camera.problem, microphone.problem, screen.problem]) {
      if (problem === null || told.current.has(problem)) continue;
      told.current.add(problem);
      tell(problem.message);
    }
  }, [camera.problem, microphone.problem, screen.problem, tell]);

  const isRecorded = room.recording.active;
  const isPaused = room.recording.active && room.recording.pausedAtMs !== null;
  const before = useRef({ isRecorded: false, isPaused: false });
  useEffect(() => {
    const was = before.current;
    before.current = { isRecorded, isPaused };
    if (isRecorded !== was.isRecorded) tell(isRecorded ? 'This room is being recorded.' : 'The recording has ended.');
    else if (isPaused !== was.isPaused) tell(isPaused ? 'The recording is paused.' : 'The recording goes on.');
  }, [isRecorded, isPaused, tell]);

  return { notices, tell };
};

/**
 * A server that restarts is back within this, and so long our place in the room is kept. Pictures and sound go on meanwhile: there is
 * nothing that anybody would notice, or could do about it.
 */
const UNNOTICED_MS = 8000;

/** True once `condition` has held for so long. */
const useLasting = (condition: boolean, ms: number): boolean => {
  const [isLasting, setLasting] = useState(false);
  useEffect(() => {
    if (!condition) return;
    const timer = setTimeout(() => setLasting(true), ms);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [condition, ms]);
  return isLasting;
};

const connectionTrouble = ({ phase, media }: RoomSnapshot, isLong: boolean): string | null => {
  if (phase === 'reconnecting') {
    const goesOn = media === 'connected' || media === 'idle';
    if (goesOn && !isLong) return null;
    return media === 'connected'
      ? 'The server does not answer at the moment; picture and sound go on. Reconnecting…'
      : 'Connection lost. Reconnecting…';
  }
  if (media === 'blocked') {
    return 'Picture and sound cannot get through. A firewall may block them: try another network, or ask your administrator.';
  }
  return null;
};

interface Props {
  readonly room: RoomSnapshot;
  readonly notices: readonly Notice[];
}

export const Notices = ({ room, notices }: Props) => {
  const isLong = useLasting(room.phase === 'reconnecting', UNNOTICED_MS);
  const trouble = connectionTrouble(room, isLong);
  return (
    <div className="notices" role="status">
      {trouble !== null && (
        <p className="notices__trouble" data-testid="connection-banner">
          <span className="spinner" aria-hidden="true" />
          {trouble}
        </p>
      )}
      {notices.map(({ id, text }) => (
        <p key={id} className="notices__notice">
          {text}
        </p>
      ))}
    </div>
  );
};
