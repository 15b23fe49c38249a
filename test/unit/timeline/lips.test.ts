/** Picture and sound of one capture instant, through delays, jitter, loss and drifting clocks: are they shown together? */
import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { markOf, opusPacket, vp8Frame, vp8Payloads } from './support/rtp.ts';
import { inOrder, MS, opened, S, Sender, seeded, snapshotRecord, streamInfo } from './support/session.ts';

interface Conditions {
  readonly seed: number;
  readonly reportEveryS: number;
  readonly firstReportS: number;
  readonly audioPpm: number;
  readonly videoPpm: number;
  /** The sender's NTP clock against the server's. */
  readonly clockPpm: number;
  /** Reports are stamped up to so much late, as a sender's do that is short of CPU. */
  readonly stampedLateMs?: number;
}

const SECONDS = 30;
const JITTER_MS = 50;
const LOSS = 0.05;
const VIDEO_DELAY_MS = 80;
const AUDIO_DELAY_MS = 20;
const JOINED_NS = 3 * S;

/** Sends 30 s of picture and sound whose marks are the capture instant in ms; a lost packet is sent again half of the time. */
const send = (conditions: Conditions): Timeline => {
  const random = seeded(conditions.seed);
  const video = new Sender(streamInfo(1, { codec: 'vp8' }), { ppm: conditions.videoPpm });
  const audio = new Sender(streamInfo(2, { codec: 'opus' }), { ppm: conditions.audioPpm });
  const arrival = (sentNs: number, delayMs: number): number | null => {
    const onServer = JOINED_NS + (sentNs * (1e6 + conditions.clockPpm)) / 1e6;
    const travel = (delayMs + 10 + random() * JITTER_MS) * MS;
    if (random() >= LOSS) return onServer + travel;
    return random() < 0.5 ? onServer + travel + 150 * MS : null;
  };
  for (let i = 0; i < SECONDS * 30; i += 1) {
    const captureNs = Math.round((i * S) / 30);
    const frame = vp8Frame({ key: i % 30 === 0, mark: Math.round(captureNs / MS) });
    video.frame(captureNs, vp8Payloads(frame, 3), () => arrival(captureNs, VIDEO_DELAY_MS));
  }
  for (let i = 0; i < SECONDS * 50; i += 1) {
    const captureNs = i * 20 * MS;
    audio.frame(captureNs, [opusPacket(i * 20)], () => arrival(captureNs, AUDIO_DELAY_MS));
  }
  for (const sender of [video, audio]) {
    for (let s = conditions.firstReportS; s < SECONDS; s += conditions.reportEveryS) {
      const lateNs = random() * (conditions.stampedLateMs ?? 0) * MS;
      sender.report(s * S, JOINED_NS + s * S + lateNs + (10 + random() * JITTER_MS) * MS, lateNs);
    }
  }
  const timeline = new Timeline();
  const openings = [snapshotRecord(), opened(JOINED_NS, video.info), opened(JOINED_NS, audio.info)];
  for (const record of [...openings, ...inOrder([...video.records, ...audio.records])]) timeline.push(record);
  timeline.finish();
  return timeline;
};

/** Sound's time of a capture instant, in ms. */
const soundTimes = (timeline: Timeline): Map<number, number> => {
  const times = new Map<number, number>();
  for (const { data, startNs } of timeline.audioPackets(2, 0, 100 * S)) {
    if (data !== null) times.set(data.readUInt32BE(1), startNs / MS);
  }
  return times;
};

/** By how many ms each picture is shown later than the sound of its instant. */
const offsets = (timeline: Timeline): number[] => {
  const sound = soundTimes(timeline);
  return timeline.videoFrames(1, 0, 100 * S).flatMap((frame) => {
    const mark = markOf(frame.data);
    const packet = Math.floor(mark / 20) * 20;
    const at = sound.get(packet);
    return at === undefined ? [] : [frame.timeNs / MS - (at + (mark - packet))];
  });
};

const CASES: Conditions[] = [
  { seed: 1, reportEveryS: 1, firstReportS: 0.5, audioPpm: 0, videoPpm: 0, clockPpm: 0 },
  { seed: 2, reportEveryS: 5, firstReportS: 2.5, audioPpm: 100, videoPpm: -100, clockPpm: 100 },
  { seed: 3, reportEveryS: 2, firstReportS: 1, audioPpm: -100, videoPpm: 100, clockPpm: -100 },
  { seed: 4, reportEveryS: 5, firstReportS: 5, audioPpm: 100, videoPpm: 100, clockPpm: -100 },
];

describe.each(CASES)(
  'lips, reports every $reportEveryS s, $audioPpm/$videoPpm ppm, clock $clockPpm ppm',
  (conditions) => {
    const timeline = send(conditions);

    it('stay within 20 ms from the first picture on', () => {
      const all = offsets(timeline);
      expect(all.length).toBeGreaterThan(SECONDS * 30 * 0.8);
      expect(Math.max(...all.map(Math.abs))).toBeLessThan(20);
    });

    it('lie where the server saw them, shifted by the shortest way alone', () => {
      const shortestMs = 10 + AUDIO_DELAY_MS;
      for (const [mark, at] of soundTimes(timeline)) {
        const onServer = JOINED_NS / MS + (mark * (1e6 + conditions.clockPpm)) / 1e6 + shortestMs;
        expect(Math.abs(at - onServer), `at ${mark}`).toBeLessThan(15);
      }
    });

    it('bends sound by at most 0.3 %, and abuts what follows', () => {
      const packets = timeline.audioPackets(2, 0, 100 * S);
      packets.forEach((packet, i) => {
        const before = packets[i - 1];
        if (before !== undefined) expect(packet.startNs).toBeGreaterThanOrEqual(before.endNs - 1);
        if (packet.data !== null)
          expect(Math.abs(packet.endNs - packet.startNs - 20 * MS)).toBeLessThanOrEqual(20 * MS * 0.003 + 1);
      });
    });
  },
);

describe('lips of a sender that stamps its reports late', () => {
  it.each([7, 8, 9, 10])('come together within seconds, and stay (seed %i)', (seed) => {
    const conditions = { reportEveryS: 1, firstReportS: 0.5, audioPpm: 100, videoPpm: -100, clockPpm: 100 };
    const settled = offsets(send({ seed, ...conditions, stampedLateMs: 80 })).slice(30 * 8);
    expect(settled.length).toBeGreaterThan(SECONDS * 30 * 0.6);
    // A tick and a bit is what a recording is judged by: 40 ms.
    expect(Math.max(...settled.map(Math.abs))).toBeLessThan(35);
  });
});

describe('lips of a sender whose clock is set', () => {
  /** Picture reports each second, sound every five: they hear of it at different times. */
  const play = (clockNs: (atNs: number) => number, audioAhead: (atMs: number) => number = () => 0): Timeline => {
    const random = seeded(5);
    const video = new Sender(streamInfo(1, { codec: 'vp8' }));
    const audio = new Sender(streamInfo(2, { codec: 'opus' }));
    const arrival = (ms: number, delayMs: number) => (ms + delayMs + 10 + random() * 30) * MS;
    for (let ms = 0; ms < 45_000; ms += 40) {
      const frame = vp8Frame({ key: ms % 1000 === 0, mark: ms });
      video.frame(ms * MS, vp8Payloads(frame), () => arrival(ms, 60));
      for (const each of [ms, ms + 20])
        audio.frame((each + audioAhead(each)) * MS, [opusPacket(each)], () => arrival(each, 10));
    }
    for (let s = 0.5; s < 45; s += 1) video.report(s * S, arrival(s * 1000, 0), clockNs(s * S));
    for (let s = 0.5; s < 45; s += 5) {
      const ahead = audioAhead(s * 1000) * MS;
      audio.report(s * S + ahead, arrival(s * 1000, 0), clockNs(s * S) - ahead);
    }
    const timeline = new Timeline();
    const openings = [snapshotRecord(), opened(0, video.info), opened(0, audio.info)];
    for (const record of [...openings, ...inOrder([...video.records, ...audio.records])]) timeline.push(record);
    timeline.finish();
    return timeline;
  };

  it.each([0.6, -0.6, 1, -1, 1.9, -1.9, 3, -3600])('by %f s stay together, and no sound is lost', (seconds) => {
    const timeline = play((atNs) => (atNs >= 20 * S ? seconds * S : 0));
    expect(timeline.audioPackets(2, 0, 100 * S).filter(({ data }) => data !== null)).toHaveLength(2250);
    expect(Math.max(...offsets(timeline).map(Math.abs))).toBeLessThan(20);
  });

  it('right after one wrong report come together with the next ones', () => {
    const timeline = play((atNs) => (atNs < S ? 1.5 * S : 0));
    expect(
      Math.max(
        ...offsets(timeline)
          .slice(25 * 15)
          .map(Math.abs),
      ),
    ).toBeLessThan(20);
  });

  it('are not taken for one whose sample counter skipped', () => {
    const timeline = play(
      () => 0,
      (atMs) => (atMs >= 20_000 ? 700 : 0),
    );
    expect(
      Math.max(
        ...offsets(timeline)
          .slice(-25 * 10)
          .map(Math.abs),
      ),
    ).toBeLessThan(20);
  });
});

describe('lips without reports', () => {
  it('are off by the difference of the delays, which nobody can know, and no more', () => {
    const all = offsets(send({ seed: 5, reportEveryS: 100, firstReportS: 200, audioPpm: 0, videoPpm: 0, clockPpm: 0 }));
    const off = VIDEO_DELAY_MS - AUDIO_DELAY_MS;
    expect(Math.max(...all.map((ms) => Math.abs(ms - off)))).toBeLessThan(20);
  });

  it('come together when the first report is late', () => {
    const timeline = send({ seed: 6, reportEveryS: 2, firstReportS: 9, audioPpm: 0, videoPpm: 0, clockPpm: 0 });
    const late = offsets(timeline).slice(-30 * 10);
    expect(Math.max(...late.map(Math.abs))).toBeLessThan(20);
  });
});
