/** Who has one of the few tiles, and which: people keep their places, and only as many move as must. Pure. */
import type { ParticipantId } from '../domain/ids.ts';

export interface Claims {
  /** Everybody who may have a tile, in order of joining. */
  readonly present: readonly ParticipantId[];
  /** These come first, in this order. */
  readonly pins: readonly ParticipantId[];
  /** Who had the floor, most recent first. */
  readonly recent: readonly ParticipantId[];
}

/** Most recent speakers first; those who never spoke after them, in order of joining. */
const byRecency = ({ present, recent }: Claims): ParticipantId[] => {
  const spoke = recent.filter((id) => present.includes(id));
  return [...spoke, ...present.filter((id) => !recent.includes(id))];
};

/**
 * Places for at most `capacity` people. Pinned people stand first. Who has a place keeps it. Who has the floor gets one: the place of
 * who was active least recently. Free places go to the most recent speakers, then to those who joined first, at the end.
 */
export const assignPlaces = (
  before: readonly ParticipantId[],
  claims: Claims,
  capacity: number,
): readonly ParticipantId[] => {
  const pinned = claims.pins.filter((id) => claims.present.includes(id)).slice(0, capacity);
  const room = capacity - pinned.length;
  const order = byRecency(claims).filter((id) => !pinned.includes(id));
  const rank = (id: ParticipantId): number => order.indexOf(id);
  const places = before.filter((id) => order.includes(id));
  while (places.length > room) {
    const least = places.reduce((a, b) => (rank(b) > rank(a) ? b : a));
    places.splice(places.indexOf(least), 1);
  }
  for (const id of order) if (places.length < room && !places.includes(id)) places.push(id);
  const speaker = claims.recent[0];
  if (speaker !== undefined && order.includes(speaker) && !places.includes(speaker) && places.length > 0) {
    const least = places.reduce((a, b) => (rank(b) > rank(a) ? b : a));
    places[places.indexOf(least)] = speaker;
  }
  return [...pinned, ...places];
};

/** Who is seen large where one is: who was pinned first, else who had the floor last, else who joined first. */
export const mainOf = (claims: Claims): ParticipantId | undefined =>
  claims.pins.find((id) => claims.present.includes(id)) ?? byRecency(claims)[0];

/**
 * Places of a sidebar for at most `capacity` people: the large one first, then those beside it. Who gets the large place changes places
 * with who had it; nobody else moves for it.
 */
export const assignSidebar = (
  before: readonly ParticipantId[],
  claims: Claims,
  capacity: number,
): readonly ParticipantId[] => {
  const main = mainOf(claims);
  if (main === undefined) return [];
  const [former] = before;
  const beside = before.slice(1).map((id) => (id === main && former !== undefined ? former : id));
  const others = (ids: readonly ParticipantId[]): ParticipantId[] => ids.filter((id) => id !== main);
  const rest = { present: others(claims.present), pins: others(claims.pins), recent: others(claims.recent) };
  return [main, ...assignPlaces(beside, rest, capacity - 1)];
};
