import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { AUDIO, always, DELAY_NS, journal, play, talk, ticksTo } from './support/played.ts';
import { opusPacket } from './support/rtp.ts';
import { eventRecord, MS, S, Sender } from './support/session.ts';

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
