/**
 * The room's own recording, for whoever may start and end it. What everybody is told is whether anything is recorded; whether that is the
 * room, or somebody apart, only the REST API says: it is asked whenever that word changes, and after every call of one's own.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { RecordingState } from '../client/index.ts';
import { RecordingCallError, type RoomRecording, runningRecording } from './recording-calls.ts';

/** What the API says follows the word in the room by moments: it is asked twice. */
const FOLLOWS_MS = 1_500;

export interface RoomRecordingControl {
  readonly recording: RoomRecording | null;
  readonly isBusy: boolean;
  /** Makes a call, then looks again. What goes wrong is told to `onTrouble`. */
  readonly act: (call: () => Promise<void>) => Promise<void>;
}

export const useRoomRecording = (
  token: string,
  roomId: string,
  told: RecordingState,
  onTrouble: (text: string) => void,
): RoomRecordingControl => {
  const [recording, setRecording] = useState<RoomRecording | null>(null);
  const [isBusy, setBusy] = useState(false);
  const asked = useRef(0);

  const look = useCallback(async (): Promise<void> => {
    asked.current += 1;
    const number = asked.current;
    const found = await runningRecording(token, roomId);
    // Of two answers under way the one that was asked for later counts.
    if (number === asked.current) setRecording(found);
  }, [token, roomId]);

  const orTell = useCallback(
    async (work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof RecordingCallError)) throw error;
        onTrouble(error.message);
      }
    },
    [onTrouble],
  );

  const { active } = told;
  const isPaused = told.active && told.pausedAtMs !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: these two say when to look.
  useEffect(() => {
    const lookQuietly = (): void => {
      look().catch((error: unknown) => {
        // Nobody has pressed anything yet: whoever does is told what is wrong.
        if (!(error instanceof RecordingCallError)) throw error;
        setRecording(null);
      });
    };
    lookQuietly();
    const again = setTimeout(lookQuietly, FOLLOWS_MS);
    return () => clearTimeout(again);
  }, [active, isPaused, look]);

  const act = async (call: () => Promise<void>): Promise<void> => {
    setBusy(true);
    await orTell(call);
    await orTell(look);
    setBusy(false);
  };
  return { recording: active ? recording : null, isBusy, act };
};
