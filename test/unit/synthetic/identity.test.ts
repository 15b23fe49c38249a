import { describe, expect, it } from 'vitest';
import {
  beepHz,
  identityOfColour,
  identityRgb,
  identityYuv,
  isFlashing,
  isTurn,
  MOST_IDENTITIES,
} from '../../../src/synthetic/identity.ts';
import { decodeTimecode, encodeTimecode } from '../../../src/synthetic/timecode.ts';

const everybody = Array.from({ length: MOST_IDENTITIES }, (_, index) => index);

describe('identities', () => {
  it('are told from each other by colour, also when compression has moved it', () => {
    for (const index of everybody) {
      const [r, g, b] = identityRgb(index);
      for (const [dr, dg, db] of [
        [0, 0, 0],
        [10, -1, -1],
        [-10, 1, 10],
      ] as const) {
        expect(identityOfColour([r + dr, g + dg, b + db])).toBe(index);
      }
    }
  });

  it('are nobody for black, white and a theme’s background', () => {
    expect(identityOfColour([0, 0, 0])).toBeNull();
    expect(identityOfColour([255, 255, 255])).toBeNull();
    expect(identityOfColour([31, 34, 53])).toBeNull();
  });

  it('stand in pre-encoded pictures as limited-range BT.601', () => {
    // ITU-R BT.601-7 §2.5, by hand for (196, 48, 48) and grey.
    expect(identityYuv(0)).toEqual({ y: 95, u: 106, v: 193 });
    expect(identityYuv(24)).toEqual({ y: 126, u: 128, v: 128 });
  });

  it('have pitches that are whole multiples of 100 Hz apart', () => {
    for (const index of everybody.slice(1)) expect((beepHz(index) - beepHz(index - 1)) % 100).toBe(0);
  });

  it('refuse a number that nobody has', () => {
    expect(() => identityYuv(MOST_IDENTITIES)).toThrow('25 has no identity');
  });
});

describe('turns', () => {
  it('give every second to one participant', () => {
    for (let second = 0; second < 12; second++) {
      expect([0, 1, 2, 3].filter((index) => isTurn({ index, of: 4 }, second))).toEqual([second % 4]);
    }
  });

  it('flash for the first 100 ms of the second', () => {
    const turn = { index: 1, of: 4 };
    expect([999, 1000, 1099, 1100, 2000, 5050].map((ms) => isFlashing(turn, ms))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('timecode', () => {
  it('reads back what was written', () => {
    for (const frame of [0, 1, 255, 256, 29_999, 65_535]) {
      expect(decodeTimecode(encodeTimecode(frame, 3), 3)).toBe(frame);
    }
  });

  it('is refused for another participant, for one wrong bit, and for a plain area', () => {
    const bits = encodeTimecode(1234, 2);
    expect(decodeTimecode(bits, 1)).toBeNull();
    for (let wrong = 0; wrong < bits.length; wrong++) {
      expect(
        decodeTimecode(
          bits.map((bit, index) => (index === wrong ? !bit : bit)),
          2,
        ),
      ).toBeNull();
    }
    for (const index of everybody) {
      expect(decodeTimecode(Array<boolean>(24).fill(false), index)).toBeNull();
      expect(decodeTimecode(Array<boolean>(24).fill(true), index)).toBeNull();
    }
  });
});
