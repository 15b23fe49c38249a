/** Sources, their order, what is refused and in which words; the manual agrees with the program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { ConfigError, describeConfig, loadConfig } from '../../../src/config/config.ts';
import { envNameOf, SETTING_NAMES, SETTINGS } from '../../../src/config/settings.ts';

const EXAMPLE = new URL('../../../roomtape.example.yaml', import.meta.url);

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'roomtape-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const load = (env: Record<string, string> = {}) => loadConfig({ env, cwd });
const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('sources', () => {
  it('gives the defaults where nobody says anything', () => {
    const config = load();
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      maxRecordingDurationMs: 12 * 3_600_000,
      transitions: true,
      tls: undefined,
    });
    expect(config.dataDir).toBe(join(cwd, 'data'));
    expect(config.compositorConcurrency).toBeGreaterThanOrEqual(1);
  });

  it('puts the environment before the file, and the file before the defaults', () => {
    writeFileSync(join(cwd, 'roomtape.yaml'), 'port: 1234\nhost: 0.0.0.0\nfileUrlTtl: 5m\n');
    expect(load({ ROOMTAPE_PORT: '4321' })).toMatchObject({ port: 4321, host: '0.0.0.0', fileUrlTtlMs: 300_000 });
  });

  it('reads the file that ROOMTAPE_CONFIG names, and refuses one that is not there', () => {
    writeFileSync(join(cwd, 'other.yaml'), 'port: 99\n');
    expect(load({ ROOMTAPE_CONFIG: 'other.yaml' }).port).toBe(99);
    expect(problemsOf({ ROOMTAPE_CONFIG: 'gone.yaml' })).toEqual([expect.stringContaining('does not exist')]);
  });

  it('takes an empty variable and a null as not set', () => {
    writeFileSync(join(cwd, 'roomtape.yaml'), 'port: null\n');
    expect(load({ ROOMTAPE_DATABASE_URL: '', ROOMTAPE_HOST: ' ' })).toMatchObject({
      databaseUrl: undefined,
      host: '127.0.0.1',
      port: 8080,
    });
  });

  it('is frozen to the bottom', () => {
    const config = load();
    expect(() => Object.assign(config.rtc, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });
});

describe('names', () => {
  it('refuses names that are no setting, and says which was probably meant', () => {
    writeFileSync(join(cwd, 'roomtape.yaml'), 'data_dir: x\nelephant: 1\n');
    const problems = problemsOf({ ROOMTAPE_PROT: '1' });
    expect(problems).toEqual([
      expect.stringMatching(/"data_dir" .* is no setting\. Did you mean dataDir\?/),
      expect.stringMatching(/"elephant" .* is no setting\. See roomtape\.example\.yaml/),
      'The environment variable ROOMTAPE_PROT is no setting. Did you mean ROOMTAPE_PORT?',
    ]);
  });

  it('refuses a file that is not YAML or no mapping', () => {
    writeFileSync(join(cwd, 'roomtape.yaml'), 'port: [1\n');
    expect(problemsOf({})).toEqual([expect.stringContaining('is not YAML')]);
    writeFileSync(join(cwd, 'roomtape.yaml'), '- port\n');
    expect(problemsOf({})).toEqual([expect.stringContaining('"name: value" lines')]);
  });
});

describe('values', () => {
  it.each([
    ['ROOMTAPE_PORT', '80a', 'ROOMTAPE_PORT is "80a"; it must be a whole number from 0 to 65535.'],
    ['ROOMTAPE_PORT', '65536', 'a whole number from 0 to 65535'],
    ['ROOMTAPE_MAX_RECORDING_DURATION', '12', 'a duration with its unit'],
    ['ROOMTAPE_MAX_RECORDING_DURATION', '-1h', 'a duration with its unit'],
    ['ROOMTAPE_JOURNAL_MAX_BYTES', '64 elephants', 'a size such as 64MiB'],
    ['ROOMTAPE_RTC_TCP', 'maybe', 'true or false'],
    ['ROOMTAPE_LOG_LEVEL', 'loud', 'one of trace, debug, info'],
    ['ROOMTAPE_PUBLIC_URL', 'rooms.example.org', 'an http or https URL'],
    ['ROOMTAPE_DATABASE_URL', 'mysql://x', 'postgres://'],
    ['ROOMTAPE_ALLOW_PRIVATE_URLS', '10.0.0.0/33', '"10.0.0.0/33" is none'],
    ['ROOMTAPE_CORS_ORIGINS', 'https://a.example/path', 'is not'],
    ['ROOMTAPE_COMPOSITOR_CONCURRENCY', '0', '"auto", or a whole number'],
    ['ROOMTAPE_ICE_SERVERS', 'http://x', 'entry 1 is not'],
    ['ROOMTAPE_ICE_SERVERS', 'turn:turn.example.org', 'needs a username and a credential'],
    ['ROOMTAPE_ICE_SERVERS', '[{', 'is not JSON'],
  ])('refuses %s=%s', (name, value, words) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(words)]);
  });

  it('names every problem at once', () => {
    expect(problemsOf({ ROOMTAPE_PORT: 'x', ROOMTAPE_RTC_PORT: '0', ROOMTAPE_NOPE_NOPE: '1' })).toHaveLength(3);
  });

  it('refuses half a pair', () => {
    expect(problemsOf({ ROOMTAPE_API_KEY: 'key' })).toEqual([expect.stringContaining('set both or neither')]);
    expect(problemsOf({ ROOMTAPE_TLS_KEY: 'key.pem' })).toEqual([expect.stringContaining('set both or neither')]);
  });

  it('takes one bucket, whole', () => {
    const s3 = { ROOMTAPE_S3_BUCKET: 'rec', ROOMTAPE_S3_ENDPOINT: 'http://minio:9000/' };
    const keys = { ROOMTAPE_S3_ACCESS_KEY_ID: 'id', ROOMTAPE_S3_SECRET_ACCESS_KEY: 'key' };
    const place = { kind: 's3', bucket: 'rec', endpoint: 'http://minio:9000', region: 'us-east-1' };
    expect(load(s3).bucket).toMatchObject({ ...place, forcePathStyle: false, credentials: undefined });
    expect(load({ ...s3, ...keys }).bucket).toMatchObject({
      credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
    });
    expect(load({ ROOMTAPE_BUCKET_DIR: 'share' }).bucket).toEqual({ kind: 'folder', folder: join(cwd, 'share') });
    expect(load().bucket).toBeUndefined();
    expect(problemsOf({ ...s3, ROOMTAPE_BUCKET_DIR: '/share' })).toEqual([expect.stringMatching(/^Only one of/)]);
    expect(problemsOf({ ...s3, ROOMTAPE_S3_ACCESS_KEY_ID: 'id' })).toEqual([expect.stringContaining('set both')]);
    expect(problemsOf({ ROOMTAPE_AZURE_CONTAINER: 'rec' })).toEqual([expect.stringContaining('set both')]);
    expect(problemsOf({ ROOMTAPE_KEEP_LOCAL: 'false' })).toEqual([expect.stringContaining('there is no bucket')]);
    expect(load({ ...s3, ROOMTAPE_KEEP_LOCAL: 'false' }).keepLocal).toBe(false);
  });

  it('never repeats a secret of a bucket', () => {
    const azure = 'AccountName=rec;AccountKey=hush;EndpointSuffix=core.windows.net';
    const settings = [
      { ROOMTAPE_S3_BUCKET: 'rec', ROOMTAPE_S3_ACCESS_KEY_ID: 'id', ROOMTAPE_S3_SECRET_ACCESS_KEY: 'hush' },
      { ROOMTAPE_AZURE_CONTAINER: 'rec', ROOMTAPE_AZURE_CONNECTION_STRING: azure },
    ];
    for (const env of settings) expect(JSON.stringify(describeConfig(load(env)))).not.toContain('hush');
    const broken = problemsOf({ ROOMTAPE_AZURE_CONTAINER: 'rec', ROOMTAPE_AZURE_CONNECTION_STRING: 'hush' });
    expect(broken.join()).toMatch(/AZURE_CONNECTION_STRING is set; it must be a connection string/);
    expect(broken.join()).not.toContain('hush');
  });

  it('takes a language model, whole, and never repeats its key', () => {
    const llm = { ROOMTAPE_LLM_URL: 'https://llm.example.org/v1/', ROOMTAPE_LLM_MODEL: 'm', ROOMTAPE_LLM_KEY: 'hush' };
    const prices = { ROOMTAPE_LLM_INPUT_PRICE: '0.15', ROOMTAPE_LLM_OUTPUT_PRICE: '2' };
    expect(load().llm).toBeUndefined();
    expect(load({ ...llm, ...prices }).llm).toEqual({
      url: 'https://llm.example.org/v1',
      key: 'hush',
      model: 'm',
      windowTokens: 32_768,
      timeoutMs: 300_000,
      prices: { input: 0.15, output: 2, currency: 'USD' },
    });
    expect(load(llm).llm?.prices).toBeUndefined();
    expect(JSON.stringify(describeConfig(load(llm)))).not.toContain('hush');
    expect(problemsOf({ ROOMTAPE_LLM_URL: 'https://llm.example.org/v1' })).toEqual([
      expect.stringContaining('set both'),
    ]);
    expect(problemsOf({ ROOMTAPE_LLM_INPUT_PRICE: '1' })).toEqual([expect.stringContaining('set both')]);
    expect(problemsOf({ ROOMTAPE_LLM_INPUT_PRICE: '1,5' })).toEqual([
      expect.stringContaining('an amount such as 0.15'),
    ]);
  });

  it('never repeats a secret', () => {
    const problems = problemsOf({ ROOMTAPE_API_KEY: 'key', ROOMTAPE_API_SECRET: 'hunter2' });
    expect(problems).toEqual([expect.stringMatching(/ROOMTAPE_API_SECRET is set; it must be at least 32 characters/)]);
    expect(problems.join()).not.toContain('hunter2');
    const shown = JSON.stringify(
      describeConfig(
        load({
          ROOMTAPE_API_KEY: 'key',
          ROOMTAPE_API_SECRET: 's'.repeat(32),
          ROOMTAPE_DATABASE_URL: 'postgres://u:pass@h/d',
          ROOMTAPE_ICE_SERVERS: '[{"urls":"turn:t.example","username":"u","credential":"hush"}]',
        }),
      ),
    );
    for (const secret of ['sssss', 'pass', 'hush']) expect(shown).not.toContain(secret);
  });

  it('takes lists from a text and from YAML', () => {
    writeFileSync(
      join(cwd, 'roomtape.yaml'),
      'rtcAnnouncedAddress: [192.0.2.1, rooms.example.org]\nallowPrivateUrls: true\n',
    );
    expect(load().rtc.announcedAddresses).toEqual(['192.0.2.1', 'rooms.example.org']);
    expect(load().allowPrivateUrls).toBe(true);
    const config = load({
      ROOMTAPE_RTC_ANNOUNCED_ADDRESS: '192.0.2.7',
      ROOMTAPE_ALLOW_PRIVATE_URLS: '10.0.0.0/8, fd00::/8',
    });
    expect(config.rtc.announcedAddresses).toEqual(['192.0.2.7']);
    expect(config.allowPrivateUrls).toEqual(['10.0.0.0/8', 'fd00::/8']);
  });

  it('takes ICE servers as addresses and as JSON', () => {
    const stun = load({ ROOMTAPE_ICE_SERVERS: 'stun:a.example:3478, stun:b.example' });
    expect(stun.rtc.iceServers).toEqual([{ urls: 'stun:a.example:3478' }, { urls: 'stun:b.example' }]);
    const turn = { urls: ['turn:t.example?transport=tcp'], username: 'u', credential: 'c' };
    expect(load({ ROOMTAPE_ICE_SERVERS: JSON.stringify([turn]) }).rtc.iceServers).toEqual([turn]);
  });
});

describe('the manual', () => {
  const manual = readFileSync(EXAMPLE, 'utf8');

  it('lists every setting, with its environment name, and nothing else', () => {
    expect(Object.keys(parseYaml(manual))).toEqual([...SETTING_NAMES]);
    for (const name of SETTING_NAMES) expect(manual).toContain(`${envNameOf(name)}`);
  });

  it('shows the defaults as they are written, and means them', () => {
    for (const name of SETTING_NAMES) expect(manual.split('\n')).toContain(`${name}: ${SETTINGS[name].fallbackText}`);
    writeFileSync(join(cwd, 'roomtape.yaml'), manual);
    const fromManual = load();
    rmSync(join(cwd, 'roomtape.yaml'));
    expect(fromManual).toEqual(load());
  });
});
