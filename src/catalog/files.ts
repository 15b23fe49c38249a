/** Queries about finished files. */
import type { CompositionId, FileId, RecordingId, TranscriptionId } from '../domain/ids.ts';
import type { TranscriptFileKind } from '../domain/transcription.ts';
import type { Catalog } from './database.ts';
import type { FileRow, FileType } from './tables.ts';

export const insertFile = (
  catalog: Catalog,
  file: {
    id: FileId;
    recordingId: RecordingId;
    compositionId: CompositionId | null;
    /** It is this file of a transcription. */
    transcript?: { readonly id: TranscriptionId; readonly kind: TranscriptFileKind };
    type: FileType;
    /** Relative to the store. */
    path: string;
    bytes: number;
    durationSeconds: number;
    width: number | null;
    height: number | null;
    format: string;
    videoBytes: number;
    offsetSeconds?: number;
  },
): Promise<FileRow> =>
  catalog
    .insertInto('files')
    .values({
      id: file.id,
      recording_id: file.recordingId,
      composition_id: file.compositionId,
      transcription_id: file.transcript?.id ?? null,
      transcript_kind: file.transcript?.kind ?? null,
      type: file.type,
      path: file.path,
      bytes: file.bytes,
      duration_seconds: file.durationSeconds,
      width: file.width,
      height: file.height,
      format: file.format,
      video_bytes: file.videoBytes,
      offset_seconds: file.offsetSeconds ?? 0,
    })
    .returningAll()
    .executeTakeFirstOrThrow();

/** One that is not deleted. */
export const findFile = async (catalog: Catalog, fileId: FileId): Promise<FileRow | null> => {
  const row = await catalog
    .selectFrom('files')
    .selectAll()
    .where('id', '=', fileId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
};

/** Video and sound of these recordings, oldest first; deleted ones are left out. */
export const filesOf = async (catalog: Catalog, recordingIds: readonly RecordingId[]): Promise<FileRow[]> => {
  if (recordingIds.length === 0) return [];
  return await catalog
    .selectFrom('files')
    .selectAll()
    .where('recording_id', 'in', recordingIds)
    .where('transcription_id', 'is', null)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
};

/** Of these transcriptions; deleted ones are left out. */
export const transcriptFilesOf = async (catalog: Catalog, ids: readonly TranscriptionId[]): Promise<FileRow[]> => {
  if (ids.length === 0) return [];
  return await catalog
    .selectFrom('files')
    .selectAll()
    .where('transcription_id', 'in', ids)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
};

/**
 * Finished files that were made before then, oldest first, unless something is being made of them. Files that are delivered anywhere are
 * not among them: how long those stay here is another setting's.
 */
export const filesMadeBefore = (catalog: Catalog, before: Date, limit: number): Promise<FileRow[]> =>
  catalog
    .selectFrom('files')
    .innerJoin('recordings', 'recordings.id', 'files.recording_id')
    .selectAll('files')
    .where('files.deleted_at', 'is', null)
    .where('files.created_at', '<', before)
    .where('recordings.status', 'in', ['done', 'failed'])
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('deliveries').select('deliveries.id').whereRef('deliveries.file_id', '=', 'files.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('recordings as merge')
            .select('merge.id')
            .whereRef('merge.session_id', '=', 'recordings.session_id')
            .where('merge.kind', '=', 'merge')
            .where('merge.status', '=', 'composing'),
        ),
      ),
    )
    .orderBy('files.created_at')
    .limit(limit)
    .execute();

/** A tombstone for one file. The caller has erased it. */
export const markFileDeleted = async (catalog: Catalog, fileId: FileId, deletedAt: Date): Promise<void> => {
  await catalog
    .updateTable('files')
    .set({ deleted_at: deletedAt })
    .where('id', '=', fileId)
    .where('deleted_at', 'is', null)
    .execute();
};

/** How many files are kept, and how large they are together. */
export const filesKept = async (catalog: Catalog): Promise<{ files: number; bytes: number }> => {
  const row = await catalog
    .selectFrom('files')
    .select(({ fn }) => [fn.countAll<number>().as('files'), fn.sum<number | null>('bytes').as('bytes')])
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return { files: row.files, bytes: Number(row.bytes ?? 0) };
};

/** Tombstones for all files of a recording. Answers those that had none yet, so that the caller erases them. */
export const markFilesDeleted = (catalog: Catalog, recordingId: RecordingId, deletedAt: Date): Promise<FileRow[]> =>
  catalog
    .updateTable('files')
    .set({ deleted_at: deletedAt })
    .where('recording_id', '=', recordingId)
    .where('deleted_at', 'is', null)
    .returningAll()
    .execute();

/** As `markFilesDeleted`, but for files of transcriptions, which stay. */
export const markMediaDeleted = async (catalog: Catalog, recordingId: RecordingId, deletedAt: Date): Promise<void> => {
  await catalog
    .updateTable('files')
    .set({ deleted_at: deletedAt })
    .where('recording_id', '=', recordingId)
    .where('transcription_id', 'is', null)
    .where('deleted_at', 'is', null)
    .execute();
};
