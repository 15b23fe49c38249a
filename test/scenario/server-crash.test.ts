import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrowserGuest } from '../support/browser.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

/** The server process is killed while people talk and are recorded. They do not notice, and the journal has no hole. */
describe('the server process killed while it records', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('costs nothing', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ via: 'whip' });
    const bob = await sitting.join({ via: 'whip' });
    sitting.grid([ada, bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(4);
    const pid = await waitFor('the server process', 1_000, () => service.pidOf('server'));
    process.kill(pid, 'SIGKILL');
    await waitFor('another server process', 30_000, async () => {
      const now = await service.pidOf('server');
      return now !== null && now !== pid;
    });
    await service.server.healthy();
    await sitting.until(12);
    await sitting.endRecording();
    const { failures, text, journal } = await sitting.judged();
    expect([ada.lost, bob.lost]).toEqual([null, null]);
    await sitting.leave();
    expect(failures, text).toEqual([]);
    expect(
      journal.streams.map(({ missing }) => missing),
      text,
    ).toEqual([0, 0, 0, 0]);
  });

  it('costs two people on the room page nothing', async () => {
    const sitting = await Sitting.open(service, 2);
    const guests: BrowserGuest[] = [];
    try {
      for (const [index, name] of ['Ada', 'Bob'].entries()) {
        const { roomId } = sitting;
        guests.push(await BrowserGuest.join(service, { kind: 'chromium', roomId, name, index, of: 2, fps: 15 }));
      }
      const [ada, bob] = guests;
      if (!ada || !bob) throw new Error('Two were to join.');
      sitting.guests.push(ada, bob);
      for (const guest of guests) {
        await waitFor('both to see each other', 30_000, async () => (await guest.tiles()).playing === 2);
        await watchForDisturbance(guest.page);
      }
      sitting.grid(guests, { fresh: true });
      await sitting.startRecording();
      await sitting.until(3);
      const before = await Promise.all(guests.map(callOf));
      const pid = await waitFor('the server process', 1_000, () => service.pidOf('server'));
      process.kill(pid, 'SIGKILL');
      for (const guest of guests) {
        await waitFor(
          'the page to miss its socket',
          10_000,
          async () => (await callOf(guest)).phase === 'reconnecting',
        );
      }
      const away = await Promise.all(guests.map(callOf));
      for (const guest of guests) {
        await waitFor('the page to be back', 30_000, async () => (await callOf(guest)).phase === 'joined');
      }
      expect(await Promise.all(guests.map(({ page }) => page.evaluate('window.disturbances')))).toEqual([[], []]);
      await service.server.healthy();
      // The socket that is back carries what people do: a pin for everybody is seen by the other.
      sitting.changing();
      await ada.page.click(`[data-participant-id="${before[1]?.selfId}"] [data-testid="pin-button"]`);
      await bob.page.waitForSelector(`[data-participant-id="${before[1]?.selfId}"][data-pinned="true"]`, {
        timeout: 10_000,
      });
      // Pins go first.
      sitting.grid([bob, ada]);
      await sitting.until(sitting.elapsed + 2);
      const after = await Promise.all(guests.map(callOf));
      for (const [index, { selfId, received, frames }] of after.entries()) {
        expect([selfId, received]).toEqual([before[index]?.selfId, before[index]?.received]);
        expect(frames).toBeGreaterThan(away[index]?.frames ?? frames);
      }
      await sitting.endRecording();
      const { failures, text, journal } = await sitting.judged();
      expect(failures, text).toEqual([]);
      const { startNs, stopNs, events, streams } = journal;
      const during = events
        .filter(({ atNs }) => atNs > startNs && atNs < (stopNs ?? 0n))
        .map(({ event }) => event.type);
      expect(during.filter((type) => type !== 'recording-started')).toEqual(['pins-changed']);
      expect(
        streams.filter(({ missing }) => missing > 0),
        text,
      ).toEqual([]);
    } finally {
      await Promise.all(guests.map((guest) => guest.close()));
    }
  });
});

/**
 * Notes everything on a page by which somebody would notice: a tile that goes, a picture that is replaced, a banner. Where this machine takes
 * more than 8 s to start the server again, the page says so, and is right.
 */
const watchForDisturbance = (page: BrowserGuest['page']): Promise<unknown> =>
  page.evaluate(`
    window.disturbances = [];
    let lostAt = null;
    window.roomtapeRoom.on('changed', ({ phase }) => {
      lostAt = phase === 'reconnecting' ? (lostAt ?? performance.now()) : null;
    });
    new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) {
        for (const node of removedNodes) if (node.querySelector?.('video') || node.matches?.('video')) disturbances.push('a picture went');
        for (const node of addedNodes) {
          const isBanner = node.matches?.('[data-testid="connection-banner"]');
          if (isBanner && (lostAt === null || performance.now() - lostAt < 7900)) disturbances.push(node.textContent);
          if (node.matches?.('[data-testid="end-screen"]')) disturbances.push('thrown out');
        }
      }
    }).observe(document.body, { childList: true, subtree: true });
  `);

interface Call {
  readonly phase: string;
  readonly selfId: string;
  /** SSRCs of what is received: new connections would have others. */
  readonly received: readonly number[];
  readonly frames: number;
}

const callOf = (guest: BrowserGuest): Promise<Call> =>
  guest.page.evaluate(`(async () => {
    const { snapshot } = window.roomtapeRoom;
    const { subscribe } = await window.roomtapeRoom.stats();
    const streams = [...(subscribe?.values() ?? [])].filter(({ type }) => type === 'inbound-rtp');
    return {
      phase: snapshot.phase,
      selfId: snapshot.selfId,
      received: streams.map(({ ssrc }) => ssrc).sort(),
      frames: streams.reduce((sum, { framesDecoded }) => sum + (framesDecoded ?? 0), 0),
    };
  })()`) as Promise<Call>;
