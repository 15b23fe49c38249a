/** What is told of a recording at each change of its state. */
import { type RecordingPhase, recordingEvent } from '../domain/event-types.ts';
import type { RecordingId } from '../domain/ids.ts';
import { kindOf } from '../domain/track-kind.ts';
import type { Catalog } from './database.ts';
import { appendEvent } from './events.ts';
import type { EventFile, RecordingRow } from './tables.ts';

/** Pass the transaction of the change. `row`: as it is after it. */
export const appendRecordingEvent = async (trx: Catalog, row: RecordingRow, phase: RecordingPhase): Promise<void> => {
  const type = recordingEvent(row.kind, phase);
  if (!type) return;
  await appendEvent(trx, {
    type,
    roomId: row.room_id,
    sessionId: row.session_id,
    recordingId: row.id,
    data: { ...aboutSubject(row, phase), ...aboutPhase(row, phase) },
    ...(phase === 'stopped' && { files: await ownFiles(trx, row.id) }),
  });
};

const aboutSubject = ({ subject, config }: RecordingRow, phase: RecordingPhase): Record<string, unknown> => {
  if (subject.kind === 'track') return { participantId: subject.participantId, kind: kindOf(subject.source) };
  if (subject.kind !== 'participant') return {};
  const isRunning = phase === 'starting' || phase === 'started' || phase === 'stopping';
  return { participantId: subject.participantId, ...(isRunning && { fileFormat: config.fileFormat }) };
};

const aboutPhase = (row: RecordingRow, phase: RecordingPhase): Record<string, unknown> => {
  const { kind, failure_reason: reason, stop_reason: stopReason } = row;
  if (phase === 'failed') return { reason, ...(kind === 'merge' && { message: reason }) };
  return stopReason !== null && (phase === 'stopping' || phase === 'stopped') ? { stopReason } : {};
};

/** Not those of what was composed again. In the order of their beginnings. */
const ownFiles = async (trx: Catalog, recordingId: RecordingId): Promise<EventFile[]> => {
  const rows = await trx
    .selectFrom('files')
    .leftJoin('compositions', 'compositions.id', 'files.composition_id')
    .select(['files.id', 'files.path'])
    .where('files.recording_id', '=', recordingId)
    .where('files.deleted_at', 'is', null)
    .where('compositions.request', 'is', null)
    .where('files.transcription_id', 'is', null)
    .orderBy('files.offset_seconds')
    .orderBy('files.id')
    .execute();
  return rows.map(({ id, path }) => ({ fileId: id, filePath: path }));
};
