import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { StreamInfo } from '../../../src/domain/events.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { COLOUR_EXTENSION } from '../../../src/timeline/colour.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { markOf, opusPacket, senderReport, vp8Frame, vp8Payloads } from './support/rtp.ts';
import {
  eventRecord,
  inOrder,
  MS,
  opened,
  participant,
  S,
  Sender,
  seeded,
  snapshotRecord,
  streamInfo,
  tick,
  track,
} from './support/session.ts';

const VIDEO = streamInfo(1, { codec: 'vp8' });
const AUDIO = streamInfo(2, { codec: 'opus' });
const DELAY_NS = 30 * MS;
const always = (ns: number) => (): number => ns + DELAY_NS;

const play = (records: readonly JournalRecord[]): Timeline => {
  const timeline = new Timeline();
  for (const record of records) timeline.push(record);
  return timeline;
};

/** A microphone that sends every 20 ms in [from, to), packets for which `lost` says so excepted; reports at its start. */
const talk = (audio: Sender, fromMs: number, toMs: number, lost: (ms: number) => boolean = () => false): void => {
  audio.report(fromMs * MS, fromMs * MS + DELAY_NS + MS);
  for (let ms = fromMs; ms < toMs; ms += 20) {
    audio.frame(ms * MS, [opusPacket(ms)], () => (lost(ms) ? null : ms * MS + DELAY_NS));
  }
};

/** A camera at 25 fps in [from, to), a keyframe every second. */
const film = (video: Sender, fromMs: number, toMs: number, lost: (ms: number) => boolean = () => false): void => {
  video.report(fromMs * MS, fromMs * MS + DELAY_NS + MS);
  for (let ms = fromMs; ms < toMs; ms += 40) {
    const frame = vp8Frame({ key: ms % 1000 === 0, mark: ms, width: 640, height: 360 });
    video.frame(ms * MS, vp8Payloads(frame, 2), (part) => (part === 1 && lost(ms) ? null : ms * MS + DELAY_NS));
  }
};

const journal = (senders: readonly Sender[], extra: readonly JournalRecord[] = []): JournalRecord[] => [
  snapshotRecord(),
  ...inOrder([...senders.map(({ info }) => opened(0, info)), ...senders.flatMap(({ records }) => records), ...extra]),
];
const ticksTo = (ms: number): JournalRecord[] => Array.from({ length: ms / 250 }, (_, i) => tick((i + 1) * 250 * MS));

describe('colours', () => {
  it('come with the frames of a stream that negotiated their extension, in whatever order packets arrive', () => {
    const extension = Buffer.from('bede00028301010120000000', 'hex');
    const colours = (extensions: Readonly<Record<string, number>>) => {
      const video = new Sender(streamInfo(1, { codec: 'vp8', extensions }));
      video.report(0, DELAY_NS);
      for (let ms = 0; ms < 400; ms += 40) {
        const payloads = vp8Payloads(vp8Frame({ key: ms % 200 === 0, mark: ms }), 2);
        // The last packet of the picture overtakes the first.
        const arrivalOf = (part: number) => ms * MS + DELAY_NS + (part === 0 ? 20 * MS : 10 * MS);
        video.frame(ms * MS, payloads, arrivalOf, ms === 200 ? extension : undefined);
      }
      const timeline = play([...journal([video]), ...ticksTo(8000)]);
      return timeline.videoFrames(1, 0, 100 * S).map(({ colour }) => colour);
    };
    const told = { matrix: 'bt709', range: 'full' };
    expect(colours({ [COLOUR_EXTENSION]: 8 })).toEqual([...Array(5).fill(undefined), ...Array(5).fill(told)]);
    expect(colours({})).toEqual(Array(10).fill(undefined));
  });
});

describe('sound', () => {
  const heard = (timeline: Timeline): string[] =>
    timeline.audioPackets(2, 0, 100 * S).map(({ startNs, endNs, data }) => {
      const at = Math.round((startNs - DELAY_NS) / MS);
      return `${at}+${Math.round((endNs - startNs) / MS)}${data === null ? ' lost' : ''}`;
    });

  it('abuts, each packet for its length', () => {
    const audio = new Sender(AUDIO);
    talk(audio, 0, 100);
    const timeline = play(journal([audio]));
    timeline.finish();
    expect(heard(timeline)).toEqual(['0+20', '20+20', '40+20', '60+20', '80+20']);
  });

  it('has a loss of up to 100 ms concealed, a longer one silent', () => {
    const audio = new Sender(AUDIO);
    talk(audio, 0, 600, (ms) => (ms >= 100 && ms < 200) || (ms >= 300 && ms < 500));
    const timeline = play(journal([audio]));
    timeline.finish();
    expect(heard(timeline)).toEqual([
      '0+20',
      '20+20',
      '40+20',
      '60+20',
      '80+20',
      '100+100 lost',
      '200+20',
      '220+20',
      '240+20',
      '260+20',
      '280+20',
      '500+20',
      '520+20',
      '540+20',
      '560+20',
      '580+20',
    ]);
  });

  it('is silent between packets of discontinuous transmission, without delay', () => {
    const audio = new Sender(AUDIO);
    talk(audio, 0, 1000);
    for (let ms = 1000; ms < 4000; ms += 400) audio.frame(ms * MS, [opusPacket(ms)], always(ms * MS));
    const timeline = new Timeline();
    const records = journal([audio], ticksTo(3750));
    let worstLagMs = 0;
    for (const record of records) {
      timeline.push(record);
      if (record.arrivalNs > 1200 * MS) worstLagMs = Math.max(worstLagMs, (record.arrivalNs - timeline.settledNs) / MS);
    }
    expect(worstLagMs).toBeLessThan(500);
    timeline.finish();
    expect(heard(timeline).slice(-8)).toEqual([
      '1000+20',
      '1400+20',
      '1800+20',
      '2200+20',
      '2600+20',
      '3000+20',
      '3400+20',
      '3800+20',
    ]);
  });

  it('has nothing to conceal in padding', () => {
    const audio = new Sender(AUDIO);
    audio.frame(0, [opusPacket(0)], always(0));
    audio.frame(0, [Buffer.alloc(0)], always(5 * MS));
    audio.frame(20 * MS, [opusPacket(20)], always(20 * MS));
    const timeline = play(journal([audio]));
    timeline.finish();
    expect(heard(timeline)).toEqual(['0+20', '20+20']);
  });

  it.each([3000, 20_000])(
    'of a microphone whose clock stood still while it was muted for %i ms is where it was spoken',
    (pauseMs) => {
      const audio = new Sender(AUDIO, { sequence: 0 });
      talk(audio, 0, 2000);
      const resumeMs = 2000 + pauseMs;
      const mute = (ms: number, muted: boolean) =>
        eventRecord(ms * MS, { type: 'track-muted', trackId: AUDIO.trackId, muted });
      for (let ms = 0; ms < 2000; ms += 20)
        audio.frame((2000 + ms) * MS, [opusPacket(ms)], always((resumeMs + ms) * MS));
      const events = [mute(2000, true), mute(resumeMs + 50, false), ...ticksTo(resumeMs)];
      const timeline = play(journal([audio], events));
      timeline.finish();
      const packets = timeline.audioPackets(2, 0, 100 * S);
      expect(packets).toHaveLength(200);
      expect(Math.abs((packets.at(100)?.startNs ?? 0) / MS - resumeMs - 30)).toBeLessThan(5);
      expect(Math.abs((packets.at(-1)?.startNs ?? 0) / MS - resumeMs - 1980 - 30)).toBeLessThan(5);
      expect(timeline.faults.late).toBe(0);
    },
  );

  it('is read by overlap', () => {
    const audio = new Sender(AUDIO);
    talk(audio, 0, 100);
    const timeline = play(journal([audio]));
    timeline.finish();
    const at = (ms: number) => ms * MS + DELAY_NS;
    expect(timeline.audioPackets(2, at(30), at(61)).map(({ data }) => data?.readUInt32BE(1))).toEqual([20, 40, 60]);
    expect(timeline.audioPackets(2, at(40.5), at(41))).toHaveLength(1);
    expect(timeline.audioPackets(1, 0, S)).toEqual([]);
  });
});

describe('pictures', () => {
  it('come in decode order, with the size of their keyframe', () => {
    const video = new Sender(VIDEO);
    film(video, 0, 2000);
    const timeline = play(journal([video]));
    timeline.finish();
    const frames = timeline.videoFrames(1, 0, 10 * S);
    expect(frames.map(({ data }) => markOf(data))).toEqual(Array.from({ length: 50 }, (_, i) => i * 40));
    expect(frames.every(({ decodable, size }) => decodable && size?.width === 640)).toBe(true);
    for (const { data, timeNs } of frames) expect(Math.abs(timeNs - markOf(data) * MS - DELAY_NS)).toBeLessThan(MS);
  });

  it('cannot be decoded from a loss to the next keyframe', () => {
    const video = new Sender(VIDEO);
    film(video, 0, 3000, (ms) => ms === 400);
    const timeline = play(journal([video]));
    timeline.finish();
    const frames = timeline.videoFrames(1, 0, 10 * S);
    expect(frames.some(({ data }) => markOf(data) === 400)).toBe(false);
    const undecodable = frames.filter(({ decodable }) => !decodable).map(({ data }) => markOf(data));
    expect([undecodable[0], undecodable.at(-1), undecodable.length]).toEqual([440, 960, 14]);
  });

  it('cannot be decoded before the first keyframe', () => {
    const video = new Sender(VIDEO);
    film(video, 400, 2000);
    const timeline = play(journal([video]));
    timeline.finish();
    const frames = timeline.videoFrames(1, 0, 10 * S);
    expect(frames.filter(({ decodable }) => decodable).map(({ data }) => markOf(data))[0]).toBe(1000);
  });

  it('are found from the last keyframe, and let go up to it', () => {
    const video = new Sender(VIDEO);
    film(video, 0, 4000);
    const timeline = play(journal([video]));
    timeline.finish();
    const marks = (ns: number) => timeline.gopBefore(1, ns + DELAY_NS).map(({ data }) => markOf(data));
    expect([marks(2100 * MS)[0], marks(2100 * MS).at(-1)]).toEqual([2000, 2080]);
    timeline.discardBefore(3100 * MS + DELAY_NS);
    expect(marks(2100 * MS)).toEqual([]);
    expect([marks(3100 * MS)[0], marks(3100 * MS).length]).toEqual([3000, 3]);
    expect(markOf(timeline.videoFrames(1, 0, 10 * S)[0]?.data ?? Buffer.alloc(16))).toBe(3000);
  });

  it('survive a buffer that is used again: payloads are copied', () => {
    const video = new Sender(VIDEO);
    const audio = new Sender(AUDIO);
    film(video, 0, 1000);
    talk(audio, 0, 1000);
    const timeline = new Timeline();
    for (const record of journal([video, audio])) {
      if (record.type !== 'rtp') {
        timeline.push(record);
        continue;
      }
      const payload = Buffer.from(record.payload);
      timeline.push({ ...record, payload });
      payload.fill(0xff);
    }
    timeline.finish();
    expect(timeline.videoFrames(1, 0, S).map(({ data }) => markOf(data))[3]).toBe(120);
    expect(timeline.audioPackets(2, 0, S)[3]?.data?.readUInt32BE(1)).toBe(60);
  });
});

describe('how far all is final', () => {
  const lagMs = (timeline: Timeline): number => (timeline.arrivalNs - timeline.settledNs) / MS;
  const both = (lostVideo: (ms: number) => boolean = () => false): [Sender, Sender] => {
    const [video, audio] = [new Sender(VIDEO), new Sender(AUDIO)];
    film(video, 0, 6000, lostVideo);
    talk(audio, 0, 6000);
    return [video, audio];
  };
  const until = (records: readonly JournalRecord[], ms: number): Timeline =>
    play(records.filter((record) => record.arrivalNs <= ms * MS));

  it('is a fraction of a second behind while all send', () => {
    const records = journal(both());
    for (const ms of [1500, 3000, 5000]) expect(lagMs(until(records, ms))).toBeLessThan(250);
  });

  it('is nothing before the first record, and all at the end', () => {
    const timeline = new Timeline();
    expect(timeline.settledNs).toBe(Number.NEGATIVE_INFINITY);
    timeline.finish();
    timeline.finish();
    expect(timeline.settledNs).toBe(Number.POSITIVE_INFINITY);
  });

  it('waits for a missing packet, for 3.5 s', () => {
    const records = journal(both((ms) => ms === 2000));
    expect(until(records, 5400).settledNs / MS).toBeLessThan(2000 + 40);
    expect(lagMs(until(records, 5600))).toBeLessThan(250);
  });

  it('waits for a connection that has gone silent, for 10 s', () => {
    const senders = both();
    const other = new Sender(streamInfo(3, { codec: 'opus', who: 'bob' }));
    talk(other, 0, 20_000);
    const records = journal([...senders, other]);
    expect(until(records, 9000).settledNs / MS).toBeLessThan(6000 + 40);
    expect(lagMs(until(records, 17_000))).toBeLessThan(750);
  });

  it.each([
    ['muted', eventRecord(6000 * MS, { type: 'track-muted', trackId: VIDEO.trackId, muted: true }), 750],
    ['closed', eventRecord(6000 * MS, { type: 'stream-closed', stream: 1 }), 250],
    ['unpublished', eventRecord(6000 * MS, { type: 'track-unpublished', trackId: VIDEO.trackId }), 250],
    [
      'gone',
      eventRecord(6000 * MS, { type: 'participant-left', participantId: participant('ada'), reason: 'left' }),
      250,
    ],
  ])('does not wait for who is %s', (_, event, most) => {
    const video = new Sender(VIDEO);
    film(video, 0, 6000);
    const other = new Sender(streamInfo(3, { codec: 'opus', who: 'bob' }));
    talk(other, 0, 10_000);
    expect(lagMs(until(journal([video, other], [event]), 7000))).toBeLessThan(most);
  });

  it('does not wait for a simulcast layer that was switched off, nor long for a screen that stands still', () => {
    const low = new Sender(streamInfo(1, { codec: 'vp8', rid: 'q' }));
    const high = new Sender(streamInfo(3, { codec: 'vp8', rid: 'f' }));
    const screen = new Sender(streamInfo(4, { codec: 'vp8', source: 'screen-video' }));
    film(low, 0, 10_000);
    film(high, 0, 3000);
    film(screen, 0, 3000);
    expect(lagMs(until(journal([low, high]), 4000))).toBeLessThan(750);
    expect(lagMs(until(journal([low, screen]), 6000))).toBeLessThan(750);
  });

  it('does not wait for a layer that sends padding alone', () => {
    const low = new Sender(streamInfo(1, { codec: 'vp8', rid: 'q' }));
    const high = new Sender(streamInfo(3, { codec: 'vp8', rid: 'f' }));
    const fresh = new Sender(streamInfo(4, { codec: 'vp8', rid: 'h' }));
    film(low, 0, 10_000);
    film(high, 0, 3000);
    for (const probing of [high, fresh])
      for (let ms = 3000; ms < 10_000; ms += 100) probing.frame(3000 * MS, [Buffer.alloc(0)], always(ms * MS));
    expect(lagMs(until(journal([low, high, fresh]), 8000))).toBeLessThan(750);
  });

  it('never changes what it called final, whatever comes late', () => {
    const random = seeded(11);
    const [video, audio] = [new Sender(VIDEO), new Sender(AUDIO)];
    film(video, 0, 1);
    talk(audio, 0, 1);
    for (let ms = 40; ms < 20_000; ms += 40) {
      const late = random() < 0.05 ? 3000 * random() : 60 * random();
      const frame = vp8Frame({ key: ms % 1000 === 0, mark: ms });
      video.frame(ms * MS, vp8Payloads(frame, 2), () => (random() < 0.02 ? null : (ms + late) * MS + DELAY_NS));
      audio.frame(ms * MS, [opusPacket(ms)], () => (random() < 0.02 ? null : (ms + late) * MS + DELAY_NS));
      audio.frame((ms + 20) * MS, [opusPacket(ms + 20)], () => (ms + 80 * random()) * MS + DELAY_NS);
    }
    const timeline = new Timeline();
    const seen: { untilNs: number; picture: number; sound: number }[] = [];
    const count = (untilNs: number) => ({
      untilNs,
      picture: timeline.videoFrames(1, 0, untilNs).length,
      sound: timeline.audioPackets(2, 0, untilNs).filter(({ startNs }) => startNs < untilNs).length,
    });
    for (const record of journal([video, audio])) {
      timeline.push(record);
      if (timeline.settledNs > (seen.at(-1)?.untilNs ?? 0) + 100 * MS) seen.push(count(timeline.settledNs));
    }
    timeline.finish();
    expect(seen.length).toBeGreaterThan(20);
    for (const before of seen) expect(count(before.untilNs)).toEqual(before);
    const frames = timeline.videoFrames(1, 0, Number.POSITIVE_INFINITY);
    const times = frames.map((frame) => frame.timeNs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

describe('determinism', () => {
  /** Reads segment by segment as a compositor does, and hashes all that it read. `hurry` reads only now and then. */
  const digest = (records: readonly JournalRecord[], batch: number): string => {
    const hash = createHash('sha256');
    const timeline = new Timeline();
    let at = 0;
    let queue = 0;
    const read = (toNs: number): void => {
      for (const { timeNs, data, decodable } of timeline.videoFrames(1, at, toNs))
        hash.update(`${timeNs} ${decodable}`).update(data);
      for (const { startNs, endNs, data } of timeline.audioPackets(2, at, toNs))
        hash.update(`${startNs} ${endNs} ${data === null}`);
      timeline.discardBefore(toNs);
      at = toNs;
    };
    for (const record of records) {
      timeline.push(record);
      queue += 1;
      if (queue < batch) continue;
      queue = 0;
      while (timeline.settledNs >= at + 500 * MS) read(at + 500 * MS);
    }
    timeline.finish();
    while (at < 20 * S) read(at + 500 * MS);
    return hash.digest('hex');
  };

  it('reads the same whether it follows record by record or comes later', () => {
    const random = seeded(3);
    const [video, audio] = [new Sender(VIDEO, { ppm: 80 }), new Sender(AUDIO, { ppm: -50 })];
    const arrival = (ms: number) => (): number | null => (random() < 0.03 ? null : (ms + 30 + 60 * random()) * MS);
    for (let ms = 0; ms < 15_000; ms += 20) {
      if (ms % 40 === 0)
        video.frame(ms * MS, vp8Payloads(vp8Frame({ key: ms % 2000 === 0, mark: ms }), 3), arrival(ms));
      audio.frame(ms * MS, [opusPacket(ms)], arrival(ms));
      if (ms % 3000 === 1000) for (const sender of [video, audio]) sender.report(ms * MS, (ms + 20) * MS);
    }
    const records = journal([video, audio]);
    const [first, ...others] = [1, 7, 100, records.length].map((batch) => digest(records, batch));
    expect(others).toEqual([first, first, first]);
  });
});

describe('a journal entered at a later chunk', () => {
  it('knows sequence numbers and the last report from the snapshot', () => {
    const audio = new Sender(AUDIO, { sequence: 10 });
    const video = new Sender(VIDEO, { sequence: 10 });
    const report = (sender: Sender) => ({
      packet: senderReport(3_900_000_000, sender.timestampAt(0)).toString('base64'),
      arrivalNs: DELAY_NS,
    });
    const streams = [video, audio].map((sender) => ({
      ...sender.info,
      extendedSequence: 65_536 + 9,
      lastSenderReport: report(sender),
    }));
    for (let ms = 1000; ms < 3000; ms += 40) {
      video.frame(ms * MS, vp8Payloads(vp8Frame({ key: ms === 1000, mark: ms })), () => (ms + 90) * MS);
      audio.frame(ms * MS, [opusPacket(ms)], () => (ms + 30) * MS);
      audio.frame((ms + 20) * MS, [opusPacket(ms + 20)], () => (ms + 50) * MS);
    }
    const records = inOrder([...video.records, ...audio.records]);
    const timeline = play([snapshotRecord({ streams }, 1000 * MS), ...records]);
    expect((timeline.arrivalNs - timeline.settledNs) / MS).toBeLessThan(250);
    const frame = timeline.videoFrames(1, 0, 10 * S)[10];
    expect(frame && Math.abs(frame.timeNs / MS - markOf(frame.data) - 30)).toBeLessThan(2);
  });

  it('is led astray by no retransmission of what was sent before it, nor by a loss right behind it', () => {
    const senders = [new Sender(AUDIO, { sequence: 10 }), new Sender(VIDEO, { sequence: 10 })];
    for (const sender of senders) {
      const isSound = sender.info.codec === 'opus';
      for (let ms = 0; ms < 5000; ms += isSound ? 20 : 40) {
        const payload = isSound ? [opusPacket(ms)] : vp8Payloads(vp8Frame({ key: ms % 1000 === 0, mark: ms }));
        // Of what was sent before, one packet alone comes, late; the third afterwards is lost.
        const ends = ms < 1000 ? (ms === 920 ? 1020 : null) : ms === 1080 ? null : ms + 30;
        sender.frame(ms * MS, payload, () => (ends === null ? null : ends * MS));
      }
    }
    const streams = senders.map((sender) => ({
      ...sender.info,
      extendedSequence: 9 + (sender.info.codec === 'opus' ? 50 : 25),
      lastSenderReport: {
        packet: senderReport(3_900_000_000, sender.timestampAt(0)).toString('base64'),
        arrivalNs: DELAY_NS,
      },
    }));
    const records = inOrder(senders.flatMap((sender) => sender.records));
    const timeline = play([snapshotRecord({ streams }, 1000 * MS), ...records]);
    timeline.finish();
    const frames = timeline.videoFrames(1, 0, 10 * S).filter(({ decodable }) => decodable);
    expect(frames.length).toBe(77);
    for (const { timeNs, data } of frames) expect(Math.abs(timeNs / MS - markOf(data) - 30)).toBeLessThan(5);
  });

  it('tells events and recordings, whether they began in it or before', () => {
    const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
    const recordingId = 'a'.repeat(24) as never;
    const later = 'b'.repeat(24) as never;
    const timeline = play([
      snapshotRecord({ recordings: [{ recordingId, startedNs: 5, layout }] }, 10),
      eventRecord(20, { type: 'recording-started', recording: { recordingId: later, startedNs: 20, layout } }),
      eventRecord(30, { type: 'recording-stopped', recordingId, stoppedNs: 29, reason: 'requested' }),
    ]);
    expect([...timeline.recordings.values()].map(({ startNs, stopNs }) => [startNs, stopNs])).toEqual([
      [5, 29],
      [20, null],
    ]);
    expect(timeline.events.map(({ atNs, event }) => `${atNs} ${event.type}`)).toEqual([
      '10 room-state',
      '20 recording-started',
      '30 recording-stopped',
    ]);
  });

  it('tells since when a track is unmuted', () => {
    const trackId = track('t');
    const mute = (atNs: number, muted: boolean) => eventRecord(atNs, { type: 'track-muted', trackId, muted });
    const timeline = play([snapshotRecord(), mute(10, true), mute(20, false)]);
    expect([5, 10, 15, 20, 30].map((ns) => timeline.unmutedSince(trackId, ns))).toEqual([
      Number.NEGATIVE_INFINITY,
      null,
      null,
      20,
      20,
    ]);
  });
});

describe('hostile media', () => {
  it('is counted and changes nothing for others', () => {
    const random = seeded(99);
    const audio = new Sender(AUDIO);
    talk(audio, 0, 5000);
    const bad: StreamInfo[] = (['vp8', 'vp9', 'h264', 'av1', 'opus'] as const).map((codec, i) =>
      streamInfo(10 + i, { codec, who: `bad${i}` }),
    );
    const noise: JournalRecord[] = [];
    for (let i = 0; i < 6000; i += 1) {
      const payload = Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)));
      if (payload.length > 1 && random() < 0.9) {
        payload[0] = 0x80;
        payload[1] = (random() < 0.5 ? 0x80 : 0) | (i % 5 === 4 ? 111 : 96);
      }
      const type = random() < 0.9 ? 'rtp' : 'sender-report';
      noise.push({ type, arrivalNs: Math.floor(random() * 5 * S), stream: 10 + (i % 6), payload });
    }
    const records = journal([audio], [...bad.map((info) => opened(0, info)), ...noise]);
    const timeline = play(records);
    timeline.finish();
    expect(timeline.faults.malformed).toBeGreaterThan(300);
    expect(timeline.faults.unknown).toBeGreaterThan(300);
    expect(timeline.audioPackets(2, 0, 10 * S)).toHaveLength(250);
  });

  it('whose reports tell of another clock than its connection is placed by its arrival', () => {
    const video = new Sender(VIDEO);
    const audio = new Sender(AUDIO, { ntpAtZero: 3_900_003_600 });
    film(video, 0, 3000);
    talk(audio, 0, 3000);
    const timeline = play(journal([video, audio]));
    timeline.finish();
    const [picture, sound] = [timeline.videoFrames(1, 0, 10 * S)[25], timeline.audioPackets(2, 0, 10 * S)[50]];
    expect((picture?.timeNs ?? 0) / MS).toBeCloseTo(1030, 0);
    expect((sound?.startNs ?? 0) / MS).toBeCloseTo(1030, 0);
  });

  it('with a clock that jumps goes on where it arrives', () => {
    const audio = new Sender(AUDIO);
    talk(audio, 0, 2000);
    const jumped = new Sender(AUDIO, { sequence: 65_600, timestamp: 0x40000000 });
    for (let ms = 2000; ms < 4000; ms += 20) jumped.frame(ms * MS, [opusPacket(ms)], always(ms * MS));
    const timeline = play([...journal([audio]), ...jumped.records]);
    timeline.finish();
    const last = timeline.audioPackets(2, 0, 10 * S).at(-1);
    expect(last?.data?.readUInt32BE(1)).toBe(3980);
    expect(Math.abs((last?.startNs ?? 0) / MS - 3980 - 30)).toBeLessThan(30);
  });
});
