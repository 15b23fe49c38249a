/** Every command of docs/api.md, run in order as it stands. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintApiToken, mintParticipantToken } from '../../../src/api/auth.ts';
import { FileUrls } from '../../../src/api/file-url.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

const run = promisify(execFile);
const page = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');

let folder: string;
let server: RunningApi;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-docs-'));
  server = await RunningApi.start();
  const fileId = newHexId<string>();
  const path = join(folder, 'stored.mp4');
  writeFileSync(path, Buffer.alloc(5000, 7));
  server.system.storedFiles.set(fileId, { path, bytes: 5000, contentType: 'video/mp4', name: 'stored.mp4' });
  writeFileSync(
    join(folder, 'offer.sdp'),
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n',
  );
  env = {
    PATH: process.env.PATH ?? '',
    ROOMTAPE: server.url,
    TOKEN: await mintApiToken(CREDENTIALS),
    PARTICIPANT_TOKEN: await mintParticipantToken(CREDENTIALS, { roomId: 'weekly' }),
    FILE_URL: new FileUrls(CREDENTIALS.apiSecret, 60_000).sign(server.url, fileId, Date.now()),
  };
});
afterAll(async () => {
  await server.api.close();
  rmSync(folder, { recursive: true, force: true });
});

it('has commands that work', async () => {
  expect(blocks.length).toBeGreaterThan(4);
  const outputs: string[] = [];
  /** What the block printed that has this in it. */
  const of = (part: string) => outputs[blocks.findIndex((block) => block.includes(part))] ?? '';
  for (const block of blocks) {
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', block], { cwd: folder, env });
    outputs.push(stdout);
    // Between creating the room and recording it, the page says, somebody comes in.
    if (outputs.length === 1) server.system.join('weekly');
  }
  expect(of('"customRoomId"')).toContain('"customRoomId":"weekly"');
  expect(of('recordings?roomId')).toMatch(
    /x-recording-id: [0-9a-f]{24}[\s\S]*"Recording started successfully""Recording ended successfully"\{"pageInfo"/,
  );
  expect([statSync(join(folder, 'recording.mp4')).size, statSync(join(folder, 'first-100-bytes')).size]).toEqual([
    5000, 100,
  ]);
  expect(of('PATCH')).toContain('"layout":{"type":"GRID","priority":"SPEAKER","gridSize":9}');
  expect(of('/whip/')).toMatch(/^HTTP\/1\.1 201[\s\S]*location: \/whip\/[\s\S]*v=0/);
  expect(of('/health')).toContain('"ok":true');
});
