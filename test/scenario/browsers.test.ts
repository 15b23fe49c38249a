import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { saveTrack } from '../../src/synthetic/encoded-track.ts';
import { Publisher } from '../../src/synthetic/publisher.ts';
import { BrowserGuest, type BrowserKind, firefoxObstacle, reachableByFirefox } from '../support/browser.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { speechModels, TEST_MODEL_DIR } from '../support/speech-models.ts';
import { spokenTrack } from '../support/spoken.ts';
import { openEndpoint, type TestEndpoint } from '../support/transcription-endpoint.ts';
import { waitFor } from '../support/wait-for.ts';

/** What somebody is heard to say. */
const SPOKEN = '<img src=x onerror=alert(1)> --> 予算 & שלום';

/**
 * Real browsers through the room page, picture and sound from one canvas and WebAudio. Two cores carry browsers, media and composition:
 * the recording is compared with each track decoded alone from the journal, so that a starved browser is not blamed on us.
 */
describe('people in browsers', () => {
  let service: Service;
  const guests: BrowserGuest[] = [];
  let endpoint: TestEndpoint;
  let folder: string;
  beforeAll(async () => {
    await speechModels();
    folder = await mkdtemp(join(tmpdir(), 'browsers-'));
    endpoint = await openEndpoint({ listen: () => SPOKEN });
    service = await Service.start({
      ...reachableByFirefox,
      ROOMTAPE_MODEL_DIR: TEST_MODEL_DIR,
      ROOMTAPE_TRANSCRIBE_URL: endpoint.url,
    });
  });
  afterEach(async () => {
    await Promise.all(guests.splice(0).map((guest) => guest.close()));
  });
  afterAll(async () => {
    await service?.close();
    await endpoint?.close();
    await rm(folder, { recursive: true });
  });

  const speaks = async (roomId: string, name: string): Promise<Publisher> => {
    const microphone = join(folder, 'bob');
    await saveTrack(microphone, await spokenTrack('festival', 'bob'));
    return Publisher.join({
      url: service.url,
      roomId,
      token: await service.participantToken(roomId, { participantId: 'bob', name }),
      name,
      via: 'room',
      turn: { index: 0, of: 1 },
      epochNs: process.hrtime.bigint(),
      wallOffsetMs: 0,
      camera: [],
      microphone,
      firstFrame: 'keyframe',
      impairment: null,
      detour: null,
      onMark: () => undefined,
      onLost: (reason) => expect.fail(`Bob was lost: ${reason}`),
    });
  };

  const recordedAsTheyWere = async (kinds: readonly BrowserKind[], script = ''): Promise<void> => {
    const sitting = await Sitting.open(service, kinds.length);
    for (const [index, kind] of kinds.entries()) {
      const guest = await BrowserGuest.join(service, {
        kind,
        roomId: sitting.roomId,
        name: `${kind} ${index}`,
        index,
        of: kinds.length,
        fps: 15,
        script,
      });
      guests.push(guest);
      sitting.guests.push(guest);
    }
    for (const guest of guests) {
      await waitFor('everybody to be seen on every page', 30_000, async () => {
        const { count, playing } = await guest.tiles();
        return count === kinds.length && playing === kinds.length && (await guest.isConnected());
      });
    }
    sitting.grid(guests, { fresh: true });
    await sitting.startRecording();
    await guests[0]?.page.waitForSelector('[data-testid="recording-indicator"][data-active="true"]', {
      timeout: 5_000,
    });
    await sitting.until(13);
    await sitting.endRecording();
    const { failures, text, report } = await sitting.judged();
    expect(failures, text).toEqual([]);
    for (const { beeps, flashes } of report.participants) {
      expect(flashes.expected, text).toBeGreaterThanOrEqual(3);
      expect(beeps.expected, text).toBeGreaterThanOrEqual(3);
    }
  };

  it('one Chromium is recorded as it was', () => recordedAsTheyWere(['chromium']));
  it('two Chromiums are recorded as they were', () => recordedAsTheyWere(['chromium', 'chromium']));
  it('one whose UDP is blocked comes through TCP and is recorded as it was', async () => {
    const hole = createSocket('udp4');
    try {
      hole.bind(0, '127.0.0.1');
      await once(hole, 'listening');
      await recordedAsTheyWere(['chromium'], blockUdp(hole.address().port));
      expect(await guests[0]?.page.evaluate(TRANSPORTS)).toEqual(['tcp']);
    } finally {
      hole.close();
    }
  });
  it('a moderator records, pauses, resumes and ends on the page, beside a recording of somebody apart', async () => {
    const { api } = service;
    const roomId = await api.createRoom();
    const name = 'Ada '.repeat(25).trim();
    const guest = await BrowserGuest.join(service, { kind: 'chromium', roomId, name, index: 0, of: 1, fps: 15 });
    guests.push(guest);
    await guest.click('people-button');
    const list = await guest.page.waitForSelector('.people');
    // What stands behind a long name stays in sight.
    expect(await list?.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await guest.click('people-button');
    const see = (selector: string) => guest.page.waitForSelector(selector, { timeout: 10_000 });
    const indicator = (recorded: boolean, paused: boolean) =>
      see(`[data-testid="recording-indicator"][data-active="${recorded}"][data-paused="${paused}"]`);
    const [ada] = (await guest.page.evaluate('window.roomtapeRoom.snapshot.participants')) as {
      participantId: string;
    }[];
    await api.call('POST', '/v2/recordings/participant/start', { roomId, participantId: ada?.participantId });
    await indicator(true, false);
    expect(await guest.page.$('[data-testid="pause-button"]')).toBeNull();

    await guest.click('record-button');
    await see('[data-testid="record-button"][data-recording="true"]');
    const statusOf = async (): Promise<unknown> => {
      const list = await (await api.call('GET', `/v2/recordings?roomId=${roomId}`)).json();
      return (list as { data: { status: string }[] }).data[0]?.status;
    };
    await guest.click('pause-button');
    await see('[data-testid="pause-button"][aria-label="Resume the recording"]:not([disabled])');
    expect(await statusOf()).toBe('paused');
    // Somebody apart is still recorded: nobody is told that nothing is.
    await indicator(true, false);
    await api.call('POST', '/v2/recordings/participant/stop', { roomId, participantId: ada?.participantId });
    await indicator(true, true);
    await guest.click('pause-button');
    await indicator(true, false);
    await see('[data-testid="pause-button"][aria-label="Pause the recording"]:not([disabled])');
    expect(await statusOf()).toBe('recording');
    await guest.click('record-button');
    await indicator(false, false);
    await see('[data-testid="record-button"][data-recording="false"]');
    expect(await guest.page.$('[data-testid="pause-button"]')).toBeNull();

    const hint = (): Promise<string> => guest.page.$eval('.captions__hint', ({ textContent }) => textContent ?? '');
    await guest.click('captions-button');
    await see('.captions__hint');
    expect(await hint()).toBe('Nothing is being transcribed in this room.');
    await api.call('POST', '/v2/recordings/start', { roomId, transcription: { enabled: true } });
    await waitFor('captions to be on', 15_000, async () => /Nobody has spoken yet/.test(await hint()));
    const bob = await speaks(roomId, 'Bob <b>&amp;</b> עמית');
    try {
      const line = await guest.page.waitForSelector('[data-testid="caption"]', { timeout: 40_000 });
      // Letter by letter: nothing of it is taken for markup.
      expect(await line?.evaluate(({ textContent }) => textContent)).toBe(`Bob <b>&amp;</b> עמית ${SPOKEN}`);
      await guest.click('captions-button');
      await see('[data-testid="captions"][data-shown="false"]');
      expect(await guest.page.$('[data-testid="caption"]')).toBeNull();
    } finally {
      await bob.leave();
    }
  });
  it('Firefox is recorded as it was', async (test) => {
    if (firefoxObstacle) test.skip(firefoxObstacle);
    await recordedAsTheyWere(['firefox']);
  });
});

/** A network that swallows UDP: for a page, what the server's UDP candidates name is a port where nobody answers. */
const blockUdp = (port: number): string => `{
  const apply = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return apply.call(this, { type, sdp: sdp.replaceAll(/^(a=candidate:\\S+ 1 udp \\d+) \\S+ \\d+/gim, '$1 127.0.0.1 ${port}') });
  };
}`;

/** By which protocols media flows. */
const TRANSPORTS = `(async () => {
  const { publish } = await window.roomtapeRoom.stats();
  const stats = [...publish.values()];
  const used = stats.filter(({ type }) => type === 'transport').map((transport) => publish.get(transport.selectedCandidatePairId));
  return [...new Set(used.map((pair) => publish.get(pair.localCandidateId).protocol))];
})()`;
