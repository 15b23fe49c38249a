/**
 * Ten rooms of four people recorded at once on a machine that composes two at a time, for minutes; the disk under the journals stalls for 5 s
 * once a minute. What arrives is written, the API answers, and what waits is composed afterwards in order of age.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { diskImagesMissing } from '../test/support/disk-image.ts';
import { type OverloadFigures, quantile, runOverload } from '../test/support/overload.ts';
import { Service } from '../test/support/service.ts';
import type { Figure, Soak, SoakOptions, SoakResult } from './soak.ts';

const ROOMS = 10;
const PEOPLE = 4;
const MINUTES = 10;
const STALL_S = 5;
const STALL_EVERY_MS = 60_000;
/** 40 people send some 2 MB/s: an hour of it, and the reserve of free space. */
const JOURNALS_MIB = 16_384;
/** Promised while all of it goes on. */
const MOST_MS_P99 = 300;
/** Two cores compose a minute of a room in about half of one. */
const COMPOSE_LIMIT_PER_RECORDED = 30;

export const overload: Soak = {
  promise: 'Ten rooms recorded at once lose nothing and are composed later; the API answers within 300 ms.',
  run: async ({ minutes, scope, note }: SoakOptions): Promise<SoakResult> => {
    const missing = diskImagesMissing();
    const service = await Service.start(
      { ROOMTAPE_COMPOSITOR_CONCURRENCY: '2', ROOMTAPE_MIN_FREE_DISK: '256MiB' },
      missing ? null : { over: 'journals', mebibytes: JOURNALS_MIB },
    );
    scope.own('service', service, () => service.close());
    if (missing) note(`no disk stalls: ${missing}`);
    const seconds = (minutes ?? MINUTES) * 60;
    const stalls = Math.max(1, Math.floor((seconds * 1000) / STALL_EVERY_MS) - 1);
    const figures = await runOverload({
      service,
      scope,
      rooms: ROOMS,
      people: PEOPLE,
      seconds,
      composeLimitMs: seconds * 1000 * COMPOSE_LIMIT_PER_RECORDED,
      note,
      ...(missing ? {} : { meanwhile: () => stallNowAndThen(service, stalls, seconds, note) }),
    });
    const metrics = await service.metrics();
    return {
      figures: [
        ...figuresOf(figures),
        {
          what: 'stalls, as each journal counts them',
          value: metrics.get('media_journal_stalls_total') ?? 0,
          unit: '',
        },
        {
          what: 'packets left out of journals',
          value: metrics.get('media_journal_dropped_packets_total') ?? 0,
          unit: 'packets',
          atMost: 0,
        },
      ],
      violations: [
        ...figures.lost.map((words) => `A connection broke: ${words}`),
        ...figures.refused.map((words) => `A call was refused: ${words}`),
        ...figures.recordings.flatMap(({ id, even }) => (even ? [] : [`Frames of ${id} are not evenly spaced.`])),
      ],
    };
  },
};

const stallNowAndThen = async (
  service: Service,
  stalls: number,
  seconds: number,
  note: (text: string) => void,
): Promise<void> => {
  const pauseMs = Math.max(0, (seconds * 1000) / (stalls + 1) - STALL_S * 1000);
  for (let stall = 0; stall < stalls; stall++) {
    await delay(pauseMs);
    await service.disk.freeze(STALL_S);
    note(`the disk under the journals has stalled for ${STALL_S} s (${stall + 1} of ${stalls})`);
  }
};

const figuresOf = ({ recordings, sent, received, journaled, ...figures }: OverloadFigures): Figure[] => {
  const sum = (of: (recording: OverloadFigures['recordings'][number]) => number): number =>
    recordings.reduce((total, recording) => total + of(recording), 0);
  return [
    { what: 'recordings done', value: recordings.length, unit: '', atLeast: ROOMS },
    { what: 'packets sent', value: figures.packetsPerSecond, unit: 'per s' },
    { what: 'packets sent in all', value: sent, unit: 'packets' },
    { what: 'received and not journaled', value: received - journaled, unit: 'packets', atMost: 0 },
    { what: 'missing by sequence number', value: sum(({ missing }) => missing), unit: 'packets', atMost: 0 },
    {
      what: 'frames missing in files',
      value: sum(({ frames, wantedFrames }) => Math.abs(wantedFrames - frames)),
      unit: 'frames',
      atMost: 0,
    },
    { what: 'calls to the API', value: figures.calls.length, unit: 'calls' },
    { what: 'API, median', value: quantile(figures.calls, 0.5), unit: 'ms' },
    { what: 'API, p99', value: quantile(figures.calls, 0.99), unit: 'ms', atMost: MOST_MS_P99 },
    { what: 'last file after the end', value: figures.composeSeconds, unit: 's' },
    // Two are composed at once: of two neighbours the younger may be done first.
    { what: 'older ones overtaken', value: figures.overtaken, unit: 'recordings', atMost: 1 },
  ];
};
