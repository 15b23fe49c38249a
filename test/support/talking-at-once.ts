/**
 * The dialogue of the fixtures by two people who don't wait for each other: each says their turns one after the other, while the other does
 * the same. Halfway both are silent. All of its words in half of its time, and nearly all of it overlaps.
 */
import type { EncodedTrack } from '../../src/synthetic/encoded-track.ts';
import { SPEAKERS, type SpeakerName, spokenTrack, type Turn, turnsOf, type Voices } from './spoken.ts';

const PACKETS_PER_S = 50;
/** Alice begins, bob cuts in. Seconds. */
const BEGINS_AT: Readonly<Record<SpeakerName, number>> = { alice: 0.5, bob: 2.5 };
/** Between two turns of one speaker. */
const GAP_S = 1;
/** Copied around each turn: it fades. */
const MARGIN_S = 0.2;
/** How long both are silent halfway. */
const REST_S = 3;

export interface TalkingAtOnce {
  /** In the order in which they begin. Seconds from the tracks' beginning. */
  readonly turns: readonly Turn[];
  /** Nobody speaks from here on, for `REST_S`. */
  readonly restsAt: number;
  readonly seconds: number;
  readonly tracks: Readonly<Record<SpeakerName, EncodedTrack>>;
}

/** These turns one after the other from `at` on. */
const oneAfterTheOther = (turns: readonly Turn[], at: number): Turn[] => {
  let start = at;
  return turns.map((turn) => {
    const moved = { ...turn, start, end: start + turn.end - turn.start };
    start = moved.end + GAP_S;
    return moved;
  });
};

const endOf = (turns: readonly Turn[]): number => Math.max(...turns.map(({ end }) => end));

export const talkingAtOnce = async (voices: Voices): Promise<TalkingAtOnce> => {
  const all = await turnsOf(voices);
  const of = (who: SpeakerName): Turn[] => all.filter((turn) => turn.who === who);
  const half = Math.ceil(of('alice').length / 2);
  const before = SPEAKERS.map((who) => oneAfterTheOther(of(who).slice(0, half), BEGINS_AT[who]));
  const restsAt = endOf(before.flat());
  const after = SPEAKERS.map((who) => oneAfterTheOther(of(who).slice(half), restsAt + REST_S));
  const seconds = endOf(after.flat()) + GAP_S;
  const moved = (i: number): Turn[] => [...(before[i] ?? []), ...(after[i] ?? [])];
  const tracks = await Promise.all(
    SPEAKERS.map((who, i) => trackOf(voices, who, { from: of(who), to: moved(i), seconds })),
  );
  return {
    turns: SPEAKERS.flatMap((_, i) => moved(i)).toSorted((a, b) => a.start - b.start),
    restsAt,
    seconds,
    tracks: { alice: tracks[0] as EncodedTrack, bob: tracks[1] as EncodedTrack },
  };
};

/** A speaker's track with each turn moved from where it was to where it is said now, and silence between them. */
const trackOf = async (
  voices: Voices,
  who: SpeakerName,
  { from, to, seconds }: { from: readonly Turn[]; to: readonly Turn[]; seconds: number },
): Promise<EncodedTrack> => {
  const track = await spokenTrack(voices, who);
  const perPacket = track.duration / track.frames.length;
  const quiet = Math.round((((from[0]?.end ?? 0) + (from[1]?.start ?? 0)) / 2) * PACKETS_PER_S);
  const indices = Array.from({ length: Math.ceil(seconds * PACKETS_PER_S) }, () => quiet);
  for (const [i, { start, end }] of from.entries()) {
    const first = Math.max(0, Math.round((start - MARGIN_S) * PACKETS_PER_S));
    const last = Math.min(track.frames.length, Math.round((end + MARGIN_S) * PACKETS_PER_S));
    const shift = Math.round(((to[i]?.start ?? 0) - start) * PACKETS_PER_S);
    for (let packet = first; packet < last; packet++) indices[packet + shift] = packet;
  }
  const frames = indices.map((index, i) => {
    const frame = track.frames[index];
    if (!frame) throw new RangeError(`The track of ${who} has no packet ${index}.`);
    return { ...frame, time: i * perPacket };
  });
  return { ...track, duration: frames.length * perPacket, frames };
};
