/**
 * More rooms than a small machine can compose at once, recorded at the same time: what came of it, as figures. For the scenario, and for long in
 * the soak.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { FRAME_RATE } from '../../src/domain/media-time.ts';
import type { Scope } from '../../src/support/scope.ts';
import { Crowd } from './crowd.ts';
import { fetchFile } from './fetch-file.ts';
import { framesOf } from './frames-of.ts';
import { journalOf } from './journal-facts.ts';
import type { Service } from './service.ts';
import { waitFor } from './wait-for.ts';

/** Calls to the API while everything runs: one after the other, so far apart. */
const CALL_EVERY_MS = 40;
const JOIN_LIMIT_MS = 60_000;
/** Two packets a frame: with the sound some 110 packets a second of everybody. */
const MATERIAL = { size: { width: 480, height: 270 }, content: 'camera' } as const;

export interface OverloadOptions {
  readonly service: Service;
  readonly scope: Scope;
  readonly rooms: number;
  readonly people: number;
  /** How long all of them are recorded. */
  readonly seconds: number;
  /** For a file that is not there by then there is no hope. */
  readonly composeLimitMs: number;
  /** Happens while all of them are recorded. */
  readonly meanwhile?: () => Promise<void>;
  readonly note?: (text: string) => void;
}

export interface OverloadRecording {
  readonly id: string;
  /** Packets in its journal, and those of which the sequence numbers tell that they should be there. */
  readonly packets: number;
  readonly missing: number;
  /** How often its journal says that packets were left out. */
  readonly told: number;
  readonly frames: number;
  readonly wantedFrames: number;
  /** Every distance between neighbouring frames is the same. */
  readonly even: boolean;
  readonly doneAtMs: number;
}

export interface OverloadFigures {
  /** In the order in which they were started. */
  readonly recordings: readonly OverloadRecording[];
  /** In the time in which all were recorded: handed to the transport, received, and written into journals. */
  readonly sent: number;
  readonly received: number;
  readonly journaled: number;
  /** Connections that broke. */
  readonly lost: readonly string[];
  /** Milliseconds of each call, in order of size; those that failed are in `refused`. */
  readonly calls: readonly number[];
  readonly refused: readonly string[];
  readonly packetsPerSecond: number;
  /** From the last recording's end to the last file. */
  readonly composeSeconds: number;
  /** The most recordings that were done before one that had been started earlier. */
  readonly overtaken: number;
}

export const runOverload = async (options: OverloadOptions): Promise<OverloadFigures> => {
  const { service, scope, rooms, people, seconds, note = () => undefined } = options;
  const crowd = scope.own('crowd', new Crowd(), (own) => own.close());
  const roomIds: string[] = [];
  for (let room = 0; room < rooms; room++) {
    const roomId = await service.api.createRoom();
    roomIds.push(roomId);
    await crowd.join(service, roomId, people, MATERIAL);
  }
  await waitFor('everybody to be heard and seen', JOIN_LIMIT_MS, async () => {
    return (await service.metrics()).get('media_rooms_tracks') === 2 * rooms * people;
  });
  note(`${rooms * people} people in ${rooms} rooms`);
  const ids: string[] = [];
  for (const roomId of roomIds) ids.push(await service.api.startRecording(roomId, { quality: 'low' }));
  const from = await totals(service, crowd);
  const watching = new AbortController();
  const calls = callApi(service, ids, watching.signal);
  await Promise.all([
    waitFor('the time to pass', seconds * 1000 + 60_000, () => secondsSince(from) >= seconds),
    options.meanwhile?.(),
  ]);
  const to = await totals(service, crowd);
  watching.abort();
  for (const roomId of roomIds) await service.api.endRecording(roomId);
  const endedAtMs = Date.now();
  const { lost } = await crowd.count();
  await crowd.leave();
  note('everybody has left; compositions go on');
  const recordings: OverloadRecording[] = [];
  for (const id of ids) recordings.push(await inspected(service, id, options.composeLimitMs));
  const lastDone = Math.max(...recordings.map(({ doneAtMs }) => doneAtMs));
  return {
    recordings,
    sent: to.sent - from.sent,
    received: to.received - from.received,
    journaled: to.journaled - from.journaled,
    lost,
    ...(await calls),
    packetsPerSecond: (to.sent - from.sent) / (Number(to.atNs - from.atNs) / 1e9),
    composeSeconds: (lastDone - endedAtMs) / 1000,
    overtaken: overtaken(recordings),
  };
};

interface Totals {
  readonly atNs: bigint;
  readonly sent: number;
  readonly received: number;
  readonly journaled: number;
}

const totals = async (service: Service, crowd: Crowd): Promise<Totals> => {
  const [{ packets: sent }, metrics] = await Promise.all([crowd.count(), service.metrics()]);
  return {
    atNs: process.hrtime.bigint(),
    sent,
    // Of one moment of the media process: in no turn of its event loop is a packet received and not journaled.
    received: metrics.get('media_rtp_packets_received_total') ?? 0,
    journaled: metrics.get('media_journal_packets_total') ?? 0,
  };
};

const secondsSince = ({ atNs }: Totals): number => Number(process.hrtime.bigint() - atNs) / 1e9;

/** Asks again and again, as a customer's page does, until it is told to stop. */
const callApi = async (
  service: Service,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<{ calls: number[]; refused: string[] }> => {
  const calls: number[] = [];
  const refused: string[] = [];
  for (let count = 0; !signal.aborted; count++) {
    const path = count % 2 === 0 ? `/v2/recordings/${ids[count % ids.length]}` : '/v2/recordings?perPage=20';
    const began = performance.now();
    const answer = await service.api.call('GET', path);
    await answer.arrayBuffer();
    calls.push(performance.now() - began);
    if (!answer.ok) refused.push(`${path}: ${answer.status}`);
    await delay(CALL_EVERY_MS);
  }
  return { calls: calls.sort((a, b) => a - b), refused };
};

/** The value below which so much of them (0 to 1) lies; `sorted` in order of size. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const inspected = async (service: Service, id: string, limitMs: number): Promise<OverloadRecording> => {
  const recording = await service.api.finished(id, limitMs);
  const { streams, spans, events } = await journalOf(service.journals, id);
  const { frames, even } = await framesOf(await fetchFile(service, recording));
  return {
    id,
    packets: streams.reduce((sum, { packets }) => sum + packets, 0),
    missing: streams.reduce((sum, { missing }) => sum + missing, 0),
    told: events.filter(({ event }) => event.type === 'dropped').length,
    frames,
    wantedFrames: Math.round(spans.secondsAt(Number.MAX_SAFE_INTEGER) * FRAME_RATE),
    even,
    doneAtMs: Date.parse(recording.updatedAt ?? ''),
  };
};

const overtaken = (recordings: readonly OverloadRecording[]): number =>
  Math.max(
    ...recordings.map(
      ({ doneAtMs }, place) => recordings.slice(place + 1).filter((later) => later.doneAtMs < doneAtMs).length,
    ),
  );
