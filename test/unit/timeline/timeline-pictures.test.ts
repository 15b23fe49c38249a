import { describe, expect, it } from 'vitest';
import { COLOUR_EXTENSION } from '../../../src/timeline/colour.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { AUDIO, DELAY_NS, film, journal, play, talk, ticksTo, VIDEO } from './support/played.ts';
import { markOf, vp8Frame, vp8Payloads } from './support/rtp.ts';
import { MS, S, Sender, streamInfo } from './support/session.ts';

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
