/** What the API needs, satisfied by the catalog, the workflow and the media process. */
import type { Stats } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type {
  CompositionView,
  DeliveryView,
  FilesPort,
  FileView,
  IncidentView,
  ParticipantTimes,
  PurgeView,
  RecordingsPort,
  RecordingView,
  RoomsPort,
  RoomView,
  SessionsPort,
  SessionView,
  SubjectName,
  SubjectRequest,
} from '../api/ports.ts';
import type {
  Catalog,
  CompositionRow,
  DeliveryRow,
  FileRow,
  IncidentRow,
  PurgeRow,
  RecordingRow,
  RoomRow,
} from '../catalog/catalog.ts';
import { compositionsAgainOf } from '../catalog/compositions.ts';
import { bucketCopyOf, deliveriesOf } from '../catalog/deliveries.ts';
import { filesOf, findFile } from '../catalog/files.ts';
import { incidentsOf } from '../catalog/incidents.ts';
import { purgesOf } from '../catalog/purges.ts';
import { findRecording, listRecordings } from '../catalog/recordings.ts';
import { createRoom, disableRoom, findRoom, listRooms } from '../catalog/rooms.ts';
import { findSession, listSessions, type SessionOfRoom, staysOf } from '../catalog/sessions.ts';
import { callsOfRecordings } from '../catalog/webhook-calls.ts';
import type { ObjectStore, Reach } from '../delivery/object-store.ts';
import { contentTypeOf, extensionOf } from '../domain/content-type.ts';
import { type StoredAt, withoutQuery } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { DeliveryId, FileId, ParticipantId, RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import { END_MISSING, earlyEnd } from '../domain/incidents.ts';
import type { ChosenParticipant, RecordingSubject } from '../domain/recording.ts';
import type { RecordingChanges } from '../recordings/changes.ts';
import type { ComposingAgain } from '../recordings/composing-again.ts';
import type { Deliveries } from '../recordings/deliveries.ts';
import type { Merges } from '../recordings/merges.ts';
import type { MediaControl } from '../recordings/ports.ts';
import type { Purges } from '../recordings/purges.ts';
import type { RecordingWorkflow, SubjectOf } from '../recordings/workflow.ts';
import { newHexId, newRoomId } from '../support/new-id.ts';
import { webhookCallView } from './webhook-ports.ts';

const roomView = (row: RoomRow): RoomView => ({
  id: row.id,
  roomId: row.room_id,
  customRoomId: row.custom_room_id,
  disabled: row.disabled,
  webhook: row.webhook,
  autoClose: row.auto_close,
  recordsItself: row.auto_start !== null,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const roomNotFound = (id: string): RoomtapeError => new RoomtapeError('ROOM_NOT_FOUND', `There is no room "${id}".`);

export const roomsPort = (catalog: Catalog, media: MediaControl): RoomsPort => ({
  create: async ({ customRoomId, webhook = null, autoClose = null, autoStart = null, id = newHexId() }) => {
    const room = { id, roomId: newRoomId<RoomId>(), customRoomId, webhook, autoClose, autoStart };
    return roomView(await createRoom(catalog, room));
  },
  list: async (request) => {
    const { items, total } = await listRooms(catalog, request);
    return { items: items.map(roomView), total };
  },
  find: async (id) => {
    const row = await findRoom(catalog, id);
    return row && roomView(row);
  },
  deactivate: async (id) => {
    const room = await findRoom(catalog, id);
    const disabled = room && (await disableRoom(catalog, room.room_id));
    if (!disabled) throw roomNotFound(id);
    await media.endSession(disabled.room_id, 'room-deactivated');
    return roomView(disabled);
  },
});

export const sessionsPort = (catalog: Catalog, media: MediaControl): SessionsPort => {
  const views = async (rows: readonly SessionOfRoom[]): Promise<SessionView[]> => {
    const stays = await staysOf(
      catalog,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => {
      const participants = new Map<string, ParticipantTimes & { stays: { start: Date; end: Date | null }[] }>();
      for (const stay of stays) {
        if (stay.session_id !== row.id || stay.hidden) continue;
        const { participant_id: participantId, name } = stay;
        const known = participants.get(participantId) ?? { participantId, name, stays: [] };
        known.stays.push({ start: stay.joined_at, end: stay.left_at });
        participants.set(participantId, known);
      }
      return {
        id: row.id,
        roomId: row.room_id,
        customRoomId: row.custom_room_id,
        status: row.ended_at ? 'ended' : 'ongoing',
        start: row.started_at,
        end: row.ended_at,
        participants: [...participants.values()],
      };
    });
  };
  const find = async (sessionId: string): Promise<SessionView | null> => {
    const row = await findSession(catalog, sessionId as SessionId);
    return row ? ((await views([row]))[0] ?? null) : null;
  };
  /** The running session of a room, which must be the one named, if one is. */
  const running = async (roomId: string, sessionId: string | null): Promise<{ roomId: string; sessionId: string }> => {
    const room = await findRoom(catalog, roomId);
    if (!room) throw roomNotFound(roomId);
    const session = await media.sessionOf(room.room_id);
    if (sessionId !== null && sessionId !== session?.sessionId && !(await find(sessionId))) {
      throw new RoomtapeError('SESSION_NOT_FOUND', `There is no session "${sessionId}".`);
    }
    if (!session || (sessionId !== null && sessionId !== session.sessionId)) {
      throw new RoomtapeError('NO_ACTIVE_SESSION', 'That session is not running.');
    }
    return session;
  };
  return {
    list: async (request) => {
      const { items, total } = await listSessions(catalog, request);
      return { items: await views(items), total };
    },
    find,
    end: async ({ roomId, sessionId }) => {
      const session = await running(roomId, sessionId);
      await media.endSession(session.roomId, 'room-closed');
      const ended = await find(session.sessionId);
      if (!ended) throw new RoomtapeError('SESSION_NOT_FOUND', `There is no session "${session.sessionId}".`);
      return ended.status === 'ended' ? ended : { ...ended, status: 'ended', end: new Date() };
    },
    removeParticipant: async ({ roomId, participantId, sessionId }) => {
      const session = await running(roomId, sessionId);
      if (!(await media.removeParticipant(session.roomId, participantId))) {
        throw new RoomtapeError('PARTICIPANT_NOT_FOUND', `Nobody with the id "${participantId}" is in the room.`);
      }
    },
  };
};

/** Where the file was delivered to: a bucket says more than a URL. */
const storageOf = (row: FileRow, deliveries: readonly DeliveryRow[]): StoredAt | null => {
  const done = deliveries.filter(({ file_id: id, status }) => id === row.id && status === 'done');
  return (done.find(({ kind }) => kind === 'bucket') ?? done[0])?.stored_at ?? null;
};

const fileView = (row: FileRow, deliveries: readonly DeliveryRow[] = []): FileView => ({
  id: row.id,
  type: row.type === 'audio' ? 'audio' : 'video',
  filePath: (row.removed_at && storageOf(row, deliveries)?.path) || row.path,
  userStorage: storageOf(row, deliveries),
  bytes: row.bytes,
  durationSeconds: row.duration_seconds,
  width: row.width,
  height: row.height,
  format: row.format,
  offsetSeconds: row.offset_seconds,
  createdAt: row.created_at,
});

/** Who is meant must be there; his name is kept with the recording. */
const subjectIn =
  (asked: SubjectRequest): SubjectOf =>
  ({ participants }): RecordingSubject => {
    if (asked.kind === 'composite') {
      const watermarks = asked.watermarks.map((one, i) => ({ ...one, image: one.image && watermarkName(i) }));
      return { ...asked, participants: asked.participants as readonly ChosenParticipant[], watermarks };
    }
    const found = participants.find(({ participantId }) => participantId === asked.participantId);
    if (!found) {
      throw new RoomtapeError('PARTICIPANT_NOT_FOUND', `Nobody with the id "${asked.participantId}" is in the room.`);
    }
    return { ...asked, participantId: found.participantId as ParticipantId, participantName: found.name };
  };

const watermarkName = (index: number): string => `watermark-${index}`;

/** Watermarks are kept with the recording: its files stay a function of what is on disk. */
const keepWatermarks =
  (asked: SubjectRequest) =>
  async (folder: string): Promise<void> => {
    for (const [i, { image }] of asked.kind === 'composite' ? asked.watermarks.entries() : []) {
      if (image) await writeFile(join(folder, watermarkName(i)), image, { mode: 0o600 });
    }
  };

const keyOf = (name: SubjectName): string => {
  if (name.kind === 'composite') return '';
  return name.kind === 'track' ? `${name.participantId}/${name.source}` : name.participantId;
};

const COMPOSITION_STATUS = {
  queued: 'queued',
  running: 'composing',
  done: 'done',
  failed: 'failed',
  cancelled: 'failed',
} as const satisfies Record<CompositionRow['status'], CompositionView['status']>;

const deliveryView = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  recordingId: row.recording_id,
  fileId: row.file_id,
  kind: row.kind,
  status: row.status === 'cancelled' ? 'failed' : row.status,
  destination: row.object_name ?? row.stored_at?.url ?? withoutQuery(row.url ?? ''),
  attempts: row.attempts,
  lastError: row.last_error,
  nextAttemptAt: row.status === 'queued' ? row.due_at : null,
  givesUpAt: row.gives_up_at,
  storedAt: row.stored_at,
  verified: row.verified,
  deliveredAt: row.done_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** Null: it is a recording's own. */
const compositionView = (
  row: CompositionRow,
  files: readonly FileRow[],
  deliveries: readonly DeliveryRow[] = [],
): CompositionView | null => {
  if (!row.request) return null;
  const file = row.status === 'done' && files.find((candidate) => candidate.composition_id === row.id);
  const { segments_done: done, segments_total: total } = row;
  return {
    id: row.id,
    recordingId: row.recording_id,
    status: COMPOSITION_STATUS[row.status],
    progress: row.status === 'done' ? 1 : total === null ? null : Math.min(1, done / total),
    failureReason: row.failure_reason,
    request: row.request,
    file: file ? fileView(file, deliveries) : null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
};

const incidentView = (row: IncidentRow): IncidentView => ({
  type: row.type,
  at: row.at,
  from: row.from_seconds,
  to: row.to_seconds,
  participantId: row.participant_id,
  source: row.source,
  message: row.message,
});

/** Where the recording says why it ended early, that its journal lacks the end is no news. */
const incidentViews = (row: RecordingRow, incidents: readonly IncidentRow[]): IncidentView[] => {
  const early = earlyEndOf(row);
  const others = early.length > 0 ? incidents.filter(({ key }) => key !== END_MISSING) : incidents;
  return [...others.map(incidentView), ...early];
};

/** Needs no row of its own: the recording says it. */
const earlyEndOf = ({ stop_reason, ended_at, updated_at }: RecordingRow): IncidentView[] => {
  const at = ended_at ?? updated_at;
  const end = earlyEnd(stop_reason, at.getTime());
  if (!end) return [];
  const { type, message } = end;
  return [{ type, at, from: null, to: null, participantId: null, source: null, message }];
};

const purgeView = (row: PurgeRow): PurgeView => ({
  participantId: row.participant_id,
  status: row.status,
  packets: row.packets,
  keptFor: row.kept_for,
  failureReason: row.failure_reason,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const recordingsPort = (
  catalog: Catalog,
  workflow: RecordingWorkflow,
  changes: RecordingChanges,
  again: ComposingAgain,
  merges: Merges,
  purges: Purges,
  deliveries: Deliveries,
  /** Something may have happened that others are to be told of. */
  told: () => void,
): RecordingsPort => {
  const views = async (rows: readonly RecordingRow[]): Promise<RecordingView[]> => {
    const ids = rows.map(({ id }) => id);
    const purged = await purgesOf(catalog, ids);
    // What was made anew without somebody is the recording's own.
    const anew = new Set(purged.map(({ composition_id: id }) => id));
    const again = (await compositionsAgainOf(catalog, ids)).filter(({ id }) => !anew.has(id));
    // Read after what they are files of: who is done has one, and who was not done when read may have one by now, which is not told yet.
    const files = await filesOf(catalog, ids);
    const incidents = await incidentsOf(catalog, ids);
    const sent = await deliveriesOf(catalog, ids);
    const made = new Set<string | null>(again.map(({ id }) => id));
    const calls = await callsOfRecordings(catalog, ids);
    return rows.map((row) => {
      const own = (row.status === 'done' ? files : [])
        .filter((candidate) => candidate.recording_id === row.id && !made.has(candidate.composition_id))
        .sort((a, b) => a.offset_seconds - b.offset_seconds)
        .map((file) => fileView(file, sent));
      return {
        id: row.id,
        roomId: row.room_id,
        sessionId: row.session_id,
        status: row.status,
        progress: row.progress,
        failureReason: row.failure_reason,
        stopReason: row.stop_reason,
        config: row.layout ? { ...row.config, layout: row.layout } : row.config,
        startedWith: row.config,
        compositions: again
          .filter(({ recording_id }) => recording_id === row.id)
          .flatMap((composition) => compositionView(composition, files, sent) ?? []),
        incidents: incidentViews(
          row,
          incidents.filter(({ recording_id }) => recording_id === row.id),
        ),
        start: row.started_at,
        end: row.ended_at,
        pauses: row.pauses.map(({ start, end }) => ({
          start: new Date(start),
          end: end ? new Date(end) : row.ended_at,
        })),
        subject: row.subject,
        purges: purged.filter((purge) => purge.recording_id === row.id).map(purgeView),
        file: own[0] ?? null,
        files: own,
        deliveries: sent.filter(({ recording_id }) => recording_id === row.id).map(deliveryView),
        warnings: row.warnings,
        webhooks: calls.filter(({ recording_id }) => recording_id === row.id).map(webhookCallView),
        createdAt: row.created_at,
        updatedAt: row.updated_at,
      };
    });
  };
  const view = async (row: RecordingRow): Promise<RecordingView> => {
    const [only] = await views([row]);
    if (!only) throw new Error(`The recording "${row.id}" has no view.`);
    return only;
  };
  return {
    start: async ({ subject, ...options }) => {
      const about = subject && { subject: subjectIn(subject), prepare: keepWatermarks(subject) };
      return view(await workflow.start({ ...options, ...about }).finally(told));
    },
    stop: async ({ subject, ...options }) => {
      const which = subject && { subject: { kind: subject.kind, key: keyOf(subject) } };
      return view(await workflow.stop({ ...options, ...which, reason: 'requested' }).finally(told));
    },
    merge: async (request) => view(await merges.create(request)),
    list: async (request) => {
      const { items, total } = await listRecordings(catalog, request);
      return { items: await views(items), total };
    },
    find: async (id) => {
      const row = await findRecording(catalog, id as RecordingId);
      return row && view(row);
    },
    changeLayout: async (id, change) => view(await changes.changeLayout(id, change)),
    pause: async (id) => view(await changes.pause(id)),
    resume: async (id) => view(await changes.resume(id)),
    compose: async (id, request, newId) => {
      const composed = compositionView(await again.compose(id, request, newId), []);
      if (!composed) throw new Error('What was asked for is not in the row.');
      return composed;
    },
    purge: async (id, participantId) => purgeView(await purges.ask(id, participantId)),
    retryDelivery: async (id, deliveryId, url) =>
      deliveryView(await deliveries.retry(id as RecordingId, deliveryId as DeliveryId, url)),
    delete: (id) => workflow.delete(id).finally(told),
  };
};

/** The bucket, as far as files are read from it. */
type Bucket = Pick<ObjectStore, 'reach'>;

const isThere = (path: string): Promise<Stats | null> =>
  stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });

export const filesPort = (catalog: Catalog, dataDir: string, bucket: Bucket | null): FilesPort => {
  const reach = async (row: FileRow, method: 'GET' | 'HEAD', disposition: string): Promise<Reach | null> => {
    if (!bucket) return null;
    const copy = await bucketCopyOf(catalog, row.id);
    if (!copy?.stored_at) return null;
    return bucket.reach(copy.stored_at, { method, contentType: contentTypeOf(row.path, row.type), disposition });
  };
  return {
    locate: async (fileId) => {
      const row = await findFile(catalog, fileId as FileId);
      if (!row) return null;
      const [contentType, name] = [contentTypeOf(row.path, row.type), basename(row.path)];
      const path = join(dataDir, row.path);
      const here = await isThere(path);
      if (here) return { path, bytes: here.size, contentType, name };
      const copy = await reach(row, 'GET', 'inline');
      const there = copy?.kind === 'path' ? await isThere(copy.path) : null;
      return copy?.kind === 'path' && there ? { path: copy.path, bytes: there.size, contentType, name } : null;
    },
    elsewhere: async (fileId, method, disposition) => {
      const row = await findFile(catalog, fileId as FileId);
      if (!row) return null;
      const name = row.type === 'text' ? basename(row.path) : `${row.recording_id}${extensionOf(row.path)}`;
      const copy = await reach(row, method, `${disposition}; filename="${name}"`);
      return copy?.kind === 'url' ? copy.url : null;
    },
  };
};
