/**
 * The model folder: one folder a model, with `model.json` saying what it is. Written aside and renamed, so a model is there whole or not at
 * all; by hand, too, on machines without a network (docs/operations.md).
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../../support/make-folder.ts';
import type { ModelFiles } from '../task.ts';
import { ROLES } from './catalogue.ts';
import { sha256Of } from './download.ts';

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** Names of models, as they stand in settings and folders. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9.-]{0,63}$/;

const modelFacts = z.object({
  version: z.literal(1),
  kind: z.enum(['voice', 'moonshine', 'whisper', 'sense-voice', 'transducer']),
  languages: z.array(z.string()).readonly().nullable(),
  licence: z.string(),
  /** By role. */
  files: z.record(
    z.string(),
    z.object({
      file: z.string().regex(FILE_NAME),
      bytes: z.number().int().min(1),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type ModelFacts = z.infer<typeof modelFacts>;

/** A model that lies in the folder. */
export interface InstalledModel extends ModelFacts {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
}

const FACTS_FILE = 'model.json';

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** Null: it is not there. Rejects with a sentence where it is not what it should be. */
export const findModel = async (modelDir: string, name: string): Promise<InstalledModel | null> => {
  const folder = join(modelDir, name);
  let text: string;
  try {
    text = await readFile(join(folder, FACTS_FILE), 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  const facts = factsIn(text, folder);
  for (const role of ROLES[facts.kind]) {
    const entry = facts.files[role];
    if (!entry) throw damaged(folder, `"${FACTS_FILE}" names no file for "${role}"`);
    const size = await stat(join(folder, entry.file)).then(
      (found) => found.size,
      (error: unknown) => (isMissing(error) ? 0 : Promise.reject(error)),
    );
    if (size !== entry.bytes) throw damaged(folder, `"${entry.file}" has ${size} bytes, not ${entry.bytes}`);
  }
  return { name, folder, ...facts };
};

const factsIn = (text: string, folder: string): ModelFacts => {
  try {
    return modelFacts.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(folder, `"${FACTS_FILE}" does not say what it should`, cause);
  }
};

const damaged = (folder: string, what: string, cause?: unknown): Error =>
  new Error(`The model in "${folder}" is damaged: ${what}. Pull it again (roomtape models pull).`, { cause });

/** The files whose contents are not what they were. Reads all of them. */
export const damagedFiles = async ({ folder, files }: InstalledModel): Promise<string[]> => {
  const wrong: string[] = [];
  for (const { file, sha256 } of Object.values(files)) {
    if ((await sha256Of(join(folder, file))) !== sha256) wrong.push(file);
  }
  return wrong;
};

/** Names of what lies in the folder, models or not. */
export const namesInFolder = async (modelDir: string): Promise<string[]> => {
  try {
    const entries = await readdir(modelDir, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && MODEL_NAME.test(entry.name)).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** As the transcriber process takes it. */
export const filesOfModel = ({ name, folder, kind, languages, files }: InstalledModel): ModelFiles => {
  if (kind === 'voice') throw new Error(`The model "${name}" finds speech; it does not understand any.`);
  const byRole = Object.fromEntries(Object.entries(files).map(([role, { file }]) => [role, file]));
  return { name, folder, kind, languages, files: byRole };
};

/** A model that is being written. */
export interface NewModel {
  /** Where its files are to be put; on the model folder's disk. */
  readonly folder: string;
  /** Puts the model in its place, and a former one of that name away. Files by their roles. */
  publish(about: Omit<ModelFacts, 'version' | 'files'>, files: Readonly<Record<string, string>>): Promise<void>;
  /** Idempotent; does nothing once it is published. */
  discard(): Promise<void>;
}

/** Readable by everybody who gets there, whatever the umask: transcribers may be another user. */
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

const makeOpenFolder = async (path: string): Promise<void> => {
  await mkdir(path);
  await chmod(path, FOLDER_MODE);
};

/** Leaves one that is there as it is. */
const makeModelDir = async (path: string): Promise<void> => {
  makeFolder(dirname(path));
  try {
    await makeOpenFolder(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
};

/** Begins a model. Makes the model folder if need be. */
export const newModel = async (modelDir: string, name: string): Promise<NewModel> => {
  await makeModelDir(modelDir);
  const aside = (what: string): string => join(modelDir, `.${what}-${name}-${randomBytes(4).toString('hex')}`);
  const folder = aside('new');
  await makeOpenFolder(folder);
  return {
    folder,
    async publish(about, files) {
      const entries: ModelFacts['files'] = {};
      for (const [role, file] of Object.entries(files)) {
        const path = join(folder, file);
        entries[role] = { file, bytes: (await stat(path)).size, sha256: await sha256Of(path) };
        await chmod(path, FILE_MODE);
        await sync(path);
      }
      const facts: ModelFacts = { version: 1, ...about, files: entries };
      await writeFile(join(folder, FACTS_FILE), `${JSON.stringify(facts, null, 2)}\n`, { flush: true });
      await chmod(join(folder, FACTS_FILE), FILE_MODE);
      await sync(folder);
      const former = aside('old');
      await rename(join(modelDir, name), former).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
      await rename(folder, join(modelDir, name));
      await sync(modelDir);
      await rm(former, { recursive: true, force: true });
    },
    discard: () => rm(folder, { recursive: true, force: true }),
  };
};

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
