/**
 * Judges a finished recording by its picture and sound alone: who is in which tile and in which colour, flashes and beeps in their
 * places and together,
 * every presentation time where it should be, the length, and how old the pictures are.
 */
import { beepHz, identityRgb, type Rgb } from '../../../src/synthetic/identity.ts';
import { type Beep, findBeeps } from './beeps.ts';
import { farthest } from './colours.ts';
import {
  type Expectation,
  type ExpectedParticipant,
  type ExpectedScene,
  type ExpectedTile,
  LIMITS,
  type TimedFrame,
} from './expectation.ts';
import { type DecodedFile, decodeFile, type Picture } from './media-file.ts';
import { isLit, misplacement, readTile } from './tile-reading.ts';

export interface ParticipantReport {
  readonly index: number;
  /** Pictures in which this participant should be seen, and those in which it is, with a readable frame number. */
  readonly pictures: number;
  readonly inPlace: number;
  /** How far the picture's edges are from where the rectangle puts them, px: the 95th percentile. Null: could not be told. */
  readonly misplacedPx: number | null;
  /** Mean colour that is seen, and how far it is from the one that was sent: the 95th percentile. Null: never seen. */
  readonly colour: Rgb | null;
  readonly colourOff: number | null;
  readonly flashes: { readonly expected: number; readonly seen: number };
  readonly beeps: { readonly expected: number; readonly heard: number };
  /** Sound minus picture of every flash and beep of one second, ms. */
  readonly offsetsMs: readonly number[];
  readonly offsetP50Ms: number | null;
  /** 95th percentile of the absolute value. */
  readonly offsetP95Ms: number | null;
  /** Age of the shown frame beyond the newest one, ms: the worst, and the mean. Null where no common clock is known. */
  readonly staleWorstMs: number | null;
  readonly staleMeanMs: number | null;
}

export interface Report {
  readonly file: DecodedFile;
  readonly participants: readonly ParticipantReport[];
  /** Sentences; empty: the recording is right. */
  readonly failures: readonly string[];
}

/** What is gathered about one participant while the file is decoded. */
interface Sightings {
  pictures: number;
  inPlace: number;
  /** Others' colours, unreadable codes: what was there instead, with how often. */
  readonly instead: Map<string, number>;
  readonly flashes: number[];
  /**
   * Those of which the picture before was read too. Where it was not, the flash may have begun in it: it is seen, but from when on
   * is not known to a tick, and sound cannot be held against it.
   */
  readonly timedFlashes: number[];
  readonly misplaced: number[];
  readonly colours: Rgb[];
  lit: boolean;
  /** Time of the previous picture in which the participant was in place: an onset needs one. */
  previous: number | null;
  staleWorst: number;
  staleSum: number;
  staleCount: number;
}

const sightings = (): Sightings => ({
  pictures: 0,
  inPlace: 0,
  instead: new Map(),
  flashes: [],
  timedFlashes: [],
  misplaced: [],
  colours: [],
  lit: false,
  previous: null,
  staleWorst: Number.NEGATIVE_INFINITY,
  staleSum: 0,
  staleCount: 0,
});

const count = (map: Map<string, number>, key: string): void => {
  map.set(key, (map.get(key) ?? 0) + 1);
};

const css = (rgb: Rgb): string => `rgb(${rgb.map(Math.round).join(', ')})`;
const rough = (value: number): number => Math.round(value / 16) * 16;
/** Few enough to be counted. */
const roughly = (rgb: Rgb): string => css([rough(rgb[0]), rough(rgb[1]), rough(rgb[2])]);

const meanColour = (colours: readonly Rgb[]): Rgb | null => {
  const sum: [number, number, number] = [0, 0, 0];
  for (const [r, g, b] of colours) {
    sum[0] += r;
    sum[1] += g;
    sum[2] += b;
  }
  const [r, g, b] = sum;
  return colours.length === 0 ? null : [r / colours.length, g / colours.length, b / colours.length];
};

/** Half of a 30 fps tick: a picture is shown at the tick it is nearest to, so it may be this much early. */
const HALF_TICK = 1 / 60;
/** Longer than this without a sight of the patch, and an onset cannot be told. */
const LONGEST_BLINK = 0.2;

/** How much older than the newest frame of the sender the shown frame is, seconds, modulo the loop. */
const staleness = (who: ExpectedParticipant, shown: number, time: number, skipped: number): number | null => {
  if (who.arrived) return stalenessOfArrived(who.arrived, shown, time);
  if (who.mediaZero === null) return null;
  const newest = Math.floor((time + skipped + HALF_TICK - who.mediaZero) * who.fps);
  const behind = (((newest - shown) % who.loopFrames) + who.loopFrames) % who.loopFrames;
  return (behind > who.loopFrames / 2 ? behind - who.loopFrames : behind) / who.fps;
};

/** The same against pictures as they were journaled; null for a picture that was not. */
const stalenessOfArrived = (arrived: readonly TimedFrame[], shown: number, time: number): number | null => {
  const newest = arrived.findLast((frame) => frame.time <= time + HALF_TICK);
  const shownAt = arrived.findLast((frame) => frame.frame === shown && frame.time <= time + 2 * HALF_TICK);
  return newest && shownAt ? newest.time - shownAt.time : null;
};

class Observer {
  readonly #expected: Expectation;
  readonly seen = new Map<number, Sightings>();
  /** Pictures of somebody where nobody should be. */
  readonly intruders = new Map<string, number>();

  constructor(expected: Expectation) {
    this.#expected = expected;
    for (const { index } of expected.participants) this.seen.set(index, sightings());
  }

  look(picture: Picture): void {
    for (const scene of this.#expected.scenes) {
      if (picture.time < scene.from || picture.time >= scene.to) continue;
      for (const tile of scene.tiles) this.#lookAtTile(picture, tile);
      this.#lookAtDark(picture, scene);
    }
  }

  #lookAtTile(picture: Picture, tile: ExpectedTile): void {
    const seen = this.seen.get(tile.participant);
    const who = this.#expected.participants.find(({ index }) => index === tile.participant);
    if (!seen || !who) throw new Error(`A tile expects participant ${tile.participant}, of whom nothing else is said.`);
    seen.pictures += 1;
    const reading = readTile(picture, tile.rect, tile.fit);
    if (reading.identity !== tile.participant || reading.frame === null) {
      count(
        seen.instead,
        reading.identity === null ? `nobody in ${roughly(reading.colour)}` : `participant ${reading.identity}`,
      );
      return;
    }
    seen.inPlace += 1;
    if (reading.pure) seen.colours.push(reading.colour);
    const misplaced = misplacement(picture, tile.rect, tile.fit);
    if (misplaced !== null) seen.misplaced.push(misplaced);
    const lit = isLit(reading);
    const blink = seen.previous === null ? Number.POSITIVE_INFINITY : picture.time - seen.previous;
    if (lit && !seen.lit && blink <= LONGEST_BLINK) {
      seen.flashes.push(picture.time);
      if (blink < 3 * HALF_TICK) seen.timedFlashes.push(picture.time);
    }
    seen.lit = lit;
    seen.previous = picture.time;
    const skipped = this.#expected.cuts?.findLast(({ at }) => at <= picture.time + HALF_TICK)?.skipped ?? 0;
    const stale = staleness(who, reading.frame, picture.time, skipped);
    if (stale === null) return;
    seen.staleWorst = Math.max(seen.staleWorst, stale);
    seen.staleSum += stale;
    seen.staleCount += 1;
  }

  #lookAtDark(picture: Picture, scene: ExpectedScene): void {
    for (const rect of scene.dark ?? []) {
      const { identity, frame } = readTile(picture, rect);
      if (identity !== null && frame !== null) count(this.intruders, `participant ${identity}`);
    }
  }
}

/** Value below which a part of the values lies; null for none. */
export const percentile = (values: readonly number[], part: number): number | null => {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? null;
};

const nearest = (times: readonly number[], to: number): number | null => {
  let best: number | null = null;
  for (const time of times) {
    if (Math.abs(time - to) * 1000 <= LIMITS.matchMs && (best === null || Math.abs(time - to) < Math.abs(best - to))) {
      best = time;
    }
  }
  return best;
};

/** How far apart the sender itself sent the beep and the flash that is seen at this time, seconds. */
const ownOffset = ({ ownPairs = [] }: ExpectedParticipant, flash: number): number => {
  const time = nearest(
    ownPairs.map((pair) => pair.flash),
    flash,
  );
  const own = ownPairs.find((pair) => pair.flash === time);
  return own ? own.beep - own.flash : 0;
};

const reportOn = (who: ExpectedParticipant, seen: Sightings, beeps: readonly Beep[]): ParticipantReport => {
  const starts = beeps.map(({ start }) => start);
  const offsets: number[] = [];
  for (const flash of seen.timedFlashes) {
    const beep = nearest(starts, flash);
    if (beep !== null) offsets.push((beep - flash - ownOffset(who, flash)) * 1000);
  }
  const found = (expected: readonly number[], times: readonly number[]): number =>
    expected.filter((time) => nearest(times, time) !== null).length;
  return {
    index: who.index,
    pictures: seen.pictures,
    inPlace: seen.inPlace,
    misplacedPx: percentile(seen.misplaced, 0.95),
    colour: meanColour(seen.colours),
    colourOff: percentile(
      seen.colours.map((colour) => farthest(colour, identityRgb(who.index))),
      0.95,
    ),
    flashes: { expected: who.flashes.length, seen: found(who.flashes, seen.flashes) },
    beeps: { expected: who.beeps.length, heard: found(who.beeps, starts) },
    offsetsMs: offsets,
    offsetP50Ms: percentile(offsets, 0.5),
    offsetP95Ms: percentile(offsets.map(Math.abs), 0.95),
    staleWorstMs: seen.staleCount > 0 ? seen.staleWorst * 1000 : null,
    staleMeanMs: seen.staleCount > 0 ? (seen.staleSum / seen.staleCount) * 1000 : null,
  };
};

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** What is wrong with one participant. */
const complaints = (who: ExpectedParticipant, report: ParticipantReport, seen: Sightings, beeps: readonly Beep[]) => {
  const wrong: string[] = [];
  const name = `Participant ${who.index}`;
  if (report.inPlace < report.pictures * LIMITS.present) {
    const instead = [...seen.instead].map(([what, times]) => `${what} ${times}×`).join(', ');
    wrong.push(`${name} is in place in ${report.inPlace} of ${report.pictures} pictures; instead: ${instead}.`);
  }
  if ((report.misplacedPx ?? 0) > LIMITS.misplacedPx) {
    wrong.push(`${name} is ${report.misplacedPx?.toFixed(1)} px beside the place that the layout gives it.`);
  }
  if ((report.colourOff ?? 0) > LIMITS.colourOff) {
    const [seenAs, sent] = [css(report.colour ?? [0, 0, 0]), css(identityRgb(who.index))];
    wrong.push(`${name} is seen in ${seenAs} instead of ${sent}: off by ${report.colourOff?.toFixed(1)}.`);
  }
  if (report.flashes.seen < report.flashes.expected * LIMITS.present) {
    wrong.push(`${name}: ${report.flashes.seen} of ${report.flashes.expected} flashes are seen.`);
  }
  if (report.beeps.heard < report.beeps.expected * LIMITS.present) {
    wrong.push(`${name}: ${report.beeps.heard} of ${report.beeps.expected} beeps are heard.`);
  }
  if (report.offsetP95Ms !== null && report.offsetP95Ms > LIMITS.offsetMs) {
    wrong.push(`${name}: sound is off by ${ms(report.offsetP95Ms)} (p95; median ${ms(report.offsetP50Ms ?? 0)}).`);
  }
  if (report.flashes.expected > 0 && report.beeps.expected > 0 && report.offsetsMs.length === 0) {
    wrong.push(`${name}: no flash has its beep.`);
  }
  if (report.staleWorstMs !== null && report.staleWorstMs > LIMITS.staleMs) {
    wrong.push(`${name}: a picture is ${ms(report.staleWorstMs)} older than the newest frame.`);
  }
  if (report.staleWorstMs !== null && (report.staleMeanMs ?? 0) < -LIMITS.staleMs) {
    wrong.push(`${name}: pictures are ${ms(-(report.staleMeanMs ?? 0))} ahead of their time.`);
  }
  const margin = LIMITS.matchMs / 1000;
  for (const { start } of beeps) {
    if (!who.audible.some(({ from, to }) => start >= from - margin && start <= to + margin)) {
      wrong.push(`${name} is heard at ${start.toFixed(2)} s, where it should be silent.`);
    }
  }
  return wrong;
};

const fileComplaints = ({ video, sound }: DecodedFile, expected: Expectation): string[] => {
  if (!video) return ['The file has no picture.'];
  const wrong: string[] = [];
  if (!sound) wrong.push('The file has no sound.');
  if (video.width !== expected.width || video.height !== expected.height) {
    wrong.push(`The picture is ${video.width}x${video.height}, not ${expected.width}x${expected.height}.`);
  }
  if (video.deltas.size > 1) {
    const list = [...video.deltas].map(([delta, times]) => `${delta} (${times}×)`).join(', ');
    wrong.push(`The distances between pictures are not equal: ${list} in units of the time base.`);
  }
  const offMs = Math.abs(video.duration - expected.duration) * 1000;
  if (offMs > LIMITS.durationMs) {
    wrong.push(`The picture lasts ${video.duration.toFixed(3)} s, the journal says ${expected.duration.toFixed(3)} s.`);
  }
  if (sound) {
    const length = sound.samples.length / sound.sampleRate;
    if (Math.abs(length - expected.duration) * 1000 > LIMITS.durationMs) {
      wrong.push(`The sound lasts ${length.toFixed(3)} s, the journal says ${expected.duration.toFixed(3)} s.`);
    }
  }
  if (expected.httpDuration !== null) {
    const httpMs = Math.abs(video.duration - expected.httpDuration) * 1000;
    if (httpMs > LIMITS.httpDurationMs) {
      wrong.push(
        `The picture lasts ${video.duration.toFixed(3)} s; ${expected.httpDuration.toFixed(3)} s lay between the answers.`,
      );
    }
  }
  return wrong;
};

/** Decodes and judges. */
export const judge = async (path: string, expected: Expectation): Promise<Report> => {
  const observer = new Observer(expected);
  const file = await decodeFile(path, (picture) => observer.look(picture));
  const participants: ParticipantReport[] = [];
  const failures = fileComplaints(file, expected);
  for (const who of expected.participants) {
    const seen = observer.seen.get(who.index);
    if (!seen) continue;
    const beeps = file.sound ? findBeeps(file.sound, beepHz(who.index)) : [];
    const report = reportOn(who, seen, beeps);
    participants.push(report);
    failures.push(...complaints(who, report, seen, beeps));
  }
  for (const [who, times] of observer.intruders) {
    failures.push(`A place that should be dark shows ${who} in ${times} pictures.`);
  }
  return { file, participants, failures };
};

/** One line a participant, for whoever looks into a failure. */
export const describeReport = ({ file, participants, failures }: Report): string =>
  [
    `${file.video?.frames ?? 0} pictures, ${file.video?.duration.toFixed(3) ?? 0} s`,
    ...participants.map(
      ({
        index,
        pictures,
        inPlace,
        misplacedPx,
        colour,
        colourOff,
        flashes,
        beeps,
        offsetP50Ms,
        offsetP95Ms,
        staleWorstMs,
      }) =>
        `participant ${index}: in place ${inPlace}/${pictures} (${misplacedPx?.toFixed(1)} px off), in ${css(colour ?? [0, 0, 0])} (${colourOff?.toFixed(1)} off ${css(identityRgb(index))}), flashes ${flashes.seen}/${flashes.expected}, beeps ${beeps.heard}/${beeps.expected}, ` +
        `sound-picture p50 ${offsetP50Ms?.toFixed(1)} |p95| ${offsetP95Ms?.toFixed(1)} ms, oldest ${staleWorstMs?.toFixed(1)} ms`,
    ),
    ...failures.map((failure) => `✗ ${failure}`),
  ].join('\n');
