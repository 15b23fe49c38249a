/**
 * The API key and secret. Given by the settings, or made at first start and kept in `<data>/credentials.json` (0600), so that a
 * server that nobody has configured is not open to everybody.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, link, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeDataFolder, unusable } from './data-folder.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly apiSecret: string;
}

export interface LoadedCredentials {
  readonly credentials: Credentials;
  /** True where the pair was made just now. */
  readonly created: boolean;
  /** Where a made pair lies, for the start-up banner; undefined where the settings give one. */
  readonly file: string | undefined;
}

const stored = z.object({ apiKey: z.string().min(1), apiSecret: z.string().min(32) });

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const read = async (file: string): Promise<Credentials | null> => {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw unusable(dirname(file), error);
  }
  // A copied or restored data folder may have lost the narrow mode: others could read the secret.
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    json = null; // Judged below like any other wrong content; the parser's message would quote the file.
  }
  const pair = stored.safeParse(json);
  if (pair.success) return pair.data;
  throw new Error(
    `"${file}" does not hold an apiKey and an apiSecret of at least 32 characters. Repair it, or remove it to get a new pair (tokens and file URLs signed with the old one end).`,
  );
};

/** Written aside and linked into place: whole or not there, and the first of two processes wins. */
const create = async (file: string): Promise<'created' | 'lost-race'> => {
  const pair: Credentials = { apiKey: randomUUID(), apiSecret: randomBytes(32).toString('hex') };
  const aside = `${file}.${randomUUID()}`;
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(pair, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(aside, file);
    return 'created';
  } catch (error) {
    if (isCode(error, 'EEXIST')) return 'lost-race';
    throw unusable(dirname(file), error);
  } finally {
    await rm(aside, { force: true });
  }
};

/** The pair in force. Throws with a sentence where the file is there but can't be used. Nothing is logged here. */
export const loadCredentials = async (settings: {
  readonly dataDir: string;
  readonly apiKey: string | undefined;
  readonly apiSecret: string | undefined;
}): Promise<LoadedCredentials> => {
  const { dataDir, apiKey, apiSecret } = settings;
  if (apiKey !== undefined && apiSecret !== undefined) {
    return { credentials: { apiKey, apiSecret }, created: false, file: undefined };
  }
  const file = join(dataDir, 'credentials.json');
  const earlier = await read(file);
  if (earlier) return { credentials: earlier, created: false, file };
  makeDataFolder(dataDir);
  const outcome = await create(file);
  const credentials = await read(file);
  if (!credentials) throw new Error(`"${file}" was written and is gone again: does something clear the data folder?`);
  return { credentials, created: outcome === 'created', file };
};
