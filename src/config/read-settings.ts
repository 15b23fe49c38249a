/**
 * Reads the settings: environment over YAML file over defaults. Everything that is wrong is said at once, in sentences; a name that
 * nobody knows is an error, with the name that was probably meant. The only file that reads the environment.
 *
 * The YAML file is `ROOMTAPE_CONFIG`, or `roomtape.yaml` in the working folder where it exists. An empty environment variable and
 * a YAML `null` count as not set.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { didYouMean } from './did-you-mean.ts';
import { Refusal } from './setting-kinds.ts';
import { envNameOf, SETTING_NAMES, SETTINGS, type SettingName, type SettingValues } from './settings.ts';

const CONFIG_VARIABLE = 'ROOMTAPE_CONFIG';
const DEFAULT_FILE = 'roomtape.yaml';
const PATHS: readonly SettingName[] = ['dataDir', 'tlsCert', 'tlsKey', 'bucketDir', 'modelDir'];

/** Settings that can't be used. `problems` has a sentence for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings can't be used.\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

export interface SettingSources {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Relative paths are relative to this. */
  readonly cwd?: string;
}

/** A raw value with the words that name where it stands. */
interface Given {
  readonly raw: unknown;
  readonly where: string;
}
type Values = Map<SettingName, Given>;

const isSettingName = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

const meant = (name: string, candidates: readonly string[]): string => {
  const guess = didYouMean(name, candidates);
  return guess === null ? 'See roomtape.example.yaml for all settings.' : `Did you mean ${guess}?`;
};

const readFile = (path: string, required: boolean): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (missing && !required) return null;
    throw new ConfigError([
      `The settings file "${path}" can't be read: ${missing ? 'it does not exist' : String(cause)}.`,
    ]);
  }
};

const fromYaml = (path: string, content: string, problems: string[]): Values => {
  const values: Values = new Map();
  let document: unknown;
  try {
    document = parseYaml(content);
  } catch (cause) {
    problems.push(`The settings file "${path}" is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`);
    return values;
  }
  if (document === null) return values;
  if (typeof document !== 'object' || Array.isArray(document)) {
    problems.push(`The settings file "${path}" must be a list of "name: value" lines.`);
    return values;
  }
  for (const [name, raw] of Object.entries(document)) {
    if (!isSettingName(name)) problems.push(`"${name}" in "${path}" is no setting. ${meant(name, SETTING_NAMES)}`);
    else if (raw !== null) values.set(name, { raw, where: `${name} in "${path}"` });
  }
  return values;
};

const fromEnvironment = (env: Readonly<Record<string, string | undefined>>, problems: string[]): Values => {
  const values: Values = new Map();
  const byVariable = new Map(SETTING_NAMES.map((name) => [envNameOf(name), name]));
  for (const [variable, raw] of Object.entries(env)) {
    if (!variable.startsWith('ROOMTAPE_') || variable === CONFIG_VARIABLE || raw === undefined) continue;
    const name = byVariable.get(variable);
    if (name === undefined) {
      problems.push(`The environment variable ${variable} is no setting. ${meant(variable, [...byVariable.keys()])}`);
    } else if (raw.trim() !== '') {
      values.set(name, { raw, where: variable });
    }
  }
  return values;
};

const parseOne = (name: SettingName, given: Given | undefined, problems: string[]): unknown => {
  const setting = SETTINGS[name];
  if (given === undefined) return setting.fallback;
  try {
    return setting.parse(given.raw);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const shown = setting.secret ? 'set' : JSON.stringify(given.raw);
    problems.push(`${given.where} is ${shown}; it must be ${refusal.message}.`);
    return setting.fallback;
  }
};

const PAIRS = [
  ['apiKey', 'apiSecret'],
  ['tlsCert', 'tlsKey'],
  ['s3AccessKeyId', 's3SecretAccessKey'],
  ['azureContainer', 'azureConnectionString'],
  ['llmUrl', 'llmModel'],
  ['llmInputPrice', 'llmOutputPrice'],
] as const satisfies readonly (readonly [SettingName, SettingName])[];

/** Where `awsDirPath` leads: one of them, or none. */
const BUCKETS = ['s3Bucket', 'azureContainer', 'bucketDir'] as const satisfies readonly SettingName[];

/** The settings in force. Throws `ConfigError` with everything that is wrong. */
export const readSettings = ({ env = process.env, cwd = process.cwd() }: SettingSources = {}): SettingValues => {
  const problems: string[] = [];
  const named = env[CONFIG_VARIABLE]?.trim();
  const path = resolve(cwd, named ? named : DEFAULT_FILE);
  const content = readFile(path, Boolean(named));
  const file: Values = content === null ? new Map() : fromYaml(path, content, problems);
  const environment = fromEnvironment(env, problems);

  const parsed = new Map<SettingName, unknown>();
  for (const name of SETTING_NAMES) {
    const value = parseOne(name, environment.get(name) ?? file.get(name), problems);
    parsed.set(name, PATHS.includes(name) && typeof value === 'string' ? resolve(cwd, value) : value);
  }
  for (const [one, other] of PAIRS) {
    const refused = problems.length > 0; // A half that was refused is not a missing half.
    if (!refused && (parsed.get(one) === undefined) !== (parsed.get(other) === undefined)) {
      problems.push(`${envNameOf(one)} and ${envNameOf(other)} go together: set both or neither.`);
    }
  }
  const buckets = BUCKETS.filter((name) => parsed.get(name) !== undefined);
  if (buckets.length > 1)
    problems.push(`Only one of ${buckets.map(envNameOf).join(', ')} can be the bucket: keep one.`);
  if (parsed.get('keepLocal') === false && buckets.length === 0) {
    problems.push(
      `ROOMTAPE_KEEP_LOCAL is off and there is no bucket: set one of ${BUCKETS.map(envNameOf).join(', ')}.`,
    );
  }
  if (parsed.get('transcribeKey') !== undefined && parsed.get('transcribeUrl') === undefined) {
    problems.push(
      'ROOMTAPE_TRANSCRIBE_KEY is set and ROOMTAPE_TRANSCRIBE_URL is not: set the URL that the key is for.',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(parsed) as SettingValues;
};
