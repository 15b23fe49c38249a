import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';

/**
 * Four participants send pre-encoded RTP, one clock for picture and sound, so that what is judged is ours: who is in which tile, every
 * flash and beep, lips, presentation times, length, and how old the pictures are.
 */
describe('a grid of four', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  const recorded = async (size: { width: number; height: number }, seconds: number) => {
    const sitting = await Sitting.open(service, 4);
    for (const via of ['room', 'whip', 'room', 'whip'] as const) await sitting.join({ size, via, seconds: 40 });
    sitting.grid(sitting.participants, { fresh: true });
    await sitting.startRecording();
    await sitting.until(seconds);
    await sitting.endRecording();
    const report = await sitting.judged();
    await sitting.leave();
    return report;
  };

  it('is right at 320x180', async () => {
    const { failures, text } = await recorded({ width: 320, height: 180 }, 13);
    expect(failures, text).toEqual([]);
  });

  it('is right at 720p', async () => {
    const { failures, text, journal, report } = await recorded({ width: 1280, height: 720 }, 17);
    expect(failures, text).toEqual([]);
    expect(
      journal.streams.map(({ missing }) => missing),
      text,
    ).toEqual(Array(8).fill(0));
    for (const { flashes, beeps } of report.participants) {
      expect(flashes.expected).toBeGreaterThanOrEqual(3);
      expect(beeps.expected).toBeGreaterThanOrEqual(3);
    }
  });
});
