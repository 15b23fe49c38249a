/**
 * The recordings' compositions: from row to compositor and back to file. A composition is leased before it is handed out; what is
 * reported under an older fence changes nothing, so two servers that both believe in a composition cannot both finish it.
 *
 * The finished file's id is its composition's: a server that dies between the file's rename and its row finds the same name again.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Catalog, type CompositionRow, type RecordingRow, transaction } from '../catalog/catalog.ts';
import {
  cancelCompositions,
  compositionsOf,
  finishComposition,
  leaseComposition,
  reportComposition,
} from '../catalog/compositions.ts';
import { insertFile } from '../catalog/files.ts';
import { moveRecording, recordingsIn, setProgress } from '../catalog/recordings.ts';
import type { CompositionId, FileId, RecordingId } from '../domain/ids.ts';
import type { Logger } from '../support/log.ts';
import { canvasConfig } from './canvas-config.ts';
import type { Artifact, Composer } from './ports.ts';

/** A server that has not reported for this long may be succeeded by another. Progress comes each 4.3 s of media. */
const LEASE_MS = 60_000;

/** Where the recording stands: still written; its stop record is in the journal; its journal ends without one. */
export type JournalStage = 'live' | 'stop-recorded' | 'journal-ended';

export interface CompositionsOptions {
  readonly catalog: Catalog;
  readonly composer: Composer;
  /** Stored paths are relative to it. */
  readonly dataDir: string;
  readonly recordingsDir: string;
  readonly log: Logger;
}

interface Held {
  readonly recordingId: RecordingId;
  readonly fence: number;
}

export class Compositions {
  readonly #options: CompositionsOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: CompositionsOptions) {
    this.#options = options;
  }

  /** Hands the recording's unfinished compositions out, or tells those who have them how the journal stands now. */
  async follow(recording: RecordingRow, stage: JournalStage): Promise<void> {
    const { catalog, composer } = this.#options;
    for (const composition of await compositionsOf(catalog, recording.id)) {
      if (composition.status !== 'queued' && composition.status !== 'running') continue;
      if (!this.#held.has(composition.id)) await this.#handOut(recording, composition, stage);
      if (stage === 'stop-recorded') composer.finished(composition.id);
      if (stage === 'journal-ended') composer.journalEnded(composition.id);
    }
  }

  /** Takes up what was under way when the server ended. Once, at boot; live ones follow with `reconcile`. */
  async resume(): Promise<void> {
    for (const row of await recordingsIn(this.#options.catalog, ['recording', 'paused', 'stopping'])) {
      await this.follow(row, 'live');
    }
    for (const row of await recordingsIn(this.#options.catalog, ['composing'])) {
      await this.follow(row, row.stop_reason === 'media-process-lost' ? 'journal-ended' : 'stop-recorded');
    }
  }

  /** Drops a recording's compositions; resolves when no process works on them. */
  async cancel(recordingId: RecordingId): Promise<void> {
    const { catalog, composer } = this.#options;
    await cancelCompositions(catalog, recordingId);
    for (const { id } of await compositionsOf(catalog, recordingId)) {
      this.#held.delete(id);
      await composer.cancel(id);
    }
  }

  async progressed(compositionId: string, done: number, total: number | null): Promise<void> {
    const held = this.#held.get(compositionId);
    if (!held) return;
    const { catalog } = this.#options;
    const lease = { id: compositionId as CompositionId, fence: held.fence };
    const leaseUntil = new Date(Date.now() + LEASE_MS);
    await reportComposition(catalog, lease, { segmentsDone: done, segmentsTotal: total, leaseUntil });
    if (total !== null) await setProgress(catalog, held.recordingId, Math.min(1, done / total));
  }

  /** The artifact is in our store: the recording is done. */
  async composed(compositionId: string, artifact: Artifact): Promise<void> {
    const held = this.#held.get(compositionId);
    if (!held) return;
    const { catalog, dataDir, recordingsDir } = this.#options;
    const id = compositionId as CompositionId;
    const { recordingId, fence } = held;
    await transaction(catalog, async (trx) => {
      if (!(await finishComposition(trx, { id, fence }, { status: 'done' }))) return;
      await insertFile(trx, {
        id: compositionId as FileId,
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
      });
      await moveRecording(trx, recordingId, 'done', { progress: 1 });
    });
    this.#held.delete(compositionId);
    await rm(join(recordingsDir, recordingId, compositionId), { recursive: true, force: true });
  }

  async failed(compositionId: string, reason: string): Promise<void> {
    const held = this.#held.get(compositionId);
    if (!held) return;
    const { catalog, log } = this.#options;
    log.error({ compositionId, recordingId: held.recordingId, reason }, 'A recording could not be composed.');
    const lease = { id: compositionId as CompositionId, fence: held.fence };
    await transaction(catalog, async (trx) => {
      if (!(await finishComposition(trx, lease, { status: 'failed', reason }))) return;
      await moveRecording(trx, held.recordingId, 'failed', { failureReason: reason });
    });
    this.#held.delete(compositionId);
  }

  async #handOut(recording: RecordingRow, composition: CompositionRow, stage: JournalStage): Promise<void> {
    const { catalog, composer, recordingsDir } = this.#options;
    const journalDir = recording.journal_dir;
    if (!journalDir) return;
    const leased = await leaseComposition(catalog, composition.id, new Date(Date.now() + LEASE_MS));
    if (!leased) return;
    this.#held.set(composition.id, { recordingId: recording.id, fence: leased.fence });
    const folder = join(recordingsDir, recording.id);
    await mkdir(join(folder, 'files'), { recursive: true, mode: 0o700 });
    await composer.start({
      compositionId: composition.id,
      recordingId: recording.id,
      journalDir,
      directory: join(folder, composition.id),
      artifactPath: join(folder, 'files', composition.id),
      config: canvasConfig(recording.config),
      createdAtMs: recording.created_at.getTime(),
      finished: stage !== 'live',
    });
  }
}
