/**
 * What the file of a sitting should show: from what the scenario said (who is where, from when on), what participants really sent, and when
 * the journal says that the recording ran. Times of the scenario are the machine's monotonic clock, those of the expectation the file's.
 */
import type { Rect, Size } from '../../src/domain/layout.ts';
import { FRAME_RATE } from '../../src/domain/media-time.ts';
import type { Participant } from '../../src/synthetic/participant.ts';
import { TRANSITION_TICKS } from '../../src/timeline/transitions.ts';
import { cutsOf, isRecorded, type JournalFacts, secondsOf } from './journal-facts.ts';
import type { Expectation, ExpectedParticipant, ExpectedScene } from './oracle/expectation.ts';
import type { Fit } from './oracle/tile-reading.ts';
import { timelineOf, tracksAlone } from './oracle/track-alone.ts';

/** What is eased to a new place is judged once it is there. */
const TRANSITION_S = TRANSITION_TICKS / FRAME_RATE;
/** Keyframes come once a second: after a join, or when journaling begins, a picture may be that late. */
export const FIRST_PICTURE_S = 1.2 + TRANSITION_S;
/** After any other change: the event and the picture travel apart. */
export const CHANGE_S = 0.25 + TRANSITION_S;
/** Who begins to talk has the floor within 700 ms of media time, seen from where his voice is heard. */
export const SPEAKER_S = 0.8 + TRANSITION_S;
/** A flash or beep at the very edge of what is judged proves nothing. */
const EDGE_S = 0.1;
const MARK_S = 0.1;
const MARK_NS = 100_000_000n;
/** Flash and beep of one second, as far apart as a starved browser may send them. */
const PAIR_S = 0.4;

/** Whoever has an identity: a synthetic participant, somebody in a browser, a screen. */
export interface Seen {
  readonly index: number;
}

/** Somebody whose sender is not ours: judged against what arrived of it. */
export interface Guest extends Seen {
  readonly name: string;
  readonly fps: number;
  readonly loopFrames: number;
}

export interface SceneTile {
  readonly participant: Seen;
  readonly rect: Rect;
  readonly fit: Fit;
}

/** Who is seen where, and where nobody is. */
export interface Shown {
  readonly tiles: readonly SceneTile[];
  readonly dark?: readonly Rect[];
}

/** Who is where, from this moment on. Without tiles and dark places nothing is judged. */
export interface SceneFrom extends Shown {
  readonly fromNs: bigint;
  readonly settleS: number;
}

/** A stretch of the machine's monotonic clock. */
export interface Gap {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** All that a scenario said and did. */
export interface Told {
  readonly canvas: Size;
  readonly scenes: readonly SceneFrom[];
  readonly participants: readonly Participant[];
  /** Who shared a screen at any time. */
  readonly presenters: Iterable<Participant>;
  readonly guests: readonly Guest[];
  /** Times in which nothing that was sent need be in the file. */
  readonly gaps: readonly Gap[];
  /** Between the answers to start and end; null where nobody timed them. */
  readonly httpSeconds: number | null;
}

export const secondsBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e9;

/** True for a mark that lies whole within a scene that shows its participant. */
const isJudged = (scenes: readonly ExpectedScene[], index: number, time: number): boolean =>
  scenes.some(
    ({ from, to, tiles }) =>
      time >= from + EDGE_S && time + MARK_S <= to - EDGE_S && tiles.some(({ participant }) => participant === index),
  );

const isInside = (duration: number, time: number): boolean => time >= EDGE_S && time + MARK_S <= duration - EDGE_S;

const participantNamed = ({ people }: JournalFacts, name: string): string => {
  const found = people.find((person) => person.name === name);
  if (found) return found.participantId;
  throw new Error(`The journal knows nobody called "${name}", but ${people.map((person) => person.name).join(', ')}.`);
};

const expectedScenes = (told: readonly SceneFrom[], journal: JournalFacts, duration: number): ExpectedScene[] =>
  told.map((scene, index) => {
    const next = told[index + 1];
    // Journaling begins with the recording: pictures are shown from the first keyframe after it.
    const from = secondsOf(journal, scene.fromNs) + scene.settleS;
    const to = next ? secondsOf(journal, next.fromNs) - EDGE_S : duration;
    return {
      from: Math.max(FIRST_PICTURE_S, from),
      to: Math.min(duration, to),
      tiles: scene.tiles.map(({ participant, rect, fit }) => ({ participant: participant.index, rect, fit })),
      dark: scene.dark ?? [],
    };
  });

/** What a recording is judged by. `duration` and `scenes` are those of the file. */
interface Judging {
  readonly told: Told;
  readonly journal: JournalFacts;
  readonly duration: number;
  readonly scenes: readonly ExpectedScene[];
}

const people = ({ told, journal, duration, scenes }: Judging): ExpectedParticipant[] => {
  const byIndex = Map.groupBy(told.participants, ({ index }) => index);
  return [...byIndex].map(([index, incarnations]): ExpectedParticipant => {
    const [first] = incarnations;
    if (!first) throw new Error('A group of nobody.');
    const marks = incarnations.flatMap(({ sentLog }) => sentLog);
    const wasCut = (dueNs: bigint): boolean =>
      incarnations.some(({ reconnects }) =>
        reconnects.some(({ fromNs, toNs }) => dueNs + MARK_NS >= fromNs && dueNs <= toNs),
      );
    const timesOf = (kind: 'flash' | 'beep') =>
      marks
        .filter((mark) => mark.kind === kind && isRecorded(journal, mark.dueNs))
        .filter(({ dueNs }) => isRecorded(journal, dueNs + MARK_NS) && !wasCut(dueNs))
        .filter(({ dueNs }) => !told.gaps.some(({ fromNs, toNs }) => dueNs + MARK_NS > fromNs && dueNs < toNs))
        .map(({ dueNs }) => secondsOf(journal, dueNs));
    const beeps = timesOf('beep');
    return {
      index,
      fps: first.fps,
      loopFrames: first.loopSeconds * first.fps,
      mediaZero: secondsBetween(journal.startNs, first.epochNs),
      flashes: timesOf('flash').filter((time) => isJudged(scenes, index, time)),
      beeps: beeps.filter((time) => isInside(duration, time)),
      // A beep that a pause or a new connection cuts may be heard, or not; so may what is left of one in the midst of which somebody is unmuted.
      audible: [
        ...marks
          .filter(({ kind }) => kind === 'beep')
          .map(({ dueNs }) => ({ from: secondsOf(journal, dueNs), to: secondsOf(journal, dueNs + MARK_NS) })),
        ...told.scenes.map(({ fromNs, settleS }) => {
          const from = secondsOf(journal, fromNs);
          return { from, to: from + settleS };
        }),
      ],
    };
  });
};

/** Screens do not flash: they are judged by place and age. */
const screens = ({ told, journal }: Judging): ExpectedParticipant[] =>
  [...told.presenters].map((presenter) => ({
    index: presenter.screenIndex,
    fps: presenter.fps,
    loopFrames: presenter.loopSeconds * presenter.fps,
    mediaZero: secondsBetween(journal.startNs, presenter.epochNs),
    flashes: [],
    beeps: [],
    audible: [],
  }));

/** Guests are compared with their tracks decoded alone. */
const guests = async ({ told, journal, duration, scenes }: Judging): Promise<ExpectedParticipant[]> => {
  if (told.guests.length === 0) return [];
  const timeline = await timelineOf(journal.directory);
  const expected: ExpectedParticipant[] = [];
  for (const { index, name, fps, loopFrames } of told.guests) {
    const participantId = participantNamed(journal, name);
    const alone = await tracksAlone(timeline, participantId, index, Number(journal.startNs - journal.originNs));
    const beeps = alone.beeps.map(({ start }) => start);
    const ownPairs = alone.flashes.flatMap((flash) =>
      beeps.filter((beep) => Math.abs(beep - flash) < PAIR_S).map((beep) => ({ flash, beep })),
    );
    expected.push({
      index,
      fps,
      loopFrames,
      mediaZero: null,
      arrived: alone.frames,
      ownPairs,
      flashes: alone.flashes.filter((time) => isJudged(scenes, index, time)),
      beeps: beeps.filter((time) => isInside(duration, time)),
      audible: beeps.map((time) => ({ from: time, to: time + MARK_S })),
    });
  }
  return expected;
};

/** Rejects where the journal holds no end of the recording. */
export const expectationOf = async (told: Told, journal: JournalFacts): Promise<Expectation> => {
  const { spans } = journal;
  // One that was paused ends with the pause, whether or not its end was written.
  if (spans.spans.at(-1)?.toNs == null) throw new Error('The journal holds no end of the recording.');
  const duration = spans.secondsAt(Number.MAX_SAFE_INTEGER);
  const scenes = expectedScenes(told.scenes, journal, duration);
  const judging = { told, journal, duration, scenes };
  return {
    ...told.canvas,
    scenes,
    duration,
    // Where it was paused, more answers than two would have to be on time.
    httpDuration: spans.spans.length > 1 ? null : told.httpSeconds,
    cuts: cutsOf(journal),
    participants: [...people(judging), ...screens(judging), ...(await guests(judging))],
  };
};
