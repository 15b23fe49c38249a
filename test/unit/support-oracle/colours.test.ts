import { describe, expect, it } from 'vitest';
import { identityRgb, identityYuv } from '../../../src/synthetic/identity.ts';
import { farthest, toRgb } from '../../support/oracle/colours.ts';

describe('what numbers stand for', () => {
  // 100 % red as the recommendations' tables of bars have it, and what Chromium was measured to send for (196, 48, 48).
  it.each([
    ['limited BT.601', [81, 90, 240], 'bt601', 'limited', [255, 0, 0]],
    ['limited BT.709', [63, 102, 240], 'bt709', 'limited', [255, 0, 0]],
    ['full BT.709', [79, 111, 202], 'bt709', 'full', [196, 48, 48]],
    ['limited BT.2020', [74, 97, 240], 'bt2020', 'limited', [255, 0, 0]],
    ['limited white', [235, 128, 128], 'bt709', 'limited', [255, 255, 255]],
  ] as const)('%s', (_, [y, u, v], matrix, range, [r, g, b]) => {
    expect(farthest(toRgb({ y, u, v }, { matrix, range }), [r, g, b])).toBeLessThan(2);
  });

  it('finds every identity in a pre-encoded picture', () => {
    for (let index = 0; index < 25; index++) {
      const rgb = toRgb(identityYuv(index), { matrix: 'bt601', range: 'limited' });
      expect(farthest(rgb, identityRgb(index))).toBeLessThan(2);
    }
  });
});
