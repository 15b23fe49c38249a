/**
 * One sitting of a room in a scenario: synthetic participants who join, a recording, and in the end the file with everything that it
 * should show. Times are the machine's monotonic clock, which the journal and the participants share.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RecordingAnswer } from '../../src/cli/rest-client.ts';
import { gridRects } from '../../src/domain/grid.ts';
import { canvasSize, type Rect, type Size } from '../../src/domain/layout.ts';
import { FRAME_RATE } from '../../src/domain/media-time.ts';
import { shareRects } from '../../src/domain/stage.ts';
import { Participant, type ParticipantOptions } from '../../src/synthetic/participant.ts';
import { TALK_SECONDS } from '../../src/synthetic/sound.ts';
import { TRANSITION_TICKS } from '../../src/timeline/transitions.ts';
import { cutsOf, isRecorded, type JournalFacts, journalOf, secondsOf } from './journal-facts.ts';
import type { Expectation, ExpectedParticipant, ExpectedScene } from './oracle/expectation.ts';
import type { Fit } from './oracle/tile-reading.ts';
import { timelineOf, tracksAlone } from './oracle/track-alone.ts';
import { describeReport, judge, type Report } from './oracle/verdict.ts';
import type { RunningServer, Service } from './service.ts';
import { waitFor } from './wait-for.ts';

/** What is eased to a new place is judged once it is there. */
const TRANSITION_S = TRANSITION_TICKS / FRAME_RATE;
/** Keyframes come once a second: after a join, or when journaling begins, a picture may be that late. */
const FIRST_PICTURE_S = 1.2 + TRANSITION_S;
/** After any other change: the event and the picture travel apart. */
const CHANGE_S = 0.25 + TRANSITION_S;
/** Who begins to talk has the floor within 700 ms of media time, seen from where his voice is heard. */
const SPEAKER_S = 0.8 + TRANSITION_S;
/** A flash or beep at the very edge of what is judged proves nothing. */
const EDGE_S = 0.1;
const MARK_S = 0.1;
const MARK_NS = 100_000_000n;
/** Flash and beep of one second, as far apart as a starved browser may send them. */
const PAIR_S = 0.4;

/** Who is where, from this moment on. */
interface SceneFrom {
  readonly fromNs: bigint;
  readonly settleS: number;
  readonly tiles: readonly SceneTile[];
  readonly dark: readonly Rect[];
}

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

export interface FinishedRecording {
  readonly recording: RecordingAnswer;
  readonly file: string;
  readonly journal: JournalFacts;
  readonly expectation: Expectation;
}

export interface Judged {
  readonly finished: FinishedRecording;
  readonly report: Report;
  readonly failures: readonly string[];
  readonly journal: JournalFacts;
  /** Everything that was measured, for whoever looks into a failure. */
  readonly text: string;
}

const secondsBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e9;

export class Sitting {
  readonly roomId: string;
  readonly canvas: Size;
  readonly participants: Participant[] = [];
  readonly guests: Guest[] = [];
  /** Screens that were shared at any time. */
  readonly #screens = new Set<Participant>();
  readonly #service: Service<RunningServer>;
  readonly #epochNs = process.hrtime.bigint();
  readonly #of: number;
  readonly #scenes: SceneFrom[] = [];
  /** Times in which nothing that was sent need be in the file. */
  readonly #gaps: { readonly fromNs: bigint; readonly toNs: bigint }[] = [];
  #recordingId: string | undefined;
  #startAnswerNs = 0n;
  #endAnswerNs: bigint | null = null;

  private constructor(service: Service<RunningServer>, roomId: string, of: number, canvas: Size) {
    this.canvas = canvas;
    this.#service = service;
    this.roomId = roomId;
    this.#of = of;
  }

  /** Makes a room. `of` is how many take turns to flash; `canvas` that of the recording's quality and orientation. */
  static async open(
    service: Service<RunningServer>,
    of: number,
    canvas = canvasSize('med', 'landscape'),
  ): Promise<Sitting> {
    return new Sitting(service, await service.api.createRoom(), of, canvas);
  }

  get recordingId(): string {
    if (!this.#recordingId) throw new Error('No recording was started.');
    return this.#recordingId;
  }

  /** Somebody joins and sends; the scene is not changed by it: say so with `scene`. */
  async join(
    options: Omit<ParticipantOptions, 'url' | 'roomId' | 'token' | 'index' | 'name'> & {
      name?: string;
      index?: number;
    },
  ): Promise<Participant> {
    const index = options.index ?? this.participants.length;
    const name = options.name ?? `Participant ${index}`;
    const participant = await Participant.join({
      of: this.#of,
      epochNs: this.#epochNs,
      seconds: 60,
      size: { width: 320, height: 180 },
      ...options,
      index,
      name,
      url: this.#service.url,
      roomId: this.roomId,
      token: await this.#service.participantToken(this.roomId, { name }),
    });
    this.participants.push(participant);
    return participant;
  }

  /** From now on these are seen in a grid, in this order. `fresh`: at least one of them has only just begun to send. */
  grid(participants: readonly Seen[], { fresh = false, dark = [] as readonly number[] } = {}): void {
    const rects = gridRects(participants.length, this.canvas);
    const tiles: SceneTile[] = [];
    const off: Rect[] = [];
    for (const [place, rect] of rects.entries()) {
      const participant = participants[place];
      if (!participant) continue;
      if (dark.includes(place)) off.push(rect);
      else tiles.push({ participant, rect, fit: 'cover' });
    }
    this.scene(tiles, { fresh, dark: off });
  }

  /** From now on this is seen. */
  scene(tiles: readonly SceneTile[], { fresh = false, dark = [] as readonly Rect[] } = {}): void {
    this.#scenes.push({
      fromNs: process.hrtime.bigint(),
      settleS: fresh ? FIRST_PICTURE_S : CHANGE_S,
      tiles,
      dark,
    });
  }

  /** The screen of somebody who shares it at any time. */
  screenOf(presenter: Participant): Seen {
    this.#screens.add(presenter);
    return { index: presenter.screenIndex };
  }

  /** Somebody shares a screen from now on: the stage is its, cameras stand in the column in this order. */
  share(presenter: Participant, column: readonly Seen[]): void {
    const screen = this.screenOf(presenter);
    const rects = shareRects(column.length, this.canvas, 1);
    const [stage] = rects.stage;
    const tiles: SceneTile[] = [];
    if (stage) tiles.push({ participant: screen, rect: stage, fit: 'contain' });
    for (const [place, participant] of column.entries()) {
      const rect = rects.beside[place];
      if (rect) tiles.push({ participant, rect, fit: 'cover' });
    }
    this.scene(tiles, { fresh: true });
  }

  /** What was sent between these times reached nobody who could record it: it may be in the file, or not. */
  interrupted(fromNs: bigint, toNs: bigint): void {
    this.#gaps.push({ fromNs, toNs });
  }

  /** From now on nothing is judged until the next scene: a change is under way. */
  changing(): void {
    this.scene([]);
  }

  /** Seconds of the round of those who talk, in which each has his turn of `TALK_SECONDS`. */
  get talkRound(): number {
    return secondsBetween(this.#epochNs, process.hrtime.bigint()) % (this.#of * TALK_SECONDS);
  }

  /** Waits for the next turn of this participant to talk; whatever follows from who speaks is seen from then on. */
  async turnOf(index: number, tiles: readonly SceneTile[], dark: readonly Rect[] = []): Promise<void> {
    const turn = TALK_SECONDS * 1000;
    await waitFor(`the turn of participant ${index}`, (this.#of + 1) * turn, () => {
      return Math.floor(this.talkRound / TALK_SECONDS) === index;
    });
    this.#scenes.push({ fromNs: process.hrtime.bigint(), settleS: SPEAKER_S, tiles, dark });
  }

  async startRecording(config: Record<string, unknown> = {}): Promise<string> {
    this.#recordingId = await this.#service.api.startRecording(this.roomId, config);
    this.#endAnswerNs = null;
    this.#startAnswerNs = process.hrtime.bigint();
    return this.#recordingId;
  }

  /** `timed`: the file is judged by the time between the answers to start and end, too; not where several rooms share the machine. */
  async endRecording({ timed = true } = {}): Promise<void> {
    await this.#service.api.endRecording(this.roomId);
    if (timed) this.#endAnswerNs = process.hrtime.bigint();
  }

  /** Nothing is recorded from now on, and nothing judged. */
  async pauseRecording(): Promise<void> {
    await this.#service.api.changeRecording(this.recordingId, 'POST', '/pause');
    this.changing();
  }

  /** It goes on: say with `grid` or `scene` what is seen. */
  async resumeRecording(): Promise<void> {
    await this.#service.api.changeRecording(this.recordingId, 'POST', '/resume');
  }

  /** Another layout: say with `grid` or `scene` what is seen. */
  async changeLayout(layout: Record<string, unknown>): Promise<void> {
    await this.#service.api.changeRecording(this.recordingId, 'PATCH', '', { config: { layout } });
  }

  /** Waits until this long has passed since the recording's start was answered. */
  async until(seconds: number): Promise<void> {
    await waitFor(`second ${seconds} of the recording`, seconds * 1000 + 5_000, () => this.elapsed >= seconds);
  }

  /** Seconds since the recording's start was answered. */
  get elapsed(): number {
    return secondsBetween(this.#startAnswerNs, process.hrtime.bigint());
  }

  /** Everybody who is still there leaves. */
  async leave(): Promise<void> {
    await Promise.all(this.participants.map((participant) => participant.leave()));
  }

  /**
   * Waits for the file of the recording that runs, or was the last to run, when this is called, fetches it as a customer would, and says what
   * it should show. Another one may be started meanwhile.
   */
  async finished(limitMs = 120_000): Promise<FinishedRecording> {
    const { recordingId } = this;
    const answersNs = this.#endAnswerNs === null ? null : { start: this.#startAnswerNs, end: this.#endAnswerNs };
    const recording = await this.#service.api.finished(recordingId, limitMs);
    if (!recording.file) throw new Error('The recording is done but names no file.');
    const file = join(this.#service.folder, `${recording.id}.mp4`);
    await pipeline(Readable.from(await this.#service.api.download(recording.file.fileUrl)), createWriteStream(file));
    const journal = await journalOf(this.#service.journals, recording.id);
    return { recording, file, journal, expectation: await this.#expectation(journal, answersNs) };
  }

  /** Waits for the file and judges it. */
  async judged(limitMs?: number): Promise<Judged> {
    const finished = await this.finished(limitMs);
    const report = await judge(finished.file, finished.expectation);
    const { missing, longest } = finished.journal.streams.reduce(
      (sum, stream) => ({
        missing: sum.missing + stream.missing,
        longest: Math.max(sum.longest, stream.longestPauseMs),
      }),
      { missing: 0, longest: 0 },
    );
    const journal = `journal: ${finished.journal.streams.length} streams, ${missing} packets missing, longest pause ${longest.toFixed(0)} ms`;
    return {
      finished,
      report,
      failures: report.failures,
      journal: finished.journal,
      text: `${describeReport(report)}\n${journal}`,
    };
  }

  async #expectation(
    journal: JournalFacts,
    answersNs: { readonly start: bigint; readonly end: bigint } | null,
  ): Promise<Expectation> {
    const { startNs, spans } = journal;
    // One that was paused ends with the pause, whether or not its end was written.
    if (spans.spans.at(-1)?.toNs == null) throw new Error('The journal holds no end of the recording.');
    const duration = spans.secondsAt(Number.MAX_SAFE_INTEGER);
    const scenes = this.#scenes.map((scene, index): ExpectedScene => {
      const next = this.#scenes[index + 1];
      // Journaling begins with the recording: pictures are shown from the first keyframe after it.
      const from = secondsOf(journal, scene.fromNs) + scene.settleS;
      const to = next ? secondsOf(journal, next.fromNs) - EDGE_S : duration;
      return {
        from: Math.max(FIRST_PICTURE_S, from),
        to: Math.min(duration, to),
        tiles: scene.tiles.map(({ participant, rect, fit }) => ({ participant: participant.index, rect, fit })),
        dark: scene.dark,
      };
    });
    return {
      ...this.canvas,
      scenes,
      duration,
      // Where it was paused, more answers than two would have to be on time.
      httpDuration: answersNs && spans.spans.length === 1 ? secondsBetween(answersNs.start, answersNs.end) : null,
      cuts: cutsOf(journal),
      participants: [
        ...this.#people(journal, duration, scenes),
        ...this.#shared(startNs),
        ...(await this.#guests(journal, duration, scenes)),
      ],
    };
  }

  #people(journal: JournalFacts, duration: number, scenes: readonly ExpectedScene[]): ExpectedParticipant[] {
    const byIndex = Map.groupBy(this.participants, ({ index }) => index);
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
          .filter(({ dueNs }) => !this.#gaps.some(({ fromNs, toNs }) => dueNs + MARK_NS > fromNs && dueNs < toNs))
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
          ...this.#scenes.map(({ fromNs, settleS }) => {
            const from = secondsOf(journal, fromNs);
            return { from, to: from + settleS };
          }),
        ],
      };
    });
  }

  /** Screens do not flash: they are judged by place and age. */
  #shared(startNs: bigint): ExpectedParticipant[] {
    return [...this.#screens].map((presenter) => ({
      index: presenter.screenIndex,
      fps: presenter.fps,
      loopFrames: presenter.loopSeconds * presenter.fps,
      mediaZero: secondsBetween(startNs, presenter.epochNs),
      flashes: [],
      beeps: [],
      audible: [],
    }));
  }

  /** Guests are compared with their tracks decoded alone. */
  async #guests(
    journal: JournalFacts,
    duration: number,
    scenes: readonly ExpectedScene[],
  ): Promise<ExpectedParticipant[]> {
    if (this.guests.length === 0) return [];
    const timeline = await timelineOf(journal.directory);
    const people: ExpectedParticipant[] = [];
    for (const { index, name, fps, loopFrames } of this.guests) {
      const participantId = participantNamed(journal, name);
      const alone = await tracksAlone(timeline, participantId, index, Number(journal.startNs - journal.originNs));
      const beeps = alone.beeps.map(({ start }) => start);
      const ownPairs = alone.flashes.flatMap((flash) =>
        beeps.filter((beep) => Math.abs(beep - flash) < PAIR_S).map((beep) => ({ flash, beep })),
      );
      people.push({
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
    return people;
  }
}

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
