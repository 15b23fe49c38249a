import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';

/** People come, mute, darken their camera, share a screen and go while they are recorded; every change is at its place in the file. */
describe('a room that changes while it is recorded', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('shows and sounds as it was', async () => {
    const sitting = await Sitting.open(service, 3);
    const ada = await sitting.join({ name: 'Ada', via: 'room' });
    const bob = await sitting.join({ name: 'Bob', via: 'room' });
    sitting.grid([ada, bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(5);

    sitting.changing();
    const eve = await sitting.join({ name: 'Eve', via: 'room' });
    sitting.grid([ada, bob, eve], { fresh: true });
    await sitting.until(11);

    sitting.changing();
    await ada.mute();
    await bob.cameraOff();
    sitting.grid([ada, bob, eve], { dark: [1] });
    await sitting.until(16);

    sitting.changing();
    await ada.unmute();
    await bob.cameraOn();
    sitting.grid([ada, bob, eve], { fresh: true });
    await sitting.until(20);

    sitting.changing();
    await eve.shareScreen();
    sitting.share(eve, [ada, bob, eve]);
    await sitting.until(26);

    sitting.changing();
    await eve.stopSharing();
    sitting.grid([ada, bob, eve]);
    await sitting.until(29);

    sitting.changing();
    await eve.leave();
    sitting.grid([ada, bob]);
    await sitting.until(33);
    await sitting.endRecording();
    const { failures, text, journal } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
    expect(
      journal.streams.filter(({ missing }) => missing > 0),
      text,
    ).toEqual([]);
    expect(journal.events.map(({ event }) => event.type)).toContain('track-unpublished');
  });

  it('shows somebody who comes and goes three times each time', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ name: 'Ada', via: 'room' });
    sitting.grid([ada], { fresh: true });
    await sitting.startRecording();
    for (const at of [2, 7, 12]) {
      await sitting.until(at);
      sitting.changing();
      const bob = await sitting.join({ name: 'Bob', index: 1, via: at === 7 ? 'whip' : 'room' });
      sitting.grid([ada, bob], { fresh: true });
      await sitting.until(at + 4);
      sitting.changing();
      await bob.leave();
      sitting.grid([ada]);
    }
    await sitting.until(18);
    await sitting.endRecording();
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });

  it('keeps the tile of somebody whose network dies for a moment and who comes back', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ name: 'Ada', via: 'room' });
    const bob = await sitting.join({ name: 'Bob', via: 'room' });
    sitting.grid([ada, bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(4);
    sitting.changing();
    const before = bob.participantId;
    await bob.reconnect();
    expect(bob.participantId).toBe(before);
    sitting.grid([ada, bob], { fresh: true });
    await sitting.until(10);
    await sitting.endRecording();
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });

  it('removes somebody who vanishes without a word', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ name: 'Ada', via: 'room' });
    const bob = await sitting.join({ name: 'Bob', via: 'whip' });
    sitting.grid([ada, bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(4);
    sitting.changing();
    await bob.vanish();
    // Presence ends eight seconds after the last packet.
    await sitting.until(14);
    sitting.grid([ada]);
    await sitting.until(17);
    await sitting.endRecording();
    const { failures, text, journal } = await sitting.judged();
    await sitting.leave();
    expect(failures, text).toEqual([]);
    // By the journal's own clock: a starved machine may stop sending long before it is told to vanish.
    const left = journal.events.find(({ event }) => event.type === 'participant-left' && event.reason === 'timeout');
    const whose = left?.event.type === 'participant-left' ? left.event.participantId : null;
    const streams = journal.streams.filter(({ info }) => info.participantId === whose);
    const lastMs = Math.max(...streams.map(({ lastPacketMs }) => lastPacketMs));
    const silentMs = Number((left?.atNs ?? 0n) - journal.originNs) / 1e6 - lastMs;
    expect(streams).toHaveLength(2);
    // Last activity is kept in whole milliseconds.
    expect(silentMs).toBeGreaterThanOrEqual(7_999);
  });
});
