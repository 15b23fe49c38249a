/** The pages in a browser under the policies that they are served with: nothing they need is blocked, nothing foreign is loaded. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintParticipantToken } from '../../../src/api/auth.ts';
import { openBrowser } from '../../support/browser.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

const WEB_ROOT = fileURLToPath(new URL('../../../web/dist', import.meta.url));

let server: RunningApi;
let browser: Browser;
beforeAll(async () => {
  // `npm test` builds the pages before the tests.
  expect(existsSync(WEB_ROOT)).toBe(true);
  server = await RunningApi.start({}, WEB_ROOT);
  browser = await openBrowser('chromium');
});
afterAll(async () => {
  await browser?.close();
  await server?.api.close();
});

interface Visit {
  readonly page: Page;
  /** What the policy blocked, what the console complained of, what was asked of other hosts. */
  readonly complaints: string[];
}

const visit = async (path: string, ready: string): Promise<Visit> => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^https?:$/.test(url.protocol) && url.origin !== server.url) complaints.push(`Asked ${url.origin}.`);
  });
  await page.exposeFunction('tellOfViolation', (words: string) => complaints.push(words));
  await page.evaluateOnNewDocument(`document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    window.tellOfViolation('Blocked by ' + violatedDirective + ': ' + blockedURI));`);
  const answer = await page.goto(`${server.url}${path}`);
  expect(answer?.headers()).toMatchObject({
    'content-security-policy': expect.stringMatching(/default-src '(?:self|none)'/),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'SAMEORIGIN',
    'cross-origin-opener-policy': 'same-origin',
  });
  await page.waitForSelector(ready);
  return { page, complaints };
};

it('the room page', async () => {
  const roomId = await server.liveRoom();
  const token = await mintParticipantToken(CREDENTIALS, { roomId, name: 'Ada' });
  const { page, complaints } = await visit(`/room/${roomId}?token=${token}`, 'button');
  expect(complaints).toEqual([]);
  // A script that somebody slips into the page does not run.
  await page.evaluate(`
    const script = document.createElement('script');
    script.textContent = 'window.slippedIn = true';
    document.head.append(script);
  `);
  expect(await page.evaluate(`'slippedIn' in window`)).toBe(false);
  expect(complaints.join()).toContain('Blocked by script-src');
  await page.close();
});

it('the documentation of the API, with a call tried out', async () => {
  const { page, complaints } = await visit('/api-docs/', '.opblock-summary-path');
  await page.click('[data-path="/health"]');
  const click = async (selector: string): Promise<void> => {
    await page.waitForSelector(selector);
    await page.click(selector);
  };
  await click('.try-out__btn');
  await click('.execute');
  const status = '.live-responses-table tbody .response-col_status';
  await page.waitForSelector(status);
  expect(await page.$eval(status, ({ textContent }) => textContent)).toContain('200');
  expect(complaints).toEqual([]);
  await page.close();
});
