import { describe, expect, it } from 'vitest';
import { colourOf } from '../../../../src/timeline/colour.ts';
import type { CodedPicture, Depacketizer } from '../../../../src/timeline/depacketize/depacketizer.ts';
import { FrameAssembler } from '../../../../src/timeline/depacketize/frame-assembler.ts';
import type { VideoColour } from '../../../../src/timeline/types.ts';

const FULL_709 = colourOf('bt709', 'full');
const LIMITED_601 = colourOf('bt601', 'limited');
const ONLY_FULL = colourOf(null, 'full');

/** One packet of a picture: what its extension says; a keyframe with what its bitstream says; or a loss. */
type Step = { key?: VideoColour | null; told?: VideoColour | null; parts?: number } | 'lost';

/** The colour of every picture that came out. */
const colours = (steps: readonly Step[]): (VideoColour | null)[] => {
  let next: CodedPicture = { data: Buffer.alloc(1), keyframe: false, size: null, colour: null };
  const depacketizer: Depacketizer = { add: () => true, take: () => next, reset: () => undefined };
  const out: (VideoColour | null)[] = [];
  const assembler = new FrameAssembler(depacketizer, ({ colour }) => out.push(colour));
  for (const [ticks, step] of steps.entries()) {
    if (step === 'lost') {
      assembler.lost();
      continue;
    }
    const { key, told = null, parts = 1 } = step;
    next = { ...next, keyframe: key !== undefined, colour: key ?? null };
    // The extension comes with the last packet.
    for (let part = 1; part < parts; part += 1) assembler.packet(Buffer.alloc(1), ticks, false);
    assembler.packet(Buffer.alloc(1), ticks, true, told);
  }
  return out;
};

describe('the colour in force', () => {
  it('holds from the keyframe that tells it to the next, which tells it anew or ends it', () => {
    expect(colours([{ key: null, told: FULL_709, parts: 3 }, {}, {}, { key: null }, {}])).toEqual([
      FULL_709,
      FULL_709,
      FULL_709,
      null,
      null,
    ]);
  });

  it('changes within a group of pictures where a picture says so', () => {
    expect(colours([{ key: null }, {}, { told: FULL_709 }, {}])).toEqual([null, null, FULL_709, FULL_709]);
  });

  it('is what the extension says, and of the rest what the bitstream says', () => {
    expect(colours([{ key: LIMITED_601 }, {}])).toEqual([LIMITED_601, LIMITED_601]);
    expect(colours([{ key: LIMITED_601, told: FULL_709 }, {}])).toEqual([FULL_709, FULL_709]);
    expect(colours([{ key: LIMITED_601, told: ONLY_FULL }, {}])).toEqual([
      colourOf('bt601', 'full'),
      colourOf('bt601', 'full'),
    ]);
    expect(colours([{ key: LIMITED_601, told: FULL_709 }, { key: null }])).toEqual([FULL_709, null]);
  });

  it('outlives a loss, as the picture does that is still shown', () => {
    expect(colours([{ key: null, told: FULL_709 }, 'lost', {}, { key: null, told: LIMITED_601 }])).toEqual([
      FULL_709,
      FULL_709,
      LIMITED_601,
    ]);
  });
});
