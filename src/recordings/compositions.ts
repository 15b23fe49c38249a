/**
 * The recordings' compositions: from row to compositor and back to file. A composition is leased before it is handed out; what is
 * reported under an older fence changes nothing, so two servers that both believe in a composition cannot both finish it.
 *
 * The finished file's id is its composition's: a server that dies between the file's rename and its row finds the same name again. One that
 * dies between the row and the removal of the segments leaves them to the sweep at the next boot, which erases what is left of deleted
 * recordings, too.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type Catalog, type CompositionRow, type FileRow, type RecordingRow, transaction } from '../catalog/catalog.ts';
import {
  cancelCompositions,
  compositionsOf,
  findComposition,
  finishComposition,
  leaseComposition,
  reportComposition,
} from '../catalog/compositions.ts';
import { cancelDeliveries } from '../catalog/deliveries.ts';
import { insertFile, markFilesDeleted } from '../catalog/files.ts';
import { noteIncident } from '../catalog/incidents.ts';
import { purgesOf } from '../catalog/purges.ts';
import {
  deletedAmong,
  moveRecording,
  recordingsComposedAgain,
  recordingsIn,
  setProgress,
} from '../catalog/recordings.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { CompositionId, FileId, RecordingId } from '../domain/ids.ts';
import type { Incident } from '../domain/incidents.ts';
import { isFinal } from '../domain/recording.ts';
import type { Logger } from '../support/log.ts';
import { canvasConfig, compositeConfig, requestedCanvas } from './canvas-config.ts';
import { copyOrder } from './copy-order.ts';
import type { FinishedFiles } from './plan-deliveries.ts';
import type { Artifact, Composer } from './ports.ts';

/** A server that has not reported for this long may be succeeded by another. Progress comes each 4.3 s of media. */
const LEASE_MS = 60_000;

/** In a recording's folder beside one folder for each composition: what is finished. */
const FILES = 'files';

/** Where the recording stands: still written; its stop record is in the journal; its journal ends without one. */
export type JournalStage = 'live' | 'stop-recorded' | 'journal-ended';

export interface CompositionsOptions {
  readonly catalog: Catalog;
  readonly composer: Composer;
  /** Stored paths are relative to it. */
  readonly dataDir: string;
  readonly recordingsDir: string;
  /** Takes finished files on; without it they stay in our store. */
  readonly deliveries?: { plan(trx: Catalog, finished: FinishedFiles): Promise<void>; wake(): void };
  readonly log: Logger;
}

/** The first file has its composition's id; those after it have ids that follow from it, so that a second attempt finds them again. */
const fileIdOf = (id: CompositionId, index: number): FileId => {
  const name = index === 0 ? id : createHash('sha256').update(`${id}/${index}`).digest('hex').slice(0, 24);
  return name as string as FileId;
};

interface Held {
  readonly recordingId: RecordingId;
  /** It was asked for afterwards: what becomes of it does not change the recording. */
  readonly again: boolean;
  readonly fence: number;
}

/** What lies in a folder; nothing where there is none. */
const namesIn = async (path: string): Promise<string[]> => {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
};

/** Names of the folders in a folder. */
const foldersIn = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
};

export class Compositions {
  readonly #options: CompositionsOptions;
  readonly #held = new Map<string, Held>();
  /** One thing at a time: a start and a stop that follow each other closely must not both lease. */
  #turn: Promise<void> = Promise.resolve();
  /** Another server took them; it has them as long as it reports. */
  readonly #lost = new Set<string>();
  readonly #untold: { readonly recordingId: RecordingId; readonly incident: Incident }[] = [];
  #swept = false;

  constructor(options: CompositionsOptions) {
    this.#options = options;
  }

  /**
   * Hands the recording's unfinished compositions out, or tells those who have them how the journal stands now. In the background: whoever
   * starts or stops a recording does not wait for processes to start. What fails is logged, and made up for by `resume`.
   */
  follow(recording: RecordingRow, stage: JournalStage): void {
    this.#inTurn(() => this.#follow(recording, stage)).catch((error: unknown) =>
      this.#options.log.error({ err: error, recordingId: recording.id }, 'A composition could not be handed out.'),
    );
  }

  /** Takes up what nobody works on: at boot what was under way when the server ended, later what a failing database made us drop. */
  resume(): Promise<void> {
    return this.#inTurn(async () => {
      const { catalog } = this.#options;
      await this.#noteIncidents();
      for (const row of await recordingsIn(catalog, ['recording', 'paused', 'stopping'])) {
        await this.#followAlone(row, 'live');
      }
      for (const row of await recordingsIn(catalog, ['composing'])) {
        await this.#followAlone(row, row.stop_reason === 'media-process-lost' ? 'journal-ended' : 'stop-recorded');
      }
      for (const row of await recordingsComposedAgain(catalog)) {
        await this.#followAlone(row, row.stop_reason === 'media-process-lost' ? 'journal-ended' : 'stop-recorded');
      }
      if (this.#swept) return;
      this.#swept = true;
      await this.#sweep().catch((error: unknown) =>
        this.#options.log.error({ err: error }, 'What compositions left could not be removed.'),
      );
    });
  }

  /** Removes what compositions left that are over, and what is left of deleted recordings. */
  async #sweep(): Promise<void> {
    const { catalog, recordingsDir, log } = this.#options;
    const folders = await foldersIn(recordingsDir);
    const deleted = await deletedAmong(catalog, folders as RecordingId[]);
    for (const recordingId of deleted) {
      await cancelDeliveries(catalog, recordingId, new Date());
      await markFilesDeleted(catalog, recordingId, new Date());
      await rm(join(recordingsDir, recordingId), { recursive: true, force: true });
      log.info({ recordingId }, 'Removed what was left of a deleted recording.');
    }
    for (const recordingId of folders.filter((name) => !deleted.has(name as RecordingId))) {
      for (const name of await foldersIn(join(recordingsDir, recordingId))) {
        if (name === FILES) continue;
        const composition = await findComposition(catalog, name as CompositionId);
        if (!composition || composition.status === 'queued' || composition.status === 'running') continue;
        await rm(join(recordingsDir, recordingId, name), { recursive: true, force: true });
        log.info({ recordingId }, 'Removed segments that a composition had left.');
      }
    }
  }

  /** Resolves when everything that was asked for so far has been handed out, told or written down. */
  settled(): Promise<void> {
    return this.#inTurn(async () => undefined);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** One whose folder can't be made keeps neither the others waiting nor the server from starting. */
  async #followAlone(recording: RecordingRow, stage: JournalStage): Promise<void> {
    try {
      await this.#follow(recording, stage);
    } catch (error) {
      if (error instanceof RoomtapeError && error.code === 'DATABASE_UNAVAILABLE') throw error;
      const { log } = this.#options;
      log.error({ err: error, recordingId: recording.id }, 'A composition could not be handed out; it is tried again.');
    }
  }

  async #follow(recording: RecordingRow, stage: JournalStage): Promise<void> {
    const { catalog, composer } = this.#options;
    for (const composition of await compositionsOf(catalog, recording.id)) {
      if (composition.status !== 'queued' && composition.status !== 'running') continue;
      // Nothing more is made of a recording that is done or failed, but what was asked for afterwards.
      if (isFinal(recording.status) && composition.request === null) continue;
      if (this.#lost.has(composition.id) && composition.lease_until && composition.lease_until > new Date()) continue;
      if (!this.#held.has(composition.id)) await this.#handOut(recording, composition, stage);
      if (stage === 'stop-recorded') composer.finished(composition.id);
      if (stage === 'journal-ended') composer.journalEnded(composition.id);
    }
  }

  /** Drops a recording's compositions; resolves when no process works on them. */
  cancel(recordingId: RecordingId): Promise<void> {
    return this.#inTurn(async () => {
      const { catalog, composer } = this.#options;
      await cancelCompositions(catalog, recordingId);
      for (const { id } of await compositionsOf(catalog, recordingId)) {
        this.#held.delete(id);
        this.#lost.delete(id);
        await composer.cancel(id);
      }
    });
  }

  /** Erases finished files of a recording, but those (absolute paths). */
  async eraseFilesOf(recordingId: RecordingId, kept: ReadonlySet<string>): Promise<void> {
    const folder = join(this.#options.recordingsDir, recordingId, FILES);
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      if (!kept.has(path)) await rm(path, { recursive: true, force: true });
    }
  }

  async progressed(compositionId: string, done: number, total: number | null): Promise<void> {
    const held = this.#held.get(compositionId);
    if (!held) return;
    const { catalog, composer } = this.#options;
    const lease = { id: compositionId as CompositionId, fence: held.fence };
    const report = { segmentsDone: done, segmentsTotal: total, leaseUntil: new Date(Date.now() + LEASE_MS) };
    if (await reportComposition(catalog, lease, report)) {
      if (total !== null && !held.again) await setProgress(catalog, held.recordingId, Math.min(1, done / total));
      return;
    }
    // Another server leads it now, in the same folder: two would only be in each other's way.
    await this.#inTurn(async () => {
      if (this.#held.get(compositionId) !== held) return;
      this.#held.delete(compositionId);
      this.#lost.add(compositionId);
      await composer.cancel(compositionId);
    });
  }

  /** Something befell the recording. What the database refuses now is told to it again by `resume`. */
  async befell(compositionId: string, incident: Incident): Promise<void> {
    const held = this.#held.get(compositionId);
    if (!held) return;
    this.#untold.push({ recordingId: held.recordingId, incident });
    await this.#inTurn(() => this.#noteIncidents());
  }

  async #noteIncidents(): Promise<void> {
    const { catalog, log } = this.#options;
    for (let first = this.#untold[0]; first; first = this.#untold[0]) {
      try {
        await noteIncident(catalog, first.recordingId, first.incident);
      } catch (error) {
        // The database is away or full: told again. What it takes for wrong, it will never take, and others wait behind it.
        if (error instanceof RoomtapeError) throw error;
        log.error({ err: error, recordingId: first.recordingId }, 'An incident could not be written down.');
      }
      this.#untold.shift();
    }
  }

  /** The artifact is in our store: the recording is done, unless it was asked for afterwards. */
  composed(compositionId: string, artifact: Artifact): Promise<void> {
    return this.copied(compositionId, [artifact]);
  }

  /** The artifacts, in order, are in our store: the recording is done. There may be none: a track that never was on has no file. */
  copied(compositionId: string, artifacts: readonly Artifact[]): Promise<void> {
    return this.#release(compositionId, async ({ recordingId, fence, again }) => {
      const { catalog, dataDir, recordingsDir, deliveries } = this.#options;
      const id = compositionId as CompositionId;
      // Compositors take hostile bytes: what they say is theirs is looked for where it was asked for, and nowhere else.
      const folder = join(recordingsDir, recordingId, FILES);
      const stray = artifacts.find(({ path }) => dirname(resolve(path)) !== resolve(folder));
      if (stray) throw new Error(`A compositor says that a file lies at "${stray.path}", outside "${folder}".`);
      const taken = await transaction(catalog, async (trx) => {
        if (!(await finishComposition(trx, { id, fence }, { status: 'done' }))) return false;
        const files: FileRow[] = [];
        for (const [index, artifact] of artifacts.entries()) {
          const file = await insertFile(trx, {
            id: fileIdOf(id, index),
            recordingId,
            compositionId: id,
            type: artifact.width === null ? 'audio' : 'video',
            path: relative(dataDir, artifact.path),
            bytes: artifact.bytes,
            durationSeconds: artifact.durationSeconds,
            width: artifact.width,
            height: artifact.height,
            format: artifact.format,
            videoBytes: artifact.videoBytes,
            offsetSeconds: artifact.offsetSeconds ?? 0,
          });
          files.push(file);
        }
        if (!again) await moveRecording(trx, recordingId, 'done', { progress: 1 });
        await deliveries?.plan(trx, { recordingId, files, again });
        return true;
      });
      if (taken) deliveries?.wake();
      // Where the lease was lost, the segments are another's now.
      if (taken) await this.#removeSegments(recordingId, compositionId);
    });
  }

  failed(compositionId: string, reason: string): Promise<void> {
    return this.#release(compositionId, async ({ recordingId, fence, again }) => {
      const { catalog, log } = this.#options;
      log.error({ compositionId, recordingId, reason }, 'A recording could not be composed.');
      const taken = await transaction(catalog, async (trx) => {
        const lease = { id: compositionId as CompositionId, fence };
        if (!(await finishComposition(trx, lease, { status: 'failed', reason }))) return false;
        if (!again) await moveRecording(trx, recordingId, 'failed', { failureReason: reason });
        return true;
      });
      if (taken) await this.#removeSegments(recordingId, compositionId);
    });
  }

  /** Nothing goes on with them: what failed is composed again from the journal. A process that is just ending may still write beside them. */
  #removeSegments(recordingId: RecordingId, compositionId: string): Promise<void> {
    const path = join(this.#options.recordingsDir, recordingId, compositionId);
    return rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** The coordinator is through with it. Should the database refuse now, `resume` hands it out again: its segments are still there. */
  #release(compositionId: string, record: (held: Held) => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#held.get(compositionId);
      if (!held) return;
      this.#held.delete(compositionId);
      await record(held);
    });
  }

  async #handOut(recording: RecordingRow, composition: CompositionRow, stage: JournalStage): Promise<void> {
    const { catalog } = this.#options;
    // What is merged of finished files needs no journal.
    const journalDir = recording.journal_dir ?? (recording.kind === 'merge' ? '' : null);
    if (journalDir === null) return;
    const leased = await leaseComposition(catalog, composition.id, new Date(Date.now() + LEASE_MS));
    if (!leased) return;
    this.#held.set(composition.id, {
      recordingId: recording.id,
      again: composition.request !== null,
      fence: leased.fence,
    });
    try {
      await this.#start(recording, composition, journalDir, stage);
    } catch (error) {
      // Nobody works on it: `resume` tries again.
      this.#held.delete(composition.id);
      throw error;
    }
  }

  async #start(
    recording: RecordingRow,
    composition: CompositionRow,
    journalDir: string,
    stage: JournalStage,
  ): Promise<void> {
    const { catalog, composer, dataDir, recordingsDir } = this.#options;
    const folder = join(recordingsDir, recording.id);
    const canvas = composition.request ? requestedCanvas(composition.request) : canvasConfig(recording.config);
    const purged = (await purgesOf(catalog, [recording.id])).map((purge) => purge.participant_id);
    await mkdir(join(folder, FILES), { recursive: true, mode: 0o700 });
    await composer.start({
      compositionId: composition.id,
      recordingId: recording.id,
      journalDir,
      directory: join(folder, composition.id),
      artifactPath: join(folder, FILES, composition.id),
      config: {
        ...canvas,
        ...compositeConfig(recording, folder),
        // Whoever was purged is in nothing that is made from then on, whatever was asked for.
        ...(purged.length > 0 && { excludeParticipants: [...(canvas.excludeParticipants ?? []), ...purged] }),
      },
      ...copyOrder(recording, dataDir),
      createdAtMs: (composition.request ? composition : recording).created_at.getTime(),
      finished: stage !== 'live',
    });
  }
}
