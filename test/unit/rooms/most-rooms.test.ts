import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig({ mostSessions: 2 });
});
afterEach(() => rig.close());

test('who would open one room too many is refused in words; rooms that are open take people', async () => {
  await rig.join('ada', { roomId: 'aaaa-aaaa-aaaa' });
  await rig.join('bob', { roomId: 'bbbb-bbbb-bbbb' });
  const cyd = await rig.join('cyd', { roomId: 'cccc-cccc-cccc' });
  expect(cyd.last('error')).toMatchObject({
    code: 'TOO_MANY_ROOMS',
    message:
      'People are in 2 rooms; this server serves 2 at once (ROOMTAPE_MAX_ROOMS). Try again when one of them has ended.',
  });
  const dan = await rig.join('dan', { roomId: 'aaaa-aaaa-aaaa' });
  expect(dan.last('joined').participants).toHaveLength(2);
  await rig.rooms.endSession('bbbb-bbbb-bbbb', 'session-ended');
  const eve = await rig.join('eve', { roomId: 'cccc-cccc-cccc' });
  expect(eve.all('joined')).toHaveLength(1);
});
