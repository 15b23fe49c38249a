/**
 * What befell a recording and can be seen or heard in its file, or would be missed: told with the recording, so that nobody has to guess at a
 * hole. Incidents are facts about the file; they are no events (those are told to webhooks when something changes).
 */
import type { TrackSource } from './media.ts';
import type { StopReason } from './recording.ts';

export const INCIDENT_TYPES = [
  /** The media process died: what was said until somebody was back reached nobody. The last that was seen stands still meanwhile. */
  'interrupted',
  /** The disk did not keep up for longer than there was memory: packets are missing. */
  'packets-dropped',
  /** Part of the journal cannot be read. */
  'journal-damaged',
  /** A picture over which decoders die is left out: that track stands still until its next keyframe. */
  'frame-skipped',
  /** The recording ended before anybody asked for it, and not in the ordinary way. */
  'ended-early',
] as const;
export type IncidentType = (typeof INCIDENT_TYPES)[number];

export interface Incident {
  readonly type: IncidentType;
  /** Names it within its recording: whoever finds it again finds the same. */
  readonly key: string;
  /** Seconds of the file; null where it has no place in it, or an end that is not known. */
  readonly fromSeconds: number | null;
  readonly toSeconds: number | null;
  /** Wall clock of its beginning, ms since 1970. */
  readonly atMs: number;
  /** A sentence for people. */
  readonly message: string;
  readonly participantId?: string | undefined;
  readonly source?: TrackSource | undefined;
}

/** Key of the incident that a journal ends without the end of the recording. */
export const END_MISSING = 'end-missing';

const EARLY: Partial<Record<StopReason, string>> = {
  'disk-full': 'The disk was full: the recording ended with what had been written.',
  'media-process-lost':
    'The media process died, and nobody came back: the recording ended with what had been received.',
};

/** What the reason of its end says of a recording that is over. Null: it ended in the ordinary way. */
export const earlyEnd = (reason: StopReason | null, endedAtMs: number): Incident | null => {
  const message = reason && EARLY[reason];
  if (!message) return null;
  return { type: 'ended-early', key: 'ended-early', fromSeconds: null, toSeconds: null, atMs: endedAtMs, message };
};
