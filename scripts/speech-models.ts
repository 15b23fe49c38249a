/**
 * The models that tests hear with, fetched as an operator would (`roomtape models pull`), into a folder that git and other checkouts don't see.
 * Before the tests: they run in a network of their own, which leads nowhere.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const atRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const TEST_MODEL_DIR = atRoot('node_modules/.cache/roomtape/models');

/** Throws where they are not here and can't be fetched. */
export const fetchTestModels = (): void => {
  mkdirSync(dirname(TEST_MODEL_DIR), { recursive: true });
  // Others have to read them: transcribers run as a user of their own.
  for (const folder of [dirname(TEST_MODEL_DIR), dirname(dirname(TEST_MODEL_DIR))]) chmodSync(folder, 0o755);
  const { status, stderr } = spawnSync(process.execPath, [atRoot('src/main.ts'), 'models', 'pull'], {
    env: { ...process.env, ROOMTAPE_MODEL_DIR: TEST_MODEL_DIR },
    cwd: atRoot('.'),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The speech models, with which the tests hear, are not here.\n${stderr}`);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) fetchTestModels();
