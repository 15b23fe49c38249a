import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';

/** The example of each version, which names every setting that it had. Never changed; one is added with every version. */
const SETTINGS = fileURLToPath(new URL('../../fixtures/settings/', import.meta.url));

test.each(readdirSync(SETTINGS))('a settings file of version %s is accepted, and means what it meant', (file) => {
  const config = loadConfig({ env: { ROOMTAPE_CONFIG: join(SETTINGS, file) }, cwd: SETTINGS });
  expect(config).toMatchObject({ host: '127.0.0.1', port: 8080, maxRecordingDurationMs: 12 * 60 * 60 * 1000 });
  expect(config.rtc.tcp).toBe(true);
});
