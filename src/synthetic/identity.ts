/**
 * Who a synthetic participant is, to eye, ear and machine: a colour, a beep's pitch, and the seconds in which it flashes. Pure: the
 * picture, the sound and whoever judges a recording read the same tables.
 */

/** Participants that can be told apart at once: as many as the largest grid has tiles. */
export const MOST_IDENTITIES = 25;

/** Flash and beep last this long. Three frames at 30 fps. */
export const FLASH_MS = 100;

/** One of `of` participants that take turns. `index` counts from 0. */
export interface Turn {
  readonly index: number;
  readonly of: number;
}

/** Limited-range BT.601: what untagged video in WebRTC is taken for. Pre-encoded tracks say no more than that; browsers signal theirs. */
export interface Yuv {
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/** Each 0…255, not rounded. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Eight hues that stay apart after two lossy encodings; darker and lighter editions follow, then grey. */
const HUES: readonly Rgb[] = [
  [196, 48, 48],
  [40, 140, 64],
  [52, 84, 204],
  [198, 164, 32],
  [176, 56, 168],
  [32, 152, 168],
  [214, 112, 24],
  [112, 72, 200],
];
const EDITIONS: readonly ((rgb: Rgb) => Rgb)[] = [
  (rgb) => rgb,
  ([r, g, b]) => [r * 0.5, g * 0.5, b * 0.5],
  ([r, g, b]) => [r + (255 - r) * 0.5, g + (255 - g) * 0.5, b + (255 - b) * 0.5],
];

/** The identity colour as people should see it. Throws for an index outside 0–24. */
export const identityRgb = (index: number): Rgb => {
  if (!Number.isInteger(index) || index < 0 || index >= MOST_IDENTITIES) {
    throw new RangeError(`Participant number ${index} has no identity: 0 to ${MOST_IDENTITIES - 1} have.`);
  }
  const hue = HUES[index % HUES.length];
  const edition = EDITIONS[Math.floor(index / HUES.length)];
  return hue && edition ? edition(hue) : [128, 128, 128];
};

/** BT.601 limited range (ITU-R BT.601-7 §2.5). */
const toYuv = ([r, g, b]: Rgb): Yuv => ({
  y: 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255,
  u: 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255,
  v: 128 + (112 * r - 93.786 * g - 18.214 * b) / 255,
});

/** The identity colour as it stands in a pre-encoded picture. Throws for an index outside 0–24. */
export const identityYuv = (index: number): Yuv => {
  const { y, u, v } = toYuv(identityRgb(index));
  return { y: Math.round(y), u: Math.round(u), v: Math.round(v) };
};

/** The identity colour for a page: `rgb(r, g, b)`. */
export const identityCss = (index: number): string => `rgb(${identityRgb(index).map(Math.round).join(', ')})`;

/** Chroma tells hues apart, luma the editions of a hue; luma also moves with a compositor's decoration, so it weighs less. */
const distance = (a: Yuv, b: Yuv): number => Math.hypot(0.6 * (a.y - b.y), a.u - b.u, a.v - b.v);

/** Half the way between the two closest identities is about 15. */
const CERTAIN = 15;

/** Whose colour this is, or null if it is certainly nobody's. */
export const identityOfColour = (rgb: Rgb): number | null => {
  const colour = toYuv(rgb);
  let [nearest, least]: [number | null, number] = [null, CERTAIN];
  for (let index = 0; index < MOST_IDENTITIES; index++) {
    const apart = distance(colour, toYuv(identityRgb(index)));
    if (apart < least) [nearest, least] = [index, apart];
  }
  return nearest;
};

/** Pitch of a participant's beep: 200 Hz apart, so that over 10 ms all pitches are orthogonal and none is taken for another. */
export const beepHz = (index: number): number => 500 + 200 * index;

/** True in the seconds that are this participant's to flash in. */
export const isTurn = (turn: Turn, second: number): boolean => second % turn.of === turn.index;

/** True while the patch is white and the beep sounds. `mediaMs` is milliseconds since media time zero. */
export const isFlashing = (turn: Turn, mediaMs: number): boolean =>
  isTurn(turn, Math.floor(mediaMs / 1000)) && mediaMs % 1000 < FLASH_MS;
