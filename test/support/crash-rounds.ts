/**
 * Rounds of `kill -9` while a room is recorded. In each round two people who send pre-encoded media are recorded, somebody is killed, those
 * who lost their connection come back by their resume tokens, and the recording ends: by itself it must get done, show and let hear
 * all that was received but the last second before the kill, with the gap told. An endpoint that outlives them all is told of each recording
 * what happened to it, once and in order. (The service must permit calls to this machine: `CRASH_ROUNDS_ENVIRONMENT`.)
 *
 * Everything that is left to chance follows from the seed; what the machine makes of it does not.
 */

import { canvasSize } from '../../src/domain/layout.ts';
import { readJournal } from '../../src/journal/reader.ts';
import { seededRandom } from '../../src/synthetic/impairment.ts';
import type { Participant } from '../../src/synthetic/participant.ts';
import type { InitSystem } from './init-system.ts';
import { type JournalFacts, secondsOf } from './journal-facts.ts';
import { leftovers } from './leftovers.ts';
import type { PatientApi } from './patient-api.ts';
import type { Service } from './service.ts';
import { type Judged, Sitting } from './sitting.ts';
import { missingEnds, wrongEvents } from './told-of-recordings.ts';
import { kill, recoveryOf, VICTIMS, type Victim } from './victims.ts';
import { waitFor } from './wait-for.ts';
import { Receiver } from './webhook-receiver.ts';

export interface CrashPlan {
  readonly round: number;
  readonly victims: readonly Victim[];
  /** While it is recorded, seconds after its start; or while the rest of it is composed, seconds after its end. */
  readonly moment: 'recording' | 'composing';
  readonly afterS: number;
}

export interface CrashRound extends CrashPlan {
  readonly recordingId: string;
  /** From the kill to when everybody was back, the product healthy, and what was killed replaced. */
  readonly recoveryS: number;
  /** Between the last packet in the journal and the kill, ms, of the stream that lost most. Null: no media could be lost. */
  readonly lostMs: number | null;
  /** How long nothing was received; null where nobody lost his connection. */
  readonly gapS: number | null;
  readonly violations: readonly string[];
}

export const CRASH_ROUNDS_ENVIRONMENT = { ROOMTAPE_ALLOW_PRIVATE_URLS: '127.0.0.0/8' } as const;

/** What was received in the last second before a kill may be missing. */
const MAY_BE_LOST_S = 1;
const EARLIEST_S = 1.8;
const LATEST_S = 5;
/** Of eight kills one hits a recording that is over and not done yet. */
const COMPOSING_SHARE = 1 / 8;
const COMPOSING_WITHIN_S = 1.2;
/** How long it is recorded behind the kill. */
const AFTERWARDS_S = 3.5;
const BACK_LIMIT_MS = 40_000;
const DONE_LIMIT_MS = 120_000;
/** After a kill of media and server, somebody is heard again so much later than he knows that he is back. */
const HEARD_AGAIN_NS = 400_000_000n;
const TIDY_LIMIT_MS = 20_000;
/** A call that a killed server was in the middle of is taken for lost after 30 s; the lane goes on then. */
const TOLD_LIMIT_MS = 60_000;

const endsConnections = (victims: readonly Victim[]): boolean =>
  victims.some((one) => one === 'media' || one === 'everything');
const endsSockets = (victims: readonly Victim[]): boolean =>
  victims.some((one) => one !== 'compositor' && one !== 'postgres');

/** The plan of every round, for ever. Each six rounds kill each victim once. */
export function* crashPlans(seed: number): Generator<CrashPlan, never> {
  const random = seededRandom(seed);
  // The first numbers of neighbouring seeds are neighbours.
  for (let i = 0; i < 16; i++) random();
  for (let round = 1; ; ) {
    const deck = VICTIMS.map((victim) => ({ victim, order: random() })).sort((a, b) => a.order - b.order);
    for (const { victim } of deck) {
      const isComposing = random() < COMPOSING_SHARE;
      const afterS = isComposing ? random() * COMPOSING_WITHIN_S : EARLIEST_S + random() * (LATEST_S - EARLIEST_S);
      yield { round: round++, victims: [victim], moment: isComposing ? 'composing' : 'recording', afterS };
    }
  }
}

type CrashedService = Service<InitSystem, PatientApi>;

export class CrashRounds {
  readonly #service: CrashedService;
  readonly #sitting: Sitting;
  readonly #people: readonly Participant[];
  readonly #receiver: Receiver;
  readonly #recordingIds: string[] = [];

  private constructor(service: CrashedService, sitting: Sitting, people: readonly Participant[], receiver: Receiver) {
    this.#service = service;
    this.#sitting = sitting;
    this.#people = people;
    this.#receiver = receiver;
  }

  /** Two people join a room of their own and send. */
  static async open(service: CrashedService): Promise<CrashRounds> {
    const sitting = await Sitting.open(service, 2, canvasSize('low', 'landscape'));
    const media = { via: 'room', stays: true, size: { width: 320, height: 180 }, fps: 15, seconds: 20 } as const;
    const people = [await sitting.join(media), await sitting.join(media)];
    return new CrashRounds(service, sitting, people, await Receiver.start());
  }

  /** Resolves when the recording has been stopped; its `verdict` when it has been judged. Another round may be played meanwhile. */
  async play(plan: CrashPlan): Promise<{ readonly verdict: Promise<CrashRound> }> {
    const sitting = this.#sitting;
    const { api } = this.#service;
    sitting.grid(this.#people, { fresh: true });
    const recordingId = await sitting.startRecording({ quality: 'low' }, { webhookUrl: this.#receiver.url() });
    this.#recordingIds.push(recordingId);
    const isLost = plan.moment === 'recording' && endsConnections(plan.victims);
    let crash: Crash;
    if (plan.moment === 'recording') {
      await sitting.until(plan.afterS - (isLost ? MAY_BE_LOST_S : 0));
      if (isLost) {
        sitting.changing();
        await sitting.until(plan.afterS);
      }
      crash = await this.#crash(plan.victims);
      if (isLost) {
        sitting.interrupted(crash.atNs - BigInt(MAY_BE_LOST_S * 1e9), crash.backNs + HEARD_AGAIN_NS);
        sitting.grid(this.#people, { fresh: true });
      }
      await sitting.until(sitting.elapsed + AFTERWARDS_S);
      await api.ended(sitting.roomId, recordingId);
    } else {
      await sitting.until(LATEST_S);
      await api.ended(sitting.roomId, recordingId);
      const endedAt = sitting.elapsed;
      await sitting.until(endedAt + plan.afterS);
      crash = await this.#crash(plan.victims);
    }
    const judged = sitting.judged(DONE_LIMIT_MS);
    const verdict = judged.then((result) => verdictOf(plan, recordingId, crash, isLost, result));
    // Should another round fail first, nobody asks for this one any more.
    verdict.catch(() => undefined);
    return { verdict };
  }

  /** Everybody leaves. Resolves, when nothing is recorded or composed any more, to what is left, or was told, of it that should not be. */
  async close(): Promise<string[]> {
    await this.#sitting.leave();
    const { received } = this.#receiver;
    await waitFor(
      'the end of every recording to be told',
      TOLD_LIMIT_MS,
      () => missingEnds(received, this.#recordingIds) === 0,
    ).catch(() => undefined); // what was not told is said
    await this.#receiver.close();
    const wrong = wrongEvents(received, this.#recordingIds);
    let left: string[] = [];
    await waitFor('nothing to be left', TIDY_LIMIT_MS, async () => {
      left = await leftovers(this.#service.server.dataDir);
      return left.length === 0;
    }).catch(() => undefined); // what is left is said
    return [...left, ...wrong];
  }

  async #crash(victims: readonly Victim[]): Promise<Crash> {
    const { server } = this.#service;
    const recoveries = await Promise.all(victims.map((victim) => recoveryOf(victim, server)));
    const timesBack = this.#people.map((person) => person.timesBack);
    const kills = await Promise.all(victims.map((victim) => kill(victim, server)));
    const atNs = kills.map((one) => one.atNs).reduce((a, b) => (a < b ? a : b));
    if (endsSockets(victims)) {
      await waitFor('everybody to be back', BACK_LIMIT_MS, () =>
        this.#people.every((person, index) => person.timesBack > (timesBack[index] ?? 0)),
      );
    }
    const backNs = process.hrtime.bigint();
    for (const recovery of recoveries) await recovery();
    return { atNs, backNs, recoveredNs: process.hrtime.bigint() };
  }
}

interface Crash {
  readonly atNs: bigint;
  readonly backNs: bigint;
  readonly recoveredNs: bigint;
}

/** When the last packet before a time, and the first after it, was received, by stream source and participant; session time. */
const packetsAround = async (journal: JournalFacts, atNs: number): Promise<{ lastNs: number; nextNs: number }> => {
  const last = new Map<string, number>();
  const names = new Map<number, string>();
  let nextNs = Number.POSITIVE_INFINITY;
  for await (const { records } of readJournal(journal.directory)) {
    for (const record of records) {
      const opened =
        record.type === 'snapshot'
          ? record.snapshot.streams
          : record.type === 'event' && record.event.type === 'stream-opened'
            ? [record.event.stream]
            : [];
      for (const { stream, participantId, source } of opened) names.set(stream, `${participantId} ${source}`);
      if (record.type !== 'rtp') continue;
      const name = names.get(record.stream) ?? '';
      if (record.arrivalNs <= atNs) last.set(name, record.arrivalNs);
      else nextNs = Math.min(nextNs, record.arrivalNs);
    }
  }
  return { lastNs: Math.min(...last.values()), nextNs };
};

const verdictOf = async (
  plan: CrashPlan,
  recordingId: string,
  crash: Crash,
  isLost: boolean,
  { failures, journal, text, finished }: Judged,
): Promise<CrashRound> => {
  const violations = failures.map((failure) => `${failure}\n${text}`);
  const killedNs = Number(crash.atNs - journal.originNs);
  const around = isLost ? await packetsAround(journal, killedNs) : null;
  const lostMs = around && (killedNs - around.lastNs) / 1e6;
  if (lostMs !== null && lostMs > MAY_BE_LOST_S * 1000)
    violations.push(`${lostMs.toFixed(0)} ms of what was received are lost.`);
  const { incidents = [] } = finished.recording;
  const told = JSON.stringify(incidents);
  if (isLost) {
    const at = secondsOf(journal, crash.atNs);
    const [gap] = incidents;
    const isTold = incidents.length === 1 && gap?.type === 'interrupted' && gap.from !== null && gap.to !== null;
    if (!isTold) violations.push(`The gap is not told: ${told}.`);
    else if (Math.abs(gap.from - at) > MAY_BE_LOST_S || gap.to < at)
      violations.push(`The gap at ${at.toFixed(2)} s is told as ${told}.`);
  } else if (incidents.length > 0) violations.push(`What befell nothing tells of incidents: ${told}.`);
  if (journal.problems.length > 0) violations.push(`The journal is damaged: ${journal.problems.join(', ')}.`);
  return {
    ...plan,
    recordingId,
    recoveryS: Number(crash.recoveredNs - crash.atNs) / 1e9,
    lostMs,
    gapS: around && (around.nextNs - around.lastNs) / 1e9,
    violations,
  };
};

/** One line for people. */
export const describeRound = ({
  round,
  victims,
  moment,
  afterS,
  recoveryS,
  lostMs,
  gapS,
  violations,
}: CrashRound): string =>
  `round ${round}: ${victims.join(' and ')} killed ${afterS.toFixed(2)} s into ${moment}, all well after ${recoveryS.toFixed(1)} s` +
  (lostMs === null ? '' : `, ${lostMs.toFixed(0)} ms lost, ${gapS?.toFixed(1)} s of gap`) +
  violations.map((words) => `\n✗ ${words}`).join('');
