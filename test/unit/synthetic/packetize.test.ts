import { beforeAll, describe, expect, it } from 'vitest';
import { VIDEO_CODECS, type VideoCodec } from '../../../src/domain/media.ts';
import { encodeVideo } from '../../../src/synthetic/encode.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import { obusOf } from '../../../src/synthetic/packetize/av1.ts';
import { nalUnits } from '../../../src/synthetic/packetize/h264.ts';
import { packetizerFor } from '../../../src/synthetic/packetize/packetizer.ts';
import { MAX_PAYLOAD } from '../../../src/synthetic/packetize/payload.ts';
import { createDepacketizer } from '../../../src/timeline/depacketize/create.ts';

/** Real frames of every encoder, through the payload format and back through the depacketizer that recordings use. */
const SIZE = { width: 320, height: 180 };

const encode = (codec: VideoCodec): Promise<EncodedTrack> =>
  encodeVideo({
    codec,
    size: SIZE,
    fps: 30,
    seconds: 1,
    turn: { index: 0, of: 1 },
    name: 'Ada',
    // Noise makes frames of several packets.
    content: 'noisy',
  });

/** What must be the same on both sides: containers differ, coded units do not. */
const unitsOf = (codec: VideoCodec, frame: Buffer): Buffer[] => {
  if (codec === 'h264') return nalUnits(frame).filter((unit) => ((unit[0] ?? 0) & 0x1f) !== 6);
  if (codec === 'av1') return obusOf(frame);
  return [frame];
};

describe.each(VIDEO_CODECS)('%s over RTP', (codec) => {
  let track: EncodedTrack;
  beforeAll(async () => {
    track = await encode(codec);
  });

  it('comes out as it went in', () => {
    const packetize = packetizerFor(track);
    const depacketizer = createDepacketizer(codec, '');
    expect(track.frames).toHaveLength(30);
    let packets = 0;
    for (const frame of track.frames) {
      const payloads = packetize(frame.data, frame.keyframe);
      packets += payloads.length;
      for (const [index, payload] of payloads.entries()) {
        expect(payload.length).toBeLessThanOrEqual(MAX_PAYLOAD);
        expect(depacketizer.add(payload, index === 0)).toBe(true);
      }
      const picture = depacketizer.take();
      if (typeof picture === 'string') throw new Error(`A ${codec} frame came out as "${picture}".`);
      expect(picture.keyframe).toBe(frame.keyframe);
      if (frame.keyframe) expect(picture.size).toEqual(SIZE);
      expect(unitsOf(codec, picture.data).map((unit) => unit.toString('hex'))).toEqual(
        unitsOf(codec, frame.data).map((unit) => unit.toString('hex')),
      );
    }
    expect(packets).toBeGreaterThan(track.frames.length);
  });

  it('has a keyframe at every second and nowhere else', () => {
    expect(track.frames.filter(({ keyframe }) => keyframe).map(({ time }) => time)).toEqual([0]);
  });
});
