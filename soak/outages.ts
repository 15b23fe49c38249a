/**
 * Rounds of outages while two rooms are recorded: the database hangs for a minute, the disk takes nothing for 5 s, then it fills up and has room
 * again. In real time; nothing is injected.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Scope } from '../src/support/scope.ts';
import { Crowd } from '../test/support/crowd.ts';
import { diskImagesMissing } from '../test/support/disk-image.ts';
import { fetchFile } from '../test/support/fetch-file.ts';
import { framesOf } from '../test/support/frames-of.ts';
import { frozenDatabase } from '../test/support/frozen-database.ts';
import { journalOf } from '../test/support/journal-facts.ts';
import { Service } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';
import type { Soak, SoakOptions, SoakResult } from './soak.ts';

const ROUNDS = 5;
const ROOMS = 2;
const PEOPLE = 4;
const AWAY_S = 60;
const STALL_S = 5;
const DISK_MIB = 2048;
const LEAST_FREE_MIB = 256;
const CALL_EVERY_MS = 250;
/** What is known to be away is refused at once; how soon it is known is told for its own sake. */
const MOST_MS_WHEN_KNOWN = 1_000;
const FRAMES_PER_SECOND = 30;

interface Tally {
  recordings: number;
  missing: number;
  frames: number;
  calls: number;
  slowest: number;
  slowestKnown: number;
  readonly violations: string[];
}

export const outages: Soak = {
  promise: 'A database that hangs for a minute, and a disk that stalls and fills up, cost what is recorded nothing.',
  run: async ({ rounds, minutes, scope, note }: SoakOptions): Promise<SoakResult> => {
    const missing = diskImagesMissing();
    if (missing) throw new Error(`This soak needs a disk of its own: ${missing}.`);
    const service = await Service.start(
      { ROOMTAPE_MIN_FREE_DISK: `${LEAST_FREE_MIB}MiB` },
      { over: '', mebibytes: DISK_MIB },
    );
    scope.own('service', service, () => service.close());
    const tally: Tally = {
      recordings: 0,
      missing: 0,
      frames: 0,
      calls: 0,
      slowest: 0,
      slowestKnown: 0,
      violations: [],
    };
    const until = minutes === null ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000;
    const most = rounds ?? (minutes === null ? ROUNDS : Number.POSITIVE_INFINITY);
    let done = 0;
    for (; done < most && performance.now() < until; done++) {
      await oneRound(service, tally, (text) => note(`round ${done + 1}: ${text}`));
    }
    const metrics = await service.metrics();
    return {
      figures: [
        { what: 'rounds', value: done, unit: '' },
        { what: 'database away for a minute', value: metrics.get('database_outages_total') ?? 0, unit: 'times' },
        { what: 'calls while it was away', value: tally.calls, unit: 'calls' },
        { what: 'slowest of them', value: tally.slowest, unit: 'ms' },
        {
          what: 'slowest once it was known',
          value: tally.slowestKnown,
          unit: 'ms',
          atMost: MOST_MS_WHEN_KNOWN,
        },
        {
          what: 'stalls, as each journal counts them',
          value: metrics.get('media_journal_stalls_total') ?? 0,
          unit: '',
          atLeast: done,
        },
        { what: 'recordings done', value: tally.recordings, unit: '', atLeast: done * ROOMS },
        { what: 'packets missing in journals', value: tally.missing, unit: 'packets', atMost: 0 },
        { what: 'frames missing in files', value: tally.frames, unit: 'frames', atMost: 0 },
      ],
      violations: tally.violations,
    };
  },
};

const oneRound = async (service: Service, tally: Tally, note: (text: string) => void): Promise<void> => {
  await using scope = new Scope();
  const crowd = scope.own('crowd', new Crowd(), (own) => own.close());
  const rooms: string[] = [];
  for (let room = 0; room < ROOMS; room++) {
    const roomId = await service.api.createRoom();
    rooms.push(roomId);
    await crowd.join(service, roomId, PEOPLE);
  }
  await waitFor('everybody to be heard and seen', 30_000, async () => {
    return (await service.metrics()).get('media_rooms_tracks') === 2 * ROOMS * PEOPLE;
  });
  const ids: string[] = [];
  for (const roomId of rooms) ids.push(await service.api.startRecording(roomId, { quality: 'low' }));
  await withoutDatabase(service, ids, tally);
  note(`the database was away for ${AWAY_S} s`);
  await service.disk.freeze(STALL_S);
  note(`the disk took nothing for ${STALL_S} s`);
  await service.disk.leave(LEAST_FREE_MIB / 3);
  for (const id of ids) {
    const { stopReason } = await service.api.status(id, ['composing', 'done'], 60_000);
    if (stopReason !== 'disk-full') tally.violations.push(`${id} ended by "${stopReason}" and not by the full disk.`);
  }
  note('the disk filled up, and the recordings ended');
  const refused = await service.api.call('POST', '/v2/recordings/start', { roomId: rooms[0] });
  if (refused.status !== 507) tally.violations.push(`A start without room was answered ${refused.status}.`);
  await service.disk.leave(DISK_MIB);
  const { lost } = await crowd.count();
  tally.violations.push(...lost.map((words) => `A connection broke: ${words}`));
  await crowd.leave();
  for (const id of ids) await inspect(service, id, tally);
  note('the recordings are done');
};

/** Asks all the while. */
const withoutDatabase = async (service: Service, ids: readonly string[], tally: Tally): Promise<void> => {
  const database = frozenDatabase(service.server.dataDir);
  const began = performance.now();
  let known = false;
  try {
    while (performance.now() - began < AWAY_S * 1000) {
      const asked = performance.now();
      const answer = await service.api.call('GET', `/v2/recordings/${ids[tally.calls % ids.length]}`);
      await answer.arrayBuffer();
      const took = performance.now() - asked;
      tally.calls += 1;
      tally.slowest = Math.max(tally.slowest, took);
      if (known) tally.slowestKnown = Math.max(tally.slowestKnown, took);
      if (answer.status !== 503) tally.violations.push(`A call without a database was answered ${answer.status}.`);
      known = (await service.metrics()).get('database_up') === 0;
      await delay(CALL_EVERY_MS);
    }
  } finally {
    database.thaw();
  }
  await waitFor('the database to be back', 30_000, async () => (await service.metrics()).get('database_up') === 1);
  for (const id of ids) {
    const { status } = await service.api.recording(id);
    if (status !== 'recording') tally.violations.push(`${id} is "${status}" after the outage.`);
  }
};

const inspect = async (service: Service, id: string, tally: Tally): Promise<void> => {
  const recording = await service.api.finished(id, 600_000);
  const { streams, spans } = await journalOf(service.journals, id);
  const { frames, even } = await framesOf(await fetchFile(service, recording));
  tally.recordings += 1;
  tally.missing += streams.reduce((sum, { missing }) => sum + missing, 0);
  tally.frames += Math.abs(Math.round(spans.secondsAt(Number.MAX_SAFE_INTEGER) * FRAMES_PER_SECOND) - frames);
  if (!even) tally.violations.push(`Frames of ${id} are not evenly spaced.`);
};
