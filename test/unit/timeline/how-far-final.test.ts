import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { AUDIO, always, DELAY_NS, film, journal, play, talk, VIDEO } from './support/played.ts';
import { opusPacket, vp8Frame, vp8Payloads } from './support/rtp.ts';
import { eventRecord, MS, participant, Sender, seeded, streamInfo } from './support/session.ts';

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
