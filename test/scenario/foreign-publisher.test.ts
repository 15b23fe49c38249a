import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AiortcGuest } from '../support/aiortc-guest.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';

/** A WHIP publisher with a WebRTC stack of its own, beside one of ours. */
describe('a publisher that is not ours', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('is recorded as it was', async () => {
    const sitting = await Sitting.open(service, 2);
    const ours = await sitting.join({ index: 0, via: 'room' });
    const theirs = await AiortcGuest.publish(service, { roomId: sitting.roomId, name: 'aiortc', index: 1, of: 2 });
    try {
      sitting.guests.push(theirs);
      sitting.grid([ours, theirs], { fresh: true });
      await sitting.startRecording();
      await sitting.until(12);
      await sitting.endRecording();
      const { failures, text, report } = await sitting.judged();
      await sitting.leave();
      expect(failures, text).toEqual([]);
      expect(report.participants.at(-1)?.flashes.expected, text).toBeGreaterThanOrEqual(3);
    } finally {
      await theirs.close();
    }
  });
});
