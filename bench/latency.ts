/**
 * How soon a recording records: from the HTTP answer to `recordings/start`, and from the call itself, to the arrival of the first packet
 * that the journal holds from the recording's start on. The answer comes when the start record is on disk and in the database, while the
 * journal takes packets already: below zero, the recording was running before the caller knew.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NS_PER_MS } from '../src/domain/media-time.ts';
import { readJournal } from '../src/journal/reader.ts';
import { finished, type LiveRoom, openLiveRoom } from './live-room.ts';
import { type BenchOptions, median, type Row } from './row.ts';

const STARTS = 10;
const QUICK_STARTS = 3;
/** Both participants send keyframes once a second: every recording is one that somebody would want to see. */
const RECORDED_MS = 1_500;
const POLL_MS = 100;

/** Monotonic arrival time (ns) of the first packet that arrived after the start of this recording. */
const firstPacket = async (directory: string, recordingId: string): Promise<bigint> => {
  let origin = 0n;
  let startedNs: number | undefined;
  for await (const { records } of readJournal(directory)) {
    for (const record of records) {
      if (record.type === 'snapshot') origin = BigInt(record.snapshot.originMonotonicNs);
      if (record.type === 'event' && record.event.type === 'recording-started') {
        const { recording } = record.event;
        if (recording.recordingId === recordingId) startedNs = recording.startedNs;
      }
      if (record.type === 'rtp' && startedNs !== undefined && record.arrivalNs >= startedNs) {
        return origin + BigInt(Math.round(record.arrivalNs));
      }
    }
  }
  throw new Error(`The journal holds no packet of recording ${recordingId}.`);
};

interface Latency {
  readonly fromCallMs: number;
  readonly fromAnswerMs: number;
  readonly answeredMs: number;
}

const measure = async ({ rest, roomId, journals }: LiveRoom): Promise<Latency> => {
  const calledNs = process.hrtime.bigint();
  const recordingId = await rest.startRecording(roomId);
  const answeredNs = process.hrtime.bigint();
  await delay(RECORDED_MS);
  await rest.endRecording(roomId);
  const { sessionId } = await finished(rest, recordingId, POLL_MS);
  const packetNs = await firstPacket(join(journals, sessionId), recordingId);
  const ms = (from: bigint, to: bigint): number => Number(to - from) / NS_PER_MS;
  return {
    fromCallMs: ms(calledNs, packetNs),
    fromAnswerMs: ms(answeredNs, packetNs),
    answeredMs: ms(calledNs, answeredNs),
  };
};

export async function* benchLatency(options: BenchOptions): AsyncGenerator<Row, void, undefined> {
  const { quick, note } = options;
  const room = await openLiveRoom(options);
  const starts = quick ? QUICK_STARTS : STARTS;
  const latencies: Latency[] = [];
  for (let start = 1; start <= starts; start++) {
    note(`recording ${start} of ${starts}`);
    latencies.push(await measure(room));
  }
  const rows = [
    ['API answer → first journaled packet', latencies.map(({ fromAnswerMs }) => fromAnswerMs)],
    ['API call → first journaled packet', latencies.map(({ fromCallMs }) => fromCallMs)],
    ['API call → API answer', latencies.map(({ answeredMs }) => answeredMs)],
  ] as const;
  for (const [what, values] of rows) {
    yield { what: `${what}, median of ${starts}`, ours: median(values), beside: null, unit: 'ms' };
    yield { what: `${what}, slowest of ${starts}`, ours: Math.max(...values), beside: null, unit: 'ms' };
  }
}
