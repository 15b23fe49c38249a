/** What is known of the settings that the media process runs with, also where writing them down was cut off or could not be done. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import {
  mediaSettingsOf,
  outdatedMediaSettings,
  rememberMediaSettings,
} from '../../../src/processes/media-in-force.ts';
import { dataPaths } from '../../../src/processes/paths.ts';
import { createLogger } from '../../../src/support/log.ts';

const log = createLogger('test', 'silent');

const prepared = () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomtape-in-force-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = { ...loadConfig(), dataDir: folder };
  return { config, paths: dataPaths(folder) };
};

it('names the settings that have changed since', () => {
  const { config, paths } = prepared();
  expect(outdatedMediaSettings(config, paths)).toEqual([]);
  rememberMediaSettings(paths, mediaSettingsOf(config, paths), log);
  expect(outdatedMediaSettings(config, paths)).toEqual([]);
  expect(outdatedMediaSettings({ ...config, maxRooms: config.maxRooms + 1 }, paths)).toEqual(['ROOMTAPE_MAX_ROOMS']);
});

it('knows nothing where the file was cut off', () => {
  const { config, paths } = prepared();
  for (const text of ['', '{"rtc":{"po', 'null']) {
    writeFileSync(paths.mediaSettings, text);
    expect(outdatedMediaSettings(config, paths)).toEqual([]);
  }
});

it('does not keep the media process from being started where it cannot be written', () => {
  const { config, paths } = prepared();
  mkdirSync(`${paths.mediaSettings}.new`);
  expect(() => rememberMediaSettings(paths, mediaSettingsOf(config, paths), log)).not.toThrow();
  expect(outdatedMediaSettings({ ...config, maxRooms: config.maxRooms + 1 }, paths)).toEqual([]);
});
