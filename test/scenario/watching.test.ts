import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/support/scope.ts';
import { Participant } from '../../src/synthetic/participant.ts';
import { whipDelete } from '../../src/synthetic/whip-client.ts';
import { openBrowser } from '../support/browser.ts';
import { Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const AIORTC_WATCHER = fileURLToPath(new URL('../support/aiortc-watcher.py', import.meta.url));

/** Sends everything on to the service, as a front of several servers does (RFC 9725 §4.5). */
const redirectTo = async (url: () => string): Promise<{ server: Server; url: string }> => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(307, { location: `${url()}${request.url}` }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

/** Somebody publishes by WHIP behind a redirect; players that are not ours watch by WHEP. */
describe('watching by WHEP', () => {
  let service: Service;
  let front: Awaited<ReturnType<typeof redirectTo>>;
  let ada: Participant;
  let address: string;
  let token: string;
  beforeAll(async () => {
    service = await Service.start();
    front = await redirectTo(() => service.url);
    const roomId = await service.api.createRoom();
    token = await service.participantToken(roomId);
    ada = await Participant.join({
      url: front.url,
      roomId,
      token: await service.participantToken(roomId, { participantId: 'ada' }),
      name: 'Ada',
      via: 'whip',
      index: 0,
      size: { width: 320, height: 180 },
      seconds: 60,
    });
    address = `${service.url}/whep/${roomId}/ada`;
  });
  afterAll(async () => {
    await ada?.leave();
    front?.server.close();
    await service?.close();
  });

  const ended = (location: string) =>
    fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);

  it('shows pictures and sound in aiortc, and ends by DELETE', async () => {
    const { stdout } = await promisify(execFile)('/usr/bin/python3', [AIORTC_WATCHER, address, token]);
    const came = JSON.parse(stdout) as {
      frames: number;
      size: unknown;
      loudest: number;
      ended: number;
      location: string;
    };
    expect(came).toMatchObject({ size: [320, 180], ended: 200 });
    expect(came.frames).toBeGreaterThan(10);
    expect(came.loudest).toBeGreaterThan(0.05);
    expect(await ended(came.location)).toBe(404);
  });

  it('shows pictures and sound in Chromium, and ends by DELETE', async () => {
    const browser = await openBrowser('chromium');
    try {
      const page = await browser.newPage();
      await page.evaluate(`(${playByWhep})(${JSON.stringify({ address, token })})`);
      const seen = await waitFor('picture and sound', 20_000, async () => {
        const now = (await page.evaluate('window.seen()')) as { width: number; frames: number; energy: number };
        return now.frames > 10 && now.energy > 0 ? now : null;
      });
      expect(seen.width).toBe(320);
      const location = (await page.evaluate('window.whep')) as string;
      expect(location).toMatch(new RegExp(`^${address}/[0-9a-f]{24}$`));
      // The player's page is of another origin, and its end takes the way through the redirect.
      await whipDelete(location.replace(service.url, front.url), token);
      expect(await ended(location)).toBe(404);
      await waitFor('the player to be told', 10_000, () =>
        page.evaluate('window.peer.connectionState !== "connected"'),
      );
    } finally {
      await browser.close();
    }
  });

  it.each([
    ['sends', 'a=recvonly', 'a=sendonly', [400, 'INVALID_SDP']],
    ['names other codecs', /^(a=rtpmap:\d+) \w+\//gm, '$1 SPEEX/', [400, 'INVALID_SDP']],
    ['names H.264 alone where VP8 is sent', /^(a=rtpmap:\d+) VP8\//gm, '$1 SPEEX/', [400, 'INVALID_SDP']],
  ] as const)('refuses a player that %s', async (_, from, to, refusal) => {
    const offer = RECEIVE_VIDEO.replaceAll(from, to);
    const answer = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' },
      body: offer,
    });
    const { code } = (await answer.json()) as { code: string };
    expect([answer.status, code]).toEqual(refusal);
  });

  it('ends with what is watched', async () => {
    await ada.leave();
    expect(ada.lost).toBeNull();
    const answer = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' },
      body: RECEIVE_VIDEO,
    });
    expect(answer.status).toBe(404);
  });
});

/** Four people in a room, as pages show them that render recordings: the server's own, and the one that the manual has to be copied. */
describe('watching by a template page', () => {
  const scope = new Scope();
  const people: Participant[] = [];
  let service: Service;
  let browser: Browser;
  let roomId: string;
  let moderator: string;
  let query: string;
  beforeAll(async () => {
    service = await Service.start();
    scope.own('service', service, () => service.close());
    roomId = await service.api.createRoom();
    for (const [index, name] of ['Ada', 'Bob', 'محمد عبد الله', 'Dora'].entries()) {
      const token = await service.participantToken(roomId, { participantId: `person-${index}` });
      const sent = { index, of: 4, size: { width: 320, height: 180 }, seconds: 20, via: 'room' as const };
      const person = await Participant.join({ url: service.url, roomId, token, name, ...sent });
      people.push(scope.own(name, person, () => person.leave()));
    }
    moderator = await service.participantToken(roomId, { participantId: 'moderator' });
    const token = await service.participantToken(roomId, { participantId: 'page' });
    query = String(new URLSearchParams({ participantId: 'page', meetingId: roomId, token }));
    browser = await openBrowser('chromium');
    scope.own('browser', browser, () => browser.close());
  });
  afterAll(() => scope.close());

  /** Opens the page and waits for four moving pictures. `order`: what it said and did, as it came. */
  const open = async (address: string): Promise<{ page: Page; order: string[] }> => {
    const page = await browser.newPage();
    const order: string[] = [];
    page.on('console', (message) => order.push(message.text()));
    page.on('pageerror', (error) => order.push(String(error)));
    page.on('load', () => order.push('load'));
    await page.setViewport({ width: 854, height: 480 });
    await page.goto(`${address}?${query}`);
    await waitFor('four moving pictures', 20_000, async () => (await page.evaluate(MOVING)) === 4);
    return { page, order };
  };
  const texts = (page: Page, selector: string) =>
    page.$$eval(selector, (elements) => elements.map((element) => element.textContent));

  it('shows them on the example, in the layout that is asked for', async () => {
    const { page, order } = await open(`${service.url}/templates/example`);
    expect(order).toEqual(['START_RECORDING', 'load']);
    expect((await texts(page, '.name')).sort()).toEqual(['Ada', 'Bob', 'Dora', 'محمد عبد الله']);
    const [ada, bob] = people;
    await ada?.mute();
    await bob?.cameraOff();
    const tile = (state: string) => waitFor(state, 10_000, () => page.$(`.tile${state}`));
    await tile('[data-participant-id="person-0"][data-microphone="off"][data-camera="on"]');
    await tile('[data-participant-id="person-1"][data-microphone="on"][data-camera="off"]');
    await ada?.shareScreen({ width: 320, height: 180 });
    await tile('[data-participant-id="person-0"][data-source="screenVideo"]');
    await ada?.stopSharing();
    await waitFor('four tiles', 10_000, async () => (await page.$$('.tile')).length === 4);
    // A moderator without a camera, by the same module, asks for one person large.
    await page.evaluate(`import('/client.js').then(async ({ RoomClient }) => {
      window.moderator = new RoomClient({ roomId: '${roomId}', token: '${moderator}' });
      await window.moderator.join();
    })`);
    await tile('[data-participant-id="moderator"][data-camera="off"]');
    await page.evaluate(`window.moderator.sendMessage('RECORDING_LAYOUT', '{"layout":{"type":"SPOTLIGHT"}}')`);
    await waitFor('one tile', 10_000, async () => (await page.$$('.tile')).length === 1);
    await page.evaluate('window.moderator.leave()');
    await bob?.cameraOn();
    await page.close();
  });

  it('shows them on the page of the manual, from another origin', async () => {
    const manual = await readFile(new URL('../../docs/templates.md', import.meta.url), 'utf8');
    const [, html = ''] = /^```html\n(.*?)^```$/ms.exec(manual) ?? [];
    expect(html).toContain('https://rooms.example.org/client.js');
    const text = html.replaceAll('https://rooms.example.org', service.url);
    const elsewhere = createServer((request, response) =>
      // What browsers ask for by themselves is not there.
      request.url?.startsWith('/page?')
        ? response.writeHead(200, { 'content-type': 'text/html' }).end(text)
        : response.writeHead(204).end(),
    );
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    scope.own('elsewhere', elsewhere, () => elsewhere.close());
    const { page, order } = await open(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/page`);
    expect(order).toEqual(['START_RECORDING', 'load']);
    expect((await texts(page, 'figcaption')).sort()).toEqual(['Ada (muted)', 'Bob', 'Dora', 'محمد عبد الله']);
    await people[1]?.leave();
    await waitFor('three tiles', 10_000, async () => (await page.$$('figure')).length === 3);
    await page.close();
  });
});

/** Evaluated in a page: how many of its videos show a moving picture. */
const MOVING = `[...document.querySelectorAll('video')].filter(({ videoWidth, currentTime }) => videoWidth > 0 && currentTime > 0).length`;

const RECEIVE_VIDEO = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuv',
  `a=fingerprint:sha-256 ${Array(32).fill('AA').join(':')}`,
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'a=setup:actpass',
  'a=recvonly',
  'a=rtcp-mux',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:97 H264/90000',
  'a=fmtp:97 packetization-mode=1;profile-level-id=42e01f',
  '',
].join('\r\n');

/** Runs in a page: the least player that the draft allows. */
const playByWhep = `async ({ address, token }) => {
  const peer = new RTCPeerConnection();
  const video = Object.assign(document.createElement('video'), { autoplay: true });
  document.body.append(video);
  const stream = new MediaStream();
  video.srcObject = stream;
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  peer.ontrack = ({ track }) => stream.addTrack(track);
  await peer.setLocalDescription();
  await new Promise((resolve) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
    if (peer.iceGatheringState === 'complete') resolve();
  });
  const answer = await fetch(address, {
    method: 'POST',
    headers: { authorization: 'Bearer ' + token, 'content-type': 'application/sdp' },
    body: peer.localDescription.sdp,
  });
  if (answer.status !== 201) throw new Error(answer.status + ' ' + (await answer.text()));
  window.peer = peer;
  window.whep = new URL(answer.headers.get('location'), answer.url).href;
  await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  window.seen = async () => {
    const streams = [...(await peer.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
    const sum = (name) => streams.reduce((total, stats) => total + (stats[name] ?? 0), 0);
    return { width: video.videoWidth, frames: sum('framesDecoded'), energy: sum('totalAudioEnergy') };
  };
}`;
