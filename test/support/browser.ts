/**
 * Real browsers in a room, through the room page: Debian's Chromium and Firefox ESR, headless, with a synthetic camera and microphone.
 */
import { existsSync } from 'node:fs';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { beepHz } from '../../src/synthetic/identity.ts';
import { browserSourceScript } from './browser-source.ts';
import type { Service } from './service.ts';
import type { Guest } from './sitting.ts';

export type BrowserKind = 'chromium' | 'firefox';

/** The wrapper script adds flags of its own and is passed by where the program lies. */
const PROGRAMS: Record<BrowserKind, readonly string[]> = {
  chromium: ['/usr/lib/chromium/chromium', '/usr/bin/chromium', '/usr/bin/google-chrome'],
  firefox: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
};

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--autoplay-policy=no-user-gesture-required',
  // Everything is on loopback here, which WebRTC leaves out otherwise.
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  // A page that nobody looks at must go on drawing.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** Chromium's own test camera: green, 1280x720, large enough for simulcast. */
export const CHROMIUM_TEST_DEVICES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** `hz`: pitch of the test tone that stands for the microphone. */
const firefoxPreferences = (hz: number): Record<string, unknown> => ({
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'media.navigator.permission.disabled': true,
  'media.navigator.streams.fake': true,
  'media.navigator.audio.fake_frequency': hz,
  'dom.min_background_timeout_value': 10,
});

/**
 * Address of the tests' own network (`scripts/own-network.ts`), where there is one. Firefox needs it: it gathers no loopback candidates and
 * pairs no other with a loopback address.
 */
const ownAddress = process.env.TEST_NETWORK_ADDRESS;

/** Why Firefox cannot take part here; null if it can. */
export const firefoxObstacle: string | null =
  ownAddress === undefined ? 'Firefox does no WebRTC over loopback: run the tests as root by `npm test`.' : null;

/** Settings with which Firefox reaches the media port. */
export const reachableByFirefox: Record<string, string> =
  ownAddress === undefined
    ? {}
    : { ROOMTAPE_RTC_BIND_ADDRESS: '0.0.0.0', ROOMTAPE_RTC_ANNOUNCED_ADDRESS: `${ownAddress},127.0.0.1` };

/** How long a browser may take to join: two cores carry everything. */
const JOIN_LIMIT_MS = 45_000;

/** A browser with nothing in it yet. `hz`: pitch of Firefox's test tone. */
export const openBrowser = (kind: BrowserKind, hz = 440, flags: readonly string[] = []): Promise<Browser> => {
  const executablePath = PROGRAMS[kind].find((path) => existsSync(path));
  if (!executablePath) throw new Error(`${kind} is not installed.`);
  return launch({
    browser: kind === 'firefox' ? 'firefox' : 'chrome',
    executablePath,
    headless: true,
    ...(kind === 'firefox' ? { extraPrefsFirefox: firefoxPreferences(hz) } : { args: [...CHROMIUM_FLAGS, ...flags] }),
  });
};

export interface BrowserGuestOptions {
  readonly kind: BrowserKind;
  readonly roomId: string;
  readonly name: string;
  readonly index: number;
  readonly of: number;
  readonly fps: number;
  readonly codec?: 'vp8' | 'h264' | 'vp9' | 'av1';
  /** Runs in the page before its own scripts. */
  readonly script?: string;
}

/** Length of the code's loop: longer than any scenario. */
const SECONDS = 240;

export class BrowserGuest implements Guest {
  readonly index: number;
  readonly name: string;
  readonly fps: number;
  readonly loopFrames: number;
  readonly page: Page;
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page, options: BrowserGuestOptions) {
    this.#browser = browser;
    this.page = page;
    this.index = options.index;
    this.name = options.name;
    this.fps = options.fps;
    this.loopFrames = SECONDS * options.fps;
  }

  /** Opens the room page and joins, as a person would who comes by an invitation that joins at once. */
  static async join(service: Service, options: BrowserGuestOptions): Promise<BrowserGuest> {
    const browser = await openBrowser(options.kind, beepHz(options.index));
    try {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(
        browserSourceScript({
          turn: { index: options.index, of: options.of },
          fps: options.fps,
          seconds: SECONDS,
          sound: options.kind === 'firefox' ? 'tone' : 'webaudio',
        }),
      );
      if (options.script) await page.evaluateOnNewDocument(options.script);
      const address = new URL(`/room/${options.roomId}`, service.url);
      address.searchParams.set('token', await service.participantToken(options.roomId));
      address.searchParams.set('autojoin', '1');
      address.searchParams.set('name', options.name);
      if (options.codec) address.searchParams.set('codec', options.codec);
      await page.goto(address.href);
      await page.waitForSelector('[data-testid="leave-button"]', { timeout: JOIN_LIMIT_MS });
      return new BrowserGuest(browser, page, options);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  click(testId: string): Promise<void> {
    return this.page.click(`[data-testid="${testId}"]`);
  }

  /** True once media flows to the server. */
  isConnected(): Promise<boolean> {
    return this.page.evaluate('window.roomtapeRoom?.snapshot.media === "connected"') as Promise<boolean>;
  }

  /** Number of tiles on the page, and which of them show a moving picture. */
  tiles(): Promise<{ count: number; playing: number }> {
    return this.page.$$eval('[data-testid="tile"]', (tiles) => ({
      count: tiles.length,
      playing: tiles.filter((tile) => {
        const video = tile.querySelector('video');
        return video !== null && video.videoWidth > 0 && video.currentTime > 0;
      }).length,
    }));
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
