/**
 * How well a file shows a live room of synthetic people: pictures that are new, and how far sound and picture are apart. Their pictures carry a
 * frame number, and flash while they beep.
 */
import type { Rect } from '../src/domain/layout.ts';
import { beepHz } from '../src/synthetic/identity.ts';
import { findBeeps } from '../test/support/oracle/beeps.ts';
import { decodeFile, type Picture } from '../test/support/oracle/media-file.ts';
import { isLit, misplacement, readTile } from '../test/support/oracle/tile-reading.ts';

/** Each person flashes and beeps every four seconds, with a pitch of his own: what is further apart is another turn's. */
const PAIR_S = 1.9;
/** Edges that stand within so many pixels of a tile's own are its. */
const IN_PLACE_PX = 2;
/** The beginning and end of a file are not what is measured. */
const EDGE_S = 1;

export interface Film {
  /** Seconds of the file at which the tiles are first seen in these places, and the number of the frame that the first of them shows then. */
  readonly firstShown: number;
  readonly firstFrame: number;
  /** New pictures a second, the mean of all tiles. */
  readonly uniqueFps: number;
  /** Sound behind the picture, ms: the median, and the 95th percentile of the distance. Below zero: sound comes first. */
  readonly soundBehindMs: number;
  readonly soundApartMs: number;
}

interface Look {
  readonly time: number;
  readonly frame: number | null;
  readonly lit: boolean;
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;

/** @param places Where the tile of each person is, by number. */
export const judgeFilm = async (path: string, places: readonly Rect[]): Promise<Film> => {
  const looks: Look[][] = places.map(() => []);
  let firstShown: number | null = null;
  let firstFrame = 0;
  let last = 0;
  const see = (picture: Picture): void => {
    last = picture.time;
    const readings = places.map((place) => readTile(picture, place));
    if (firstShown === null) {
      const isHere = readings.every(({ identity, frame }, index) => identity === index && frame !== null);
      const off = isHere ? places.map((place) => misplacement(picture, place)) : [null];
      if (!off.every((px) => px !== null && px <= IN_PLACE_PX)) return;
      firstShown = picture.time;
      firstFrame = readings[0]?.frame ?? 0;
    }
    for (const [index, reading] of readings.entries()) {
      looks[index]?.push({ time: picture.time, frame: reading.frame, lit: isLit(reading) });
    }
  };
  const { sound } = await decodeFile(path, see);
  if (firstShown === null) throw new Error(`"${path}" never shows everybody in their places.`);
  if (!sound) throw new Error(`"${path}" has no sound.`);
  const from = firstShown + EDGE_S;
  const to = last - EDGE_S;
  const within = looks.map((tile) => tile.filter(({ time }) => time >= from && time < to));
  const unique = within.map((tile) => new Set(tile.map(({ frame }) => frame).filter((frame) => frame !== null)).size);
  const apart = within.flatMap((tile, index) => {
    const flashes = tile.filter(({ lit }, i) => lit && tile[i - 1]?.lit === false).map(({ time }) => time);
    return findBeeps(sound, beepHz(index)).flatMap(({ start }) => {
      const [nearest] = flashes.toSorted((a, b) => Math.abs(a - start) - Math.abs(b - start));
      return nearest !== undefined && Math.abs(nearest - start) < PAIR_S ? [(start - nearest) * 1000] : [];
    });
  });
  return {
    firstShown,
    firstFrame,
    uniqueFps: unique.reduce((sum, count) => sum + count, 0) / unique.length / (to - from),
    soundBehindMs: percentile(apart, 0.5),
    soundApartMs: percentile(apart.map(Math.abs), 0.95),
  };
};
