/** `roomtape models`: what there is to find and understand speech with, and fetching it. */
import { loadConfig } from '../config/config.ts';
import {
  CATALOGUE,
  type CatalogueModel,
  findInCatalogue,
  ROLES,
  VOICE_MODEL,
} from '../transcription/models/catalogue.ts';
import {
  damagedFiles,
  findModel,
  type InstalledModel,
  MODEL_NAME,
  namesInFolder,
} from '../transcription/models/model-folder.ts';
import { pullModel } from '../transcription/models/pull-model.ts';
import { abandonProgress, showProgress } from './progress.ts';

const KINDS = Object.keys(ROLES).filter((kind): kind is keyof typeof ROLES => kind !== 'voice');

export interface PullChoices {
  readonly file?: readonly string[];
  readonly kind?: string;
  readonly languages?: string;
  readonly again?: boolean;
}

/** Prints a line a model: those of the catalogue, and what else lies in the folder. Reads every file of those that are here. */
export const runList = async (): Promise<void> => {
  const { modelDir, speechModel } = loadConfig().transcription;
  const known = CATALOGUE.map(({ name }) => name);
  const others = (await namesInFolder(modelDir)).filter((name) => !known.includes(name));
  console.log(`Models in "${modelDir}":`);
  for (const name of [...known, ...others]) {
    const model = findInCatalogue(name);
    const state = await stateOf(modelDir, name);
    const about = model ?? (typeof state === 'string' ? undefined : state);
    const words = [
      name === speechModel || name === VOICE_MODEL ? '*' : ' ',
      name.padEnd(22),
      (typeof state === 'string' ? state : 'here').padEnd(9),
      model ? `${model.megabytes} MB`.padStart(7) : ''.padStart(7),
      about ? `${about.kind === 'voice' ? 'finds speech' : languagesOf(about)} · ${about.licence}` : '',
    ];
    console.log(words.join('  ').trimEnd());
  }
  console.log('* in use. Fetch one with: roomtape models pull <name>; choose it with ROOMTAPE_SPEECH_MODEL.');
};

const stateOf = async (modelDir: string, name: string): Promise<InstalledModel | 'not here' | 'DAMAGED'> => {
  try {
    const found = await findModel(modelDir, name);
    if (!found) return 'not here';
    return (await damagedFiles(found)).length > 0 ? 'DAMAGED' : found;
  } catch {
    return 'DAMAGED'; // what exactly is wrong does not matter: it is to be pulled again
  }
};

const languagesOf = ({ languages }: { readonly languages: readonly string[] | null }): string =>
  languages === null ? 'many languages' : languages.join(' ');

/** Fetches what is not here. Rejects with a sentence. */
export const runPull = async (name: string | undefined, choices: PullChoices): Promise<void> => {
  const { modelDir, speechModel } = loadConfig().transcription;
  const wanted = modelOf(name ?? speechModel, choices);
  const voice = findInCatalogue(VOICE_MODEL);
  if (voice && wanted !== voice) await pullOne(modelDir, voice, false);
  await pullOne(modelDir, wanted, choices.again === true);
};

const pullOne = async (modelDir: string, model: CatalogueModel, anew: boolean): Promise<void> => {
  const { name } = model;
  if (!anew && typeof (await stateOf(modelDir, name)) !== 'string') {
    console.log(`${name} is in "${modelDir}", whole.`);
    return;
  }
  const progress = showProgress(`Fetching ${name}${model.megabytes > 0 ? ` (${model.megabytes} MB)` : ''}`);
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort();
  process.once('SIGINT', onSignal);
  try {
    await pullModel(modelDir, model, { onProgress: progress.update, signal: interrupted.signal });
    progress.done();
    console.log(`${name} is in "${modelDir}". Licence: ${model.licence}`);
  } catch (cause) {
    abandonProgress();
    if (interrupted.signal.aborted)
      throw new Error('Interrupted. What has come is kept: the next pull goes on with it.');
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${name} could not be fetched: ${reason}`, { cause });
  } finally {
    process.removeListener('SIGINT', onSignal);
  }
};

/** From the catalogue, or as the operator describes it. */
const modelOf = (name: string, { file: files = [], kind, languages }: PullChoices): CatalogueModel => {
  const known = findInCatalogue(name);
  if (files.length === 0) {
    if (known) return known;
    const names = CATALOGUE.map((model) => model.name).join(', ');
    throw new Error(
      `There is no model "${name}" in the catalogue (${names}): say where its files are (--file, --kind).`,
    );
  }
  if (known) throw new Error(`"${name}" is the name of a model in the catalogue: give yours another one.`);
  if (!MODEL_NAME.test(name))
    throw new Error(`"${name}" can't be a model's name: small letters, digits, dots and hyphens.`);
  const how = KINDS.find((candidate) => candidate === kind);
  if (!how) throw new Error(`--kind is "${kind ?? ''}"; it must be one of ${KINDS.join(', ')}.`);
  const sources = Object.fromEntries(files.map(fileOf));
  const missing = ROLES[how].filter((role) => !Object.hasOwn(sources, role));
  if (missing.length > 0) throw new Error(`A ${how} model also needs --file for: ${missing.join(', ')}.`);
  return {
    name,
    kind: how,
    languages: languages === undefined ? null : languages.split(',').map((language) => language.trim()),
    licence: 'not known to us',
    megabytes: 0,
    source: { from: 'address', files: sources },
  };
};

/** `encoder,https://…,<sha256>`; the address may hold commas. */
const fileOf = (text: string): readonly [role: string, { readonly url: string; readonly sha256: string }] => {
  const [, role = '', url = '', sha256 = ''] = /^([a-z]+),(.+),([0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (role !== '' && /^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    return [role, { url, sha256: sha256.toLowerCase() }];
  throw new Error(
    `--file is "${text}"; it must be a role, an address and a SHA-256: encoder,https://…/encoder.onnx,9f86d0…`,
  );
};
