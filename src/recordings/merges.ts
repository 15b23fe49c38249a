/**
 * Merges: the sound of finished recordings of one session, some on the left, some on the right. A merge is a row like a recording's, which
 * begins with composing: it needs no room, no media process and no journal, only files.
 */
import { type Catalog, type RecordingRow, transaction } from '../catalog/catalog.ts';
import { insertComposition } from '../catalog/compositions.ts';
import { filesOf } from '../catalog/files.ts';
import { findRecording, individualRecordingsOf, insertRecording, moveRecording } from '../catalog/recordings.ts';
import { findSession } from '../catalog/sessions.ts';
import type { Destinations } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { CompositionId, ParticipantId, RecordingId, SessionId } from '../domain/ids.ts';
import { NS_PER_S } from '../domain/media-time.ts';
import type { MergedFile, MergedRecording, RecordingConfig } from '../domain/recording.ts';
import { newHexId } from '../support/new-id.ts';
import type { Compositions } from './compositions.ts';

/** Whose sound; of which recording is found out where it is not said. */
export interface MergeSource {
  readonly participantId: string;
  readonly recordingId: string | null;
  readonly type: 'participant' | 'track' | null;
}

export interface MergeRequest {
  readonly sessionId: string;
  readonly channel1: readonly MergeSource[];
  readonly channel2: readonly MergeSource[];
  /** Of the merge. */
  readonly id?: string | undefined;
  /** Where its file goes; nowhere else than our store if it is left out. */
  readonly destinations?: Destinations;
  /** Told of its end, besides the room's endpoint. */
  readonly webhookUrl?: string | undefined;
  /** With what the URL of its file begins in what others are told. */
  readonly baseUrl?: string | undefined;
}

/** Nothing of a recording's configuration matters to a merge. */
const CONFIG: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 1 },
  theme: 'DEFAULT',
  mode: 'audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
};

const holdsSound = ({ subject }: RecordingRow): boolean =>
  subject.kind === 'participant' ||
  (subject.kind === 'track' && (subject.source === 'microphone' || subject.source === 'screen-audio'));

/** The recording that is named, or the first that fits: the participant's own before his tracks. */
const choose = (rows: readonly RecordingRow[], source: MergeSource): RecordingRow => {
  const { participantId, recordingId, type } = source;
  const named = recordingId === null ? 'no recording with sound' : `no recording "${recordingId}" with sound`;
  const fitting = rows
    .filter((row) => holdsSound(row) && (type === null || row.kind === type))
    .filter((row) => (recordingId === null ? row.status !== 'failed' : row.id === recordingId))
    .sort((a, b) => Number(a.kind === 'track') - Number(b.kind === 'track'));
  const row = fitting.find(({ status }) => status === 'done') ?? fitting[0];
  if (!row) {
    throw new RoomtapeError('RECORDING_NOT_FOUND', `There is ${named} of "${participantId}" in this session.`);
  }
  if (row.status === 'done') return row;
  if (row.status === 'failed') {
    throw new RoomtapeError(
      'RECORDING_NOT_FOUND',
      `The recording "${row.id}" failed: there is nothing to merge in it.`,
    );
  }
  throw new RoomtapeError('RECORDING_NOT_DONE', `The recording "${row.id}" is not done yet: try again when it is.`);
};

export class Merges {
  readonly #catalog: Catalog;
  readonly #compositions: Compositions;

  constructor(catalog: Catalog, compositions: Compositions) {
    this.#catalog = catalog;
    this.#compositions = compositions;
  }

  /** Begins a merge; one whose id is there already is answered as it is. SESSION_NOT_FOUND, RECORDING_NOT_FOUND, RECORDING_NOT_DONE. */
  async create(request: MergeRequest): Promise<RecordingRow> {
    const earlier = request.id === undefined ? null : await findRecording(this.#catalog, request.id as RecordingId);
    if (earlier) return earlier;
    const session = await findSession(this.#catalog, request.sessionId as SessionId);
    if (!session) {
      throw new RoomtapeError('SESSION_NOT_FOUND', `There is no session "${request.sessionId}".`);
    }
    const channel1 = await this.#chosen(session.id, request.channel1);
    const channel2 = await this.#chosen(session.id, request.channel2);
    const inputs = await this.#inputs(channel1, channel2);
    const named = (rows: readonly RecordingRow[]): MergedRecording[] =>
      rows.map(({ id, subject }) => {
        const participantId = 'participantId' in subject ? subject.participantId : ('' as ParticipantId);
        return { participantId, recordingId: id };
      });
    const subject = { kind: 'merge', channel1: named(channel1), channel2: named(channel2), inputs } as const;
    const id = (request.id as RecordingId | undefined) ?? newHexId<RecordingId>();
    const row = await transaction(this.#catalog, async (trx) => {
      const { destinations = null } = request;
      const place = { id, roomId: session.room_id, sessionId: session.id };
      const { webhookUrl, baseUrl } = request;
      const told = { webhookUrl, baseUrl };
      await insertRecording(trx, { ...place, config: CONFIG, subject, dueAt: null, destinations, ...told });
      await insertComposition(trx, { id: newHexId<CompositionId>(), recordingId: id, config: { kind: 'merge' } });
      return moveRecording(trx, id, 'composing', { startedAt: new Date() });
    });
    if (!row) throw new Error(`The merge "${id}" could not be begun.`);
    this.#compositions.follow(row, 'stop-recorded');
    return row;
  }

  async #chosen(sessionId: SessionId, sources: readonly MergeSource[]): Promise<RecordingRow[]> {
    const rows: RecordingRow[] = [];
    for (const source of sources) {
      const participantId = source.participantId as ParticipantId;
      rows.push(choose(await individualRecordingsOf(this.#catalog, sessionId, participantId), source));
    }
    return rows;
  }

  /** The files of both sides, on an axis that begins with the first of them. RECORDING_NOT_FOUND if there is none. */
  async #inputs(left: readonly RecordingRow[], right: readonly RecordingRow[]): Promise<MergedFile[]> {
    const sides = [
      ...left.map((row) => ({ row, channel: 'left' }) as const),
      ...right.map((row) => ({ row, channel: 'right' }) as const),
    ];
    const files = await filesOf(
      this.#catalog,
      sides.map(({ row }) => row.id),
    );
    const removed = files.find(({ removed_at: removedAt }) => removedAt);
    if (removed) {
      const text = `The sound of the recording "${removed.recording_id}" is only in the bucket (ROOMTAPE_KEEP_LOCAL is off).`;
      throw new RoomtapeError('FILE_NOT_FOUND', text);
    }
    const placed = sides.flatMap(({ row, channel }) =>
      files
        .filter((file) => file.recording_id === row.id)
        .sort((a, b) => a.offset_seconds - b.offset_seconds)
        .map(({ path, offset_seconds: offset }) => {
          return { path, channel, sessionSeconds: (row.started_ns ?? 0) / NS_PER_S + offset };
        }),
    );
    if (placed.length === 0) {
      throw new RoomtapeError('RECORDING_NOT_FOUND', 'None of these recordings holds any sound: nothing was ever on.');
    }
    const first = Math.min(...placed.map(({ sessionSeconds }) => sessionSeconds));
    return placed.map(({ path, channel, sessionSeconds }) => ({
      path,
      channel,
      offsetSeconds: sessionSeconds - first,
    }));
  }
}
