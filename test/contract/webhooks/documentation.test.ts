/** The programs of docs/webhooks.md, as they stand there, called by the real sender. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { callsOfRecordings, resendCalls } from '../../../src/catalog/webhook-calls.ts';
import { freePort } from '../../../src/cli/server-child.ts';
import { RunningApi } from '../api/running-api.ts';
import { WebhookRig } from './rig.ts';

const page = readFileSync(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8');
/** The block of this language. */
const program = (language: string): string => {
  const [, code] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (!code) throw new Error(`The page has no ${language}.`);
  return code;
};

let rig: WebhookRig;
let server: RunningApi;
let folder: string;
beforeAll(async () => {
  rig = await WebhookRig.start();
  const started = await RunningApi.start({}, undefined, undefined, { signing: rig.keys });
  server = rig.scope.own('api', started, (it) => it.api.close());
  folder = mkdtempSync(join(tmpdir(), 'roomtape-webhook-docs-'));
  rig.scope.own('programs', folder, () => rmSync(folder, { recursive: true, force: true }));
});
afterAll(() => rig.scope.close());
beforeEach(() => rig.clear());

const run = async (command: string, file: string, code: string) => {
  writeFileSync(join(folder, file), code);
  const port = await freePort(false);
  const { secret } = (await rig.keys.forOperator()).current;
  const child = spawn(command, [join(folder, file)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, PORT: String(port), ROOMTAPE: server.url, WEBHOOK_SECRET: secret },
  });
  const exited = once(child, 'exit');
  rig.scope.own(file, child, async () => {
    child.kill();
    await exited;
  });
  let said = '';
  child.stdout.on('data', (part) => {
    said += String(part);
  });
  await expect.poll(() => said, { timeout: 20_000 }).toContain('listening');
  return { url: `http://127.0.0.1:${port}/hook`, said: () => said.replace('listening\n', '') };
};

it.each([
  ['Node', process.execPath, 'receiver.mjs', 'js'],
  ['Python', 'python3', 'receiver.py', 'python'],
])('the receiver in %s takes what is ours, once, and nothing else', async (_name, command, file, language) => {
  const receiver = await run(command, file, program(language));
  const roomId = await rig.room();
  const { id } = await rig.recording(roomId, { webhookUrl: receiver.url });
  const sender = rig.sender();
  await rig.send(sender);
  const [call] = await callsOfRecordings(rig.catalog, [id]);
  expect(call).toMatchObject({ status: 'delivered', answer_status: 204 });
  const said = `recording-starting ${roomId}\n`;
  await expect.poll(receiver.said, { timeout: 10_000 }).toBe(said);
  await resendCalls(rig.catalog, call?.event_id ?? '', rig.now);
  await rig.send(sender);
  expect((await callsOfRecordings(rig.catalog, [id]))[0]).toMatchObject({ status: 'delivered', attempts: 2 });
  const forged = await fetch(receiver.url, {
    method: 'POST',
    headers: { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x', 'videosdk-signature': 'eHg=' },
    body: '{"webhookType":"recording-failed","data":{}}',
  });
  expect(forged.status).toBe(401);
  // A new key, which the one receiver fetches; the other has the old secret, which signs as well for a day.
  await rig.keys.rotate(language === 'js' ? 0 : 3_600_000);
  await rig.append({ type: 'recording-delivered', roomId, recordingId: id });
  await rig.send(sender);
  await expect.poll(receiver.said, { timeout: 10_000 }).toBe(`${said}recording-delivered ${roomId}\n`);
});
