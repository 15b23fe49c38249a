import { describe, expect, it } from 'vitest';
import { deviceProblems } from '../../../web/room/device-problems.ts';

const denied = { trouble: 'denied', message: 'Blocked.' } as const;
const busy = { trouble: 'busy', message: 'Busy.' } as const;

describe('deviceProblems', () => {
  it('says nothing where nothing is wrong', () => {
    expect(deviceProblems(null, null)).toEqual([]);
  });

  it('says one sentence for one trouble of both', () => {
    expect(deviceProblems(denied, denied)).toHaveLength(1);
    expect(deviceProblems(denied, denied)[0]).toContain('camera and microphone');
    expect(deviceProblems(busy, busy)).toEqual(['Busy.']);
  });

  it('says each where they differ', () => {
    expect(deviceProblems(busy, denied)).toEqual(['Busy.', 'Blocked.']);
    expect(deviceProblems(null, busy)).toEqual(['Busy.']);
  });
});
