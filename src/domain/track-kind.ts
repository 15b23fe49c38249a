/** What the wire calls a participant's tracks. */
import type { TrackSource } from './media.ts';

export const TRACK_KINDS = {
  audio: 'microphone',
  video: 'camera',
  screen_audio: 'screen-audio',
  screen_video: 'screen-video',
} as const satisfies Record<string, TrackSource>;
export type TrackKind = keyof typeof TRACK_KINDS;

export const kindOf = (source: TrackSource): TrackKind => {
  const found = (Object.keys(TRACK_KINDS) as TrackKind[]).find((kind) => TRACK_KINDS[kind] === source);
  if (!found) throw new Error(`A track "${source}" has no name on the wire.`);
  return found;
};
