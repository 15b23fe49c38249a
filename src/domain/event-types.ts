/** The names of what we tell others about: webhooks and `GET /v2/events`. Names are on the wire: only add. */
import type { RecordingKind } from './recording.ts';

/** `stopped`: its file is in our store. Every recording has exactly one of `stopped` and `failed`, and it is the last of these. */
export type RecordingPhase = 'starting' | 'started' | 'stopping' | 'stopped' | 'failed';

type OfRecordings =
  | `recording-${RecordingPhase}`
  | `participant-recording-${RecordingPhase}`
  | `participant-track-recording-${RecordingPhase}`
  | `composite-recording-${RecordingPhase}`
  | 'merge-recording-completed'
  | 'merge-recording-failed';

export type EventType =
  | OfRecordings
  /** A file is where the caller wanted it; or it could not be brought there, and we have given up. */
  | 'recording-delivered'
  | 'recording-delivery-failed'
  /** What is said in a recording is being written down; it is there, with its summary; or nothing more will come. */
  | 'transcription-started'
  | 'transcription-stopped'
  | 'transcription-failed'
  | 'session-started'
  | 'session-ended'
  | 'participant-joined'
  | 'participant-left';

const PREFIX = {
  room: 'recording',
  participant: 'participant-recording',
  track: 'participant-track-recording',
  composite: 'composite-recording',
} as const satisfies Record<Exclude<RecordingKind, 'merge'>, string>;

/** Null: of this kind of recording, nobody is told that. A merge is told of once: it has no beginning that anybody waits for. */
export const recordingEvent = (kind: RecordingKind, phase: RecordingPhase): EventType | null => {
  if (kind !== 'merge') return `${PREFIX[kind]}-${phase}`;
  if (phase === 'stopped') return 'merge-recording-completed';
  return phase === 'failed' ? 'merge-recording-failed' : null;
};

/** All that tell that a recording's file is there. */
export const STOPPED_EVENTS: readonly EventType[] = (
  ['room', 'participant', 'track', 'composite', 'merge'] as const
).flatMap((kind) => recordingEvent(kind, 'stopped') ?? []);

/** Whether one of the patterns names the event: by its name, or with `*` for any characters: `*`, `recording-*`, `session*`. */
export const isWanted = (type: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const [first = '', ...rest] = pattern.split('*');
    const last = rest.pop();
    if (last === undefined) return type === pattern;
    if (!type.startsWith(first) || type.length < first.length + last.length || !type.endsWith(last)) return false;
    // What stands between stars is found from left to right, each as early as can be.
    let at = first.length;
    for (const part of rest) {
      const found = type.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= type.length - last.length;
  });
