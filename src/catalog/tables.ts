/** The tables as Kysely types; `migrations/` makes them. Column names are SQL's (snake case); rows are used as they come. */
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { DeliveryKind, DeliveryStatus, Destinations, StoredAt, Verified } from '../domain/delivery.ts';
import type {
  CompositionId,
  DeliveryId,
  FileId,
  ParticipantId,
  RecordingId,
  RoomId,
  SessionId,
  TranscriptionId,
} from '../domain/ids.ts';
import type { IncidentType } from '../domain/incidents.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import type { TrackSource } from '../domain/media.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type {
  RecordingConfig,
  RecordingKind,
  RecordingStatus,
  RecordingSubject,
  StopReason,
} from '../domain/recording.ts';

import type { AutoClose, OnFailure } from '../domain/room-rules.ts';
import type { Summary } from '../domain/summary.ts';
import type { Speaker, SpokenWord } from '../domain/transcript.ts';
import type { TranscriptFileKind, TranscriptionEngineKind, TranscriptionStatus } from '../domain/transcription.ts';

/** A pause by the wall clock, ISO 8601. Null: it lasts, or lasted to the recording's end. */
export interface WallPause {
  readonly start: string;
  readonly end: string | null;
}

/** Written as JSON text, read as the value. */
type Json<T> = ColumnType<T, string, string>;
/** Set by the database where it is not given. */
type Timestamp = ColumnType<Date, Date | undefined, Date>;

export interface RoomWebhook {
  readonly endPoint: string;
  readonly events: readonly string[];
}

export interface RoomsTable {
  auto_close: ColumnType<AutoClose | null, string | null | undefined, string | null>;
  /** Fields of a start call, as they were given. */
  auto_start: ColumnType<unknown, string | null | undefined, string | null>;
  id: string;
  room_id: RoomId;
  custom_room_id: string | null;
  disabled: Generated<boolean>;
  webhook: ColumnType<RoomWebhook | null, string | null, string | null>;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface SessionsTable {
  id: SessionId;
  room_id: RoomId;
  started_at: Date;
  ended_at: Date | null;
  /** What became of the recording that its room asks for by itself; null: nothing yet, or none is asked for. */
  auto_start: ColumnType<'started' | 'failed' | null, never, 'started' | 'failed'>;
}

/** One presence of a participant in a session: who leaves and comes back has several. */
export interface StaysTable {
  id: Generated<number>;
  session_id: SessionId;
  participant_id: ParticipantId;
  name: string;
  hidden: boolean;
  joined_at: Date;
  left_at: Date | null;
}

export interface RecordingsTable {
  id: RecordingId;
  room_id: RoomId;
  session_id: SessionId;
  status: RecordingStatus;
  config: Json<RecordingConfig>;
  kind: Generated<RecordingKind>;
  subject: ColumnType<RecordingSubject, string | undefined, never>;
  /** `subjectKey` of the subject: no two live recordings of a room and a kind have the same. */
  subject_key: string | null;
  /** Of the start record in the journal, as is `started_ns`; null until it is written. */
  started_at: Date | null;
  ended_at: Date | null;
  started_ns: SessionTimeNs | null;
  stopped_ns: SessionTimeNs | null;
  stop_reason: StopReason | null;
  failure_reason: string | null;
  /** 0…1 of composing; null before the length is known. */
  progress: number | null;
  journal_dir: string | null;
  /** In force when we were last told; null: as `config` has it. */
  layout: ColumnType<LayoutProgram | null, string | null | undefined, string | null>;
  /** In order. The last one has no end while it lasts. */
  pauses: ColumnType<readonly WallPause[], string | undefined, string>;
  /** Of `layout` and `pauses`, as the media process counts. */
  revision: Generated<number>;
  /** When it is stopped by its maximum duration. */
  due_at: Date | null;
  on_failure: ColumnType<OnFailure | null, string | null | undefined, never>;
  /** It failed, and its room is closed then; null: it has not failed. */
  room_closes_at: ColumnType<Date | null, never, Date>;
  room_closing_done: Generated<boolean>;
  /** Where its files go when it is done; null: they stay in our store. Its URL is null again once that is written as a delivery. */
  destinations: ColumnType<Destinations | null, string | null | undefined, string | null>;
  /** What the caller was told may go wrong. */
  warnings: ColumnType<readonly string[], string | undefined, string>;
  /** Called besides the room's, about this recording alone. */
  webhook_url: ColumnType<string | null, string | null | undefined, never>;
  /** Under which address the caller of the start reached us; null: nobody called. */
  base_url: ColumnType<string | null, string | null | undefined, never>;
  /** A tombstone: files and journal are gone, the row tells that it was. */
  deleted_at: Date | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** `queued → running → done | failed | cancelled`; running again under another fence after its worker died. */
export type CompositionStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** A recording composed again, otherwise. */
export interface CompositionRequest {
  readonly config: RecordingConfig;
  /** The layout was asked for: it holds from start to end, whatever changed while it was recorded. */
  readonly fixedLayout: boolean;
  readonly excludeParticipants: readonly string[];
}

export interface CompositionsTable {
  id: CompositionId;
  recording_id: RecordingId;
  /** What the compositor is told; the caller's type. */
  config: Json<unknown>;
  /** What was asked for after the recording; null: it is the recording's own. */
  request: ColumnType<CompositionRequest | null, string | null | undefined, string | null>;
  status: Generated<CompositionStatus>;
  /** Grows with every lease: a worker that was given up can't report any more. */
  fence: Generated<number>;
  attempts: Generated<number>;
  lease_until: Date | null;
  segments_total: number | null;
  segments_done: Generated<number>;
  failure_reason: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export type FileType = 'video' | 'audio' | 'text';

export interface FilesTable {
  id: FileId;
  recording_id: RecordingId;
  composition_id: CompositionId | null;
  /** Whose file it is; null: it is one of the recording's own, or of a composition. */
  transcription_id: TranscriptionId | null;
  /** What it is of the transcription's. */
  transcript_kind: TranscriptFileKind | null;
  type: FileType;
  /** Relative to the store. */
  path: string;
  bytes: number;
  duration_seconds: number;
  width: number | null;
  height: number | null;
  format: string;
  video_bytes: number;
  /** Where it begins in the recording: a recording may have several files. */
  offset_seconds: Generated<number>;
  created_at: Timestamp;
  deleted_at: Date | null;
  /** It is no longer in our store, only where it was delivered to. */
  removed_at: ColumnType<Date | null, never, Date>;
}

export interface DeliveriesTable {
  id: DeliveryId;
  recording_id: RecordingId;
  file_id: FileId;
  kind: DeliveryKind;
  /** Of a bucket. */
  object_name: string | null;
  /** Presigned, a secret; null once it is used. */
  url: string | null;
  status: Generated<DeliveryStatus>;
  /** Grows with every lease: who was given up can't report any more. */
  fence: Generated<number>;
  lease_until: Date | null;
  /** Since it was made. */
  attempts: Generated<number>;
  /** In a row, since it was made or asked for by hand. */
  failures: Generated<number>;
  /** Of the next attempt. */
  due_at: Date;
  gives_up_at: Date;
  last_error: string | null;
  /** With what an attempt goes on where the one before it ended; its meaning is the store's. */
  resume: string | null;
  stored_at: ColumnType<StoredAt | null, string | null | undefined, string | null>;
  verified: ColumnType<Verified | null, string | null | undefined, string | null>;
  done_at: Date | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** What befell a recording (`domain/incidents.ts`). */
export interface RecordingIncidentsTable {
  id: Generated<number>;
  recording_id: RecordingId;
  key: string;
  type: IncidentType;
  from_seconds: number | null;
  to_seconds: number | null;
  at: Date;
  message: string;
  participant_id: ParticipantId | null;
  source: TrackSource | null;
  created_at: Timestamp;
}

/** `waiting → composing → done | failed`; `failed` may be asked for again. */
export type PurgeStatus = 'waiting' | 'composing' | 'done' | 'failed';

/** A participant whose media is taken out of a recording. */
export interface PurgesTable {
  recording_id: RecordingId;
  participant_id: ParticipantId;
  status: Generated<PurgeStatus>;
  /** The composition without the participant whose file takes the place of the recording's. */
  composition_id: CompositionId | null;
  /** Taken out of the journal. */
  packets: Generated<number>;
  /** Other recordings of the session that still need the participant's media in the journal. */
  kept_for: ColumnType<readonly RecordingId[], string | undefined, string>;
  failure_reason: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** A file that an event tells of. Its URL is signed when somebody is told: one from back then would have expired. */
export interface EventFile {
  readonly fileId: FileId;
  /** Relative to the store. */
  readonly filePath: string;
}

/** What happened, written in the transaction that made it so. Never changed but for its position. */
export interface EventsTable {
  seq: Generated<number>;
  /** 24 hex: `webhook-id`. */
  id: string;
  type: string;
  room_id: RoomId;
  session_id: SessionId | null;
  recording_id: RecordingId | null;
  /** JSON text, byte for byte as it was made: `jsonb` would refuse halves of surrogate pairs, which names may hold. */
  data: string;
  /** JSON text of `EventFile[]`. */
  files: Generated<string>;
  /** Grows in the order of commits; null until somebody reads. */
  position: number | null;
  created_at: Timestamp;
}

/** `waiting`: to be tried at `due_at`. `gone`: the endpoint answered 410. `given-up`: tried for as long as is configured. */
export type WebhookCallStatus = 'waiting' | 'delivered' | 'gone' | 'given-up';

/** One event on its way to one endpoint. */
export interface WebhookCallsTable {
  id: Generated<number>;
  event_id: string;
  url: string;
  /** Scheme, host and port of it: those of one origin share its slots. */
  origin: string;
  url_hash: string;
  /** Hash of the URL and of what the event is about: calls of one lane go one after the other. */
  lane: string;
  /** False: it neither waits for those before it nor holds up those behind it. */
  in_order: Generated<boolean>;
  status: Generated<WebhookCallStatus>;
  attempts: Generated<number>;
  refusals: Generated<number>;
  /** The time that it may be tried for counts from here. */
  since: Date;
  /** While it is tried: when that is taken for lost. */
  due_at: Date;
  answered_at: Date | null;
  answer_status: number | null;
  answer_error: string | null;
}

/** Endpoints that answered 410 and that nobody has named since. */
export interface GoneEndpointsTable {
  url_hash: string;
  gone_at: Date;
}

/** What webhooks are signed with. The one in force is the last whose `active_from` is over. */
export interface SigningKeysTable {
  id: string;
  /** PKCS#8 PEM, RSA. */
  private_key: string;
  /** PKCS#1 PEM. */
  public_key: string;
  /** `whsec_` and base64, as the Standard Webhooks have it. */
  secret: string;
  active_from: Date;
  created_at: Timestamp;
}

/** An answer of the API, to be given again. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface IdempotencyKeysTable {
  /** Whose key it is. */
  holder: string;
  key: string;
  /** Of the request. */
  fingerprint: string;
  /** What the request makes has this id. */
  object_id: string;
  /** Null: the request is being served, or its server died. */
  answer: ColumnType<StoredAnswer | null, string | null, string | null>;
  /** Without an answer by then: whoever served it has died. */
  lease_until: Date;
  created_at: Date;
}

/** What there is to know of a summary besides its words, which are in its files. */
export type SummaryFacts = Pick<
  Summary,
  'method' | 'engine' | 'prompt' | 'promptApplied' | 'notes' | 'title' | 'usage'
>;

/** What was said in a recording: asked for with its start (`is_own`), or afterwards. */
export interface TranscriptionsTable {
  id: TranscriptionId;
  recording_id: RecordingId;
  status: Generated<TranscriptionStatus>;
  is_own: boolean;
  /** Asked for; null: whichever there is. */
  engine_kind: TranscriptionEngineKind | null;
  /** Who heard it; null until all is heard. */
  engine: string | null;
  language_wanted: string | null;
  /** Of most of the speech; null until all is heard, or unknown. */
  language: string | null;
  /** Null: no summary is wanted. */
  summary_request: ColumnType<{ readonly prompt: string | null } | null, string | null, never>;
  /** Grows with every handing out, purge and end: what was heard under an older one is not taken. */
  fence: Generated<number>;
  attempts: Generated<number>;
  /** All that began before this second of media time is written down. */
  heard_seconds: Generated<number>;
  duration_seconds: number | null;
  /** Grows with every purge: files are made again. */
  version: Generated<number>;
  /** The version whose files are there. */
  files_version: number | null;
  summary: ColumnType<SummaryFacts | null, string | null | undefined, string | null>;
  summary_attempts: Generated<number>;
  /** Of the last attempt, for callers. */
  summary_error: string | null;
  /** Of the next attempt at a summary; null: at once. */
  due_at: Date | null;
  failure_reason: string | null;
  /** Its end was told to others. */
  is_told: Generated<boolean>;
  started_at: Date | null;
  ended_at: Date | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface TranscriptSpeakersTable {
  transcription_id: TranscriptionId;
  id: Speaker['id'];
  participant_id: ParticipantId;
  kind: Speaker['kind'];
  /** The last that was told. */
  name: string;
}

export interface UtterancesTable {
  /** In the order in which they were written down. */
  seq: Generated<number>;
  transcription_id: TranscriptionId;
  speaker_id: Speaker['id'];
  start_seconds: number;
  end_seconds: number;
  text: string;
  /** `text` as it is searched: `foldedForSearch`. */
  folded: string;
  language: string | null;
  words: ColumnType<readonly SpokenWord[] | null, string | null, never>;
}

export interface Tables {
  transcriptions: TranscriptionsTable;
  transcript_speakers: TranscriptSpeakersTable;
  utterances: UtterancesTable;
  rooms: RoomsTable;
  sessions: SessionsTable;
  stays: StaysTable;
  recordings: RecordingsTable;
  compositions: CompositionsTable;
  files: FilesTable;
  recording_incidents: RecordingIncidentsTable;
  deliveries: DeliveriesTable;
  purges: PurgesTable;
  events: EventsTable;
  webhook_calls: WebhookCallsTable;
  gone_endpoints: GoneEndpointsTable;
  signing_keys: SigningKeysTable;
  idempotency_keys: IdempotencyKeysTable;
}

export type RoomRow = Selectable<RoomsTable>;
export type SessionRow = Selectable<SessionsTable>;
export type StayRow = Selectable<StaysTable>;
export type RecordingRow = Selectable<RecordingsTable>;
export type CompositionRow = Selectable<CompositionsTable>;
export type FileRow = Selectable<FilesTable>;
export type IncidentRow = Selectable<RecordingIncidentsTable>;
export type PurgeRow = Selectable<PurgesTable>;
export type DeliveryRow = Selectable<DeliveriesTable>;
export type EventRow = Selectable<EventsTable>;
export type WebhookCallRow = Selectable<WebhookCallsTable>;
export type SigningKeyRow = Selectable<SigningKeysTable>;
export type TranscriptionRow = Selectable<TranscriptionsTable>;
export type TranscriptSpeakerRow = Selectable<TranscriptSpeakersTable>;
export type UtteranceRow = Selectable<UtterancesTable>;
