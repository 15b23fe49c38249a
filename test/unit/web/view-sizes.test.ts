import { describe, expect, it } from 'vitest';
import { largestView } from '../../../web/client/view-sizes.ts';

describe('largestView', () => {
  it('is the largest, rounded up to steps that the server can act on', () => {
    expect(
      largestView([
        { width: 100, height: 60 },
        { width: 630, height: 350 },
      ]),
    ).toEqual({ width: 640, height: 352 });
  });

  it('is 0x0 where nothing is seen', () => {
    expect(largestView([])).toEqual({ width: 0, height: 0 });
    expect(largestView([{ width: 300, height: 0 }])).toEqual({ width: 0, height: 0 });
  });

  it('stays within what the protocol allows', () => {
    expect(largestView([{ width: 20_000, height: 10_000 }])).toEqual({ width: 8192, height: 8192 });
  });
});
