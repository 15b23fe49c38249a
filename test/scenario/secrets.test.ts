import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RestError } from '../../src/cli/rest-client.ts';
import { SETTING_NAMES } from '../../src/config/settings.ts';
import { processesOf } from '../support/running.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;

const ICE_CREDENTIAL = 'ice-credential-that-nobody-else-has';
const PRESIGNED = 'presigned-signature-that-nobody-else-has';
const WEBHOOK = 'webhook-path-that-nobody-else-has';
const S3_SECRET = 's3-secret-access-key-that-nobody-else-has';
const WRONG_PASSWORD = 'database-password-that-nobody-else-has';

/** A port at which nobody listens. */
const NOBODY = 'http://127.0.0.1:59999';

/** Settings of deliveries, as far as this server has them. */
const S3 = Object.entries({
  s3Bucket: 'nowhere',
  s3Endpoint: 'http://127.0.0.1:9',
  s3Region: 'eu-central-1',
  s3AccessKeyId: 'somebody',
  s3SecretAccessKey: S3_SECRET,
}).flatMap(([name, value]) => {
  const isKnown = SETTING_NAMES.some((known) => known === name);
  return isKnown ? [[`ROOMTAPE_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`, value]] : [];
});

/** The whole server through what works and what fails; then everything that it said is searched for what it knows. */
describe('secrets', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({
      ROOMTAPE_LOG_LEVEL: 'trace',
      ROOMTAPE_ALLOW_PRIVATE_URLS: '127.0.0.0/8',
      ROOMTAPE_ICE_SERVERS: JSON.stringify([
        { urls: 'turn:127.0.0.1:9', username: 'somebody', credential: ICE_CREDENTIAL },
      ]),
      ...Object.fromEntries(S3),
    });
  });
  afterAll(() => service.close());

  const environmentOf = (pid: string | number): Promise<string> => readFile(`/proc/${pid}/environ`, 'latin1');
  const uidOf = async (pid: string | number): Promise<number> => (await stat(`/proc/${pid}`)).uid;
  const pidsOf = async (program: string): Promise<string[]> =>
    (await processesOf(service.server.dataDir))
      .filter((line) => line.includes(program))
      .map((line) => line.split(' ')[0] ?? '');

  it('are not in logs, answers, metrics, command lines, or where hostile bytes are taken', async () => {
    const answers: string[] = [];
    const call = async (method: string, path: string, body?: unknown, headers = {}): Promise<number> => {
      const answer = await service.api.call(method, path, body, headers);
      answers.push(`${method} ${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
      return answer.status;
    };
    const serverPid = await waitFor('the server process', 5_000, () => service.pidOf('server'));
    const databaseUrl = /ROOMTAPE_DATABASE_URL=([^\0]*)/.exec(await environmentOf(serverPid))?.[1] ?? '';
    const password = new URL(databaseUrl).password;
    expect(password.length).toBeGreaterThan(10);

    // What works, with URLs that hold secrets, some refused and some not.
    const sitting = await Sitting.open(service, 1);
    const { roomId } = sitting;
    await sitting.join({ via: 'room' });
    const participantToken = await service.participantToken(roomId, { participantId: 'whip' });
    const presigned = `https://127.0.0.1:9/file.mp4?X-Amz-Signature=${PRESIGNED}`;
    for (const fields of [
      { preSignedUrl: presigned },
      { webhookUrl: `https://10.0.0.1/${WEBHOOK}` },
      { preSignedUrl: `https://bucket.example.com/file.mp4?X-Amz-Signature=${PRESIGNED}`, theme: 'DARK', config: 7 },
      { webhookUrl: `https://hooks.example.com/${WEBHOOK}`, config: { quality: 'none' } },
    ]) {
      expect(await call('POST', '/v2/recordings/start', { roomId, ...fields })).toBeGreaterThanOrEqual(400);
    }
    await call('POST', '/v2/rooms', {
      webhook: { endPoint: `https://user:${WEBHOOK}@hooks.example.com/`, events: ['*'] },
    });
    // Taken, and never to be reached: what fails behind is logged. A server that can't do it yet says so.
    const fields = {
      webhookUrl: `${NOBODY}/${WEBHOOK}`,
      preSignedUrl: `${NOBODY}/file.mp4?X-Amz-Signature=${PRESIGNED}`,
    };
    const recordingId = await service.api.startRecording(roomId, {}, fields).catch((error: unknown) => {
      if (!(error instanceof RestError) || error.status !== 501) throw error;
      answers.push(error.body);
      return service.api.startRecording(roomId);
    });
    const begun = Date.now();
    const [compositor = ''] = await waitFor('a compositor', 20_000, async () => {
      const pids = await pidsOf('processes/compositor.ts');
      return pids.length > 0 ? pids : null;
    });
    const [media = ''] = await pidsOf('processes/media.ts');
    const [postgres = ''] = await pidsOf('postgres/data');
    const secrets = {
      'API secret': service.key.apiSecret,
      'database password': password,
      'S3 key': S3_SECRET,
    };
    // Whoever is here parses what strangers send.
    for (const pid of [compositor, media, postgres]) {
      const environment = await environmentOf(pid);
      expect(environment).not.toMatch(/postgres(?:ql)?:\/\//);
      for (const [name, secret] of Object.entries(secrets))
        expect([name, environment.includes(secret)]).toEqual([name, false]);
    }
    if (isRoot) {
      const users = [await uidOf(media), await uidOf(compositor), await uidOf(serverPid)];
      expect(new Set(users).size).toBe(3);
      expect(users).not.toContain(await uidOf(postgres));
      // As the media process: neither credentials nor the database's folder, nor other people's processes.
      for (const path of [
        `/proc/${serverPid}/environ`,
        join(service.server.dataDir, 'postgres', 'data', 'PG_VERSION'),
      ]) {
        await expect(run('cat', [path], { uid: users[0], gid: 61_080 })).rejects.toThrow(/Permission denied/);
      }
      for (const pid of [serverPid, postgres, compositor]) {
        await expect(run('sh', ['-c', `kill -0 ${pid}`], { uid: users[0], gid: 61_080 })).rejects.toThrow(
          /not permitted/i,
        );
      }
    }
    await waitFor('two seconds of the recording', 20_000, async () => Date.now() - begun > 2_000);

    // What fails.
    await call('GET', '/v2/rooms', undefined, { authorization: `${participantToken}x` });
    await call('GET', `/v2/rooms?token=${participantToken}`, undefined, {
      authorization: participantToken.slice(0, 80),
    });
    await call('POST', `/whip/${roomId}`, undefined, {
      authorization: `Bearer ${participantToken}`,
      'content-type': 'application/sdp',
    });
    await call('GET', `/v1/rooms/nowhere/socket?token=${participantToken}`);
    await call('GET', `/v1/files/x?expires=1&signature=${PRESIGNED}`);
    await call('GET', '/v2/recordings/%ff');
    process.kill(Number(postgres), 'SIGKILL');
    await call('GET', '/v2/rooms');
    await service.server.healthy();
    await service.api.endRecording(roomId);
    await service.api.finished(recordingId);
    process.kill(Number(media), 'SIGKILL');
    await call('POST', '/v2/recordings/start', { roomId });
    await service.server.healthy();

    await call('GET', '/metrics');
    await call('GET', '/health');
    const environment = {
      PATH: process.env.PATH,
      ROOMTAPE_DATA_DIR: service.server.dataDir,
      ROOMTAPE_PORT: new URL(service.url).port,
    };
    const doctor = async (more: Record<string, string>): Promise<string> => {
      const said = await run(process.execPath, [MAIN, 'doctor'], { env: { ...environment, ...more } }).catch(
        (error: { stdout: string; stderr: string }) => error,
      );
      return said.stdout + said.stderr;
    };
    const doctors = [
      await doctor({
        ROOMTAPE_API_KEY: service.key.apiKey,
        ROOMTAPE_API_SECRET: service.key.apiSecret,
        ...Object.fromEntries(S3),
      }),
      await doctor({
        ROOMTAPE_DATA_DIR: join(service.folder, 'other'),
        ROOMTAPE_DATABASE_URL: `postgres://somebody:${WRONG_PASSWORD}@127.0.0.1:9/roomtape`,
      }),
      await doctor({
        ROOMTAPE_API_SECRET: 'too short',
        ROOMTAPE_DATABASE_URL: `mysql://somebody:${WRONG_PASSWORD}@127.0.0.1:9`,
      }),
    ];
    if (isRoot) expect(doctors[0]).toContain('the media process runs as a user of its own');
    const commands = (await processesOf(service.server.dataDir)).join('\n');
    const said = { log: await service.log(), answers: answers.join('\n'), doctor: doctors.join('\n'), commands };
    for (const [where, text] of Object.entries(said)) expect([where, text.length > 100]).toEqual([where, true]);
    const all = {
      ...secrets,
      'presigned query': PRESIGNED,
      'webhook path': WEBHOOK,
      'participant token': participantToken.split('.')[2] ?? '',
      'API token': (await service.participantToken(roomId)).split('.')[2] ?? '',
      'ICE credential': ICE_CREDENTIAL,
      'password of another database': WRONG_PASSWORD,
      'short secret': 'too short',
    };
    for (const [where, text] of Object.entries(said)) {
      for (const [name, secret] of Object.entries(all)) {
        const at = text.indexOf(secret);
        expect([where, name, at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 100)]).toEqual([where, name, '']);
      }
    }

    // On disk: what is not given to a user of its own is root's, or this user's, alone.
    const root = service.server.dataDir;
    for (const name of await readdir(root, { recursive: true })) {
      const { mode } = await stat(join(root, name)).catch(() => ({ mode: 0 }));
      expect([name, mode & 0o007]).toEqual([name, 0]);
    }
  });
});
