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
import { shareRects } from '../../src/domain/stage.ts';
import { Participant, type ParticipantOptions } from '../../src/synthetic/participant.ts';
import { TALK_SECONDS } from '../../src/synthetic/sound.ts';
import { type JournalFacts, journalOf } from './journal-facts.ts';
import type { Expectation } from './oracle/expectation.ts';
import { describeReport, judge, type Report } from './oracle/verdict.ts';
import type { RunningServer, Service } from './service.ts';
import {
  CHANGE_S,
  expectationOf,
  FIRST_PICTURE_S,
  type Gap,
  type Guest,
  type SceneFrom,
  type SceneTile,
  type Seen,
  type Shown,
  SPEAKER_S,
  secondsBetween,
} from './sitting-expectation.ts';
import { waitFor } from './wait-for.ts';

export type { Guest, SceneTile, Seen, Shown } from './sitting-expectation.ts';

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
  readonly #gaps: Gap[] = [];
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

  /** `fields` of the start call beside its `config`. */
  async startRecording(config: Record<string, unknown> = {}, fields: Record<string, unknown> = {}): Promise<string> {
    this.#recordingId = await this.#service.api.startRecording(this.roomId, config, fields);
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
    const httpSeconds = this.#endAnswerNs === null ? null : secondsBetween(this.#startAnswerNs, this.#endAnswerNs);
    const recording = await this.#service.api.finished(recordingId, limitMs);
    if (!recording.file) throw new Error('The recording is done but names no file.');
    const file = await this.#fetch(recording.file.fileUrl, recording.id);
    const journal = await journalOf(this.#service.journals, recording.id);
    const told = { canvas: this.canvas, scenes: this.#scenes, httpSeconds };
    return { recording, file, journal, expectation: await expectationOf({ ...this.#told(), ...told }, journal) };
  }

  #told() {
    return { participants: this.participants, presenters: this.#screens, guests: this.guests, gaps: this.#gaps };
  }

  /**
   * What the file should show, composed again on another canvas, with other people in other places in the scenes in which anybody was said
   * to be seen, one after the other.
   */
  #expectationAgain(
    journal: JournalFacts,
    { canvas, shown }: { readonly canvas: Size; readonly shown: readonly Shown[] },
  ): Promise<Expectation> {
    const judged = this.#scenes.filter(({ tiles, dark = [] }) => tiles.length + dark.length > 0);
    if (judged.length !== shown.length)
      throw new Error(`${judged.length} scenes were shown, ${shown.length} are told.`);
    const scenes = this.#scenes.map((scene) => {
      const { tiles, dark = [] } = shown[judged.indexOf(scene)] ?? { tiles: [] };
      return { ...scene, tiles, dark };
    });
    return expectationOf({ ...this.#told(), canvas, scenes, httpSeconds: null }, journal);
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

  /** The finished recording, composed again with this configuration, judged by what it should show then. */
  async judgedAgain(
    { journal }: FinishedRecording,
    config: Record<string, unknown>,
    otherwise: { canvas: Size; shown: readonly Shown[] },
  ): Promise<Report> {
    const { id, fileUrl } = await this.#service.api.composedAgain(this.recordingId, config);
    return judge(await this.#fetch(fileUrl, id), await this.#expectationAgain(journal, otherwise));
  }

  async #fetch(url: string, name: string): Promise<string> {
    const file = join(this.#service.folder, `${name}.mp4`);
    await pipeline(Readable.from(await this.#service.api.download(url)), createWriteStream(file));
    return file;
  }
}
