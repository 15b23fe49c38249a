import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridRects } from '../../src/domain/grid.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';

/** Recordings of what is not a usual meeting: each gives a right file. */
describe('a recording', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('of a room in which nobody publishes shows who is there', async () => {
    const sitting = await Sitting.open(service, 1);
    await sitting.join({ via: 'room', camera: false, microphone: 'none' });
    sitting.scene([], { dark: gridRects(1, sitting.canvas) });
    await sitting.startRecording();
    await sitting.until(3);
    await sitting.endRecording();
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });

  it('ends by itself when the last one leaves', async () => {
    const sitting = await Sitting.open(service, 1);
    const [ada] = [await sitting.join({ via: 'room' })];
    sitting.grid([ada], { fresh: true });
    await sitting.startRecording();
    await sitting.until(4);
    sitting.changing();
    await ada.leave();
    const { failures, text, finished } = await sitting.judged();
    expect(failures, text).toEqual([]);
    expect(finished.recording).toMatchObject({ status: 'done', stopReason: 'session-ended' });
  });

  it('of one second is one second long', async () => {
    const sitting = await Sitting.open(service, 1);
    await sitting.join({ via: 'whip' });
    await sitting.startRecording();
    await sitting.until(1);
    await sitting.endRecording();
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });

  it('follows a picture that changes its resolution in mid-stream', async () => {
    const sitting = await Sitting.open(service, 1);
    const ada = await sitting.join({ via: 'whip', size: { width: 640, height: 360 } });
    sitting.grid([ada], { fresh: true });
    await sitting.startRecording();
    await sitting.until(3);
    await ada.resize({ width: 320, height: 180 });
    await sitting.until(6);
    await ada.resize({ width: 640, height: 360 });
    await sitting.until(9);
    await sitting.endRecording();
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });

  it('takes a microphone that is silent and sends nearly nothing, and one that only beeps', async () => {
    const sitting = await Sitting.open(service, 2);
    const quiet = await sitting.join({ microphone: 'silent-dtx' });
    const beeping = await sitting.join({ microphone: 'beeps-dtx' });
    sitting.grid([quiet, beeping], { fresh: true });
    await sitting.startRecording();
    await sitting.until(9);
    await sitting.endRecording();
    const { failures, text, report } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
    expect(report.participants[1]?.beeps.heard, text).toBeGreaterThanOrEqual(3);
  });

  it('waits for the keyframe of a track that begins without one', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ firstFrame: 'between-keyframes' });
    await sitting.startRecording();
    const bob = await sitting.join({ firstFrame: 'between-keyframes' });
    sitting.grid([ada, bob], { fresh: true });
    await sitting.until(7);
    await sitting.endRecording();
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });

  it.each(['h264', 'vp9', 'av1'] as const)('takes %s, and simulcast', async (codec) => {
    const sitting = await Sitting.open(service, 2);
    const plain = await sitting.join({ codec });
    const layered = await sitting.join({ codec, simulcast: true, size: { width: 1280, height: 720 }, seconds: 30 });
    sitting.grid([plain, layered], { fresh: true });
    await sitting.startRecording();
    await sitting.until(6);
    await sitting.endRecording();
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });
});
