/**
 * What the HTTP API needs of the system. It declares these interfaces; `processes/server.ts` satisfies them with the workflow, the
 * catalog and the media process. Refusals are `RoomtapeError`s of the catalogue; everything else that is thrown is a bug (500).
 */

import type { DeliveryKind, Destinations, StoredAt, Verified } from '../domain/delivery.ts';
import type { IncidentType } from '../domain/incidents.ts';
import type { LayoutChange } from '../domain/layout-change.ts';
import type { TrackSource } from '../domain/media.ts';
import type {
  RecordingConfig,
  RecordingKind,
  RecordingStatus,
  RecordingSubject,
  StopReason,
  Watermark,
} from '../domain/recording.ts';

import type { AutoClose, OnFailure } from '../domain/room-rules.ts';
import type { Summary } from '../domain/summary.ts';
import type { Speaker, SpokenWord, Utterance } from '../domain/transcript.ts';
import type {
  TranscriptFileKind,
  TranscriptionProblem,
  TranscriptionRequest,
  TranscriptionStatus,
} from '../domain/transcription.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}
/** `page` counts from 1. */
export interface PageRequest {
  readonly page: number;
  readonly perPage: number;
}

export interface RoomWebhook {
  readonly endPoint: string;
  readonly events: readonly string[];
}

/** What is made gets this id; where it is there already, made by an earlier run of the same request, it is answered as it is. */
export interface NewId {
  readonly id?: string | undefined;
}

export interface RoomView {
  readonly id: string;
  readonly roomId: string;
  readonly customRoomId: string | null;
  readonly disabled: boolean;
  /** Told of everything in the room that its patterns name. */
  readonly webhook?: RoomWebhook | null;
  readonly autoClose?: AutoClose | null;
  /** Its sessions record themselves. */
  readonly recordsItself?: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface RoomsPort {
  /** Idempotent on `customRoomId`: the room that has it is answered. */
  create(
    options: {
      customRoomId: string | null;
      webhook?: RoomWebhook | null;
      autoClose?: AutoClose | null;
      /** Fields of a start call, as they were given: each session is recorded with them. */
      autoStart?: Readonly<Record<string, unknown>> | null;
    } & NewId,
  ): Promise<RoomView>;
  list(request: PageRequest & { query: string | null }): Promise<Page<RoomView>>;
  /** By room id or customRoomId. */
  find(idOrCustomId: string): Promise<RoomView | null>;
  /** Nobody can join any more; a running session is ended. ROOM_NOT_FOUND. */
  deactivate(idOrCustomId: string): Promise<RoomView>;
}

export interface SessionView {
  readonly id: string;
  readonly roomId: string;
  readonly customRoomId: string | null;
  readonly status: 'ongoing' | 'ended';
  readonly start: Date;
  readonly end: Date | null;
  readonly participants: readonly ParticipantTimes[];
}
/** One participant of a session with every stay. */
export interface ParticipantTimes {
  readonly participantId: string;
  readonly name: string;
  readonly stays: readonly { readonly start: Date; readonly end: Date | null }[];
}

export interface SessionsPort {
  list(
    request: PageRequest & {
      roomId: string | null;
      customRoomId: string | null;
      status: 'ongoing' | 'ended' | null;
      startDate: Date | null;
      endDate: Date | null;
    },
  ): Promise<Page<SessionView>>;
  find(sessionId: string): Promise<SessionView | null>;
  /** Ends the running session of a room. NO_ACTIVE_SESSION, SESSION_NOT_FOUND. */
  end(options: { roomId: string; sessionId: string | null }): Promise<SessionView>;
  /** PARTICIPANT_NOT_FOUND, NO_ACTIVE_SESSION. */
  removeParticipant(options: { roomId: string; participantId: string; sessionId: string | null }): Promise<void>;
}

export interface FileView {
  readonly id: string;
  readonly type: 'video' | 'audio';
  /** Path in our store, relative, e.g. `recordings/<id>/<fileId>.mp4`. */
  readonly filePath: string;
  readonly bytes: number;
  readonly durationSeconds: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly format: string;
  /** Where it begins in the recording; left out: at its start. */
  readonly offsetSeconds?: number;
  /** Where it was delivered to: into a bucket rather than to a URL, where both were asked for. */
  readonly userStorage?: StoredView | null;
  readonly createdAt: Date;
}

/** Where a delivered file is. Nothing in it is secret. */
export type StoredView = StoredAt;

/** One file on its way to one destination. */
export interface DeliveryView {
  readonly id: string;
  readonly recordingId: string;
  readonly fileId: string;
  readonly kind: DeliveryKind;
  readonly status: 'queued' | 'running' | 'done' | 'failed';
  /** Object name, or the URL without its query. */
  readonly destination: string;
  readonly attempts: number;
  readonly lastError: string | null;
  /** Null unless it is queued. */
  readonly nextAttemptAt: Date | null;
  readonly givesUpAt: Date;
  readonly storedAt: StoredView | null;
  readonly verified: Verified | null;
  readonly deliveredAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What else than the whole room is to be recorded. */
export type SubjectRequest =
  | {
      readonly kind: 'participant';
      readonly participantId: string;
      readonly metadata?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'track';
      readonly participantId: string;
      readonly source: TrackSource;
      /** Its sound is encoded anew instead of copied. */
      readonly encodeAs?: 'mp3';
    }
  | {
      readonly kind: 'composite';
      readonly participants: readonly { readonly participantId: string; readonly sources: readonly TrackSource[] }[];
      /** `image`: the bytes of a PNG or JPEG. */
      readonly watermarks: readonly (Omit<Watermark, 'image'> & { readonly image: Buffer | null })[];
    };

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
  readonly destinations?: Destinations;
}

/** Whose running recording is meant; a composite is named by its id besides. */
export type SubjectName =
  | { readonly kind: 'participant'; readonly participantId: string }
  | { readonly kind: 'track'; readonly participantId: string; readonly source: TrackSource }
  | { readonly kind: 'composite' };

export interface RecordingView {
  readonly id: string;
  readonly roomId: string;
  readonly sessionId: string;
  readonly status: RecordingStatus;
  /** 0…1 of composing; null before the length is known. */
  readonly progress: number | null;
  readonly failureReason: string | null;
  readonly stopReason: StopReason | null;
  /** `layout` is the one in force, now or when it ended. */
  readonly config: RecordingConfig;
  readonly start: Date | null;
  readonly end: Date | null;
  readonly subject: RecordingSubject;
  /** In order. No end: it lasts. */
  readonly pauses: readonly { readonly start: Date; readonly end: Date | null }[];
  /** The first of `files`. */
  readonly file: FileView | null;
  /** In the order of their beginnings. */
  readonly files: readonly FileView[];
  /** As the start call had it, where `config` says otherwise by now. */
  readonly startedWith?: RecordingConfig;
  /** What it was composed to again, oldest first. */
  readonly compositions: readonly CompositionView[];
  /** Participants whose media was, or is being, taken out. Left out: none. */
  readonly purges?: readonly PurgeView[];
  /** In the order in which they happened. */
  readonly incidents: readonly IncidentView[];
  /** Oldest first. None before it is done. */
  readonly deliveries: readonly DeliveryView[];
  /** What the caller was told at the start that may go wrong. */
  readonly warnings: readonly string[];
  /** Who is told of it, in the order of events; left out: nobody. */
  readonly webhooks?: readonly WebhookCallView[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What befell a recording (`domain/incidents.ts`). `from` and `to` are seconds of the file. */
export interface IncidentView {
  readonly type: IncidentType;
  readonly at: Date;
  readonly from: number | null;
  readonly to: number | null;
  readonly participantId: string | null;
  readonly source: string | null;
  readonly message: string;
}

export interface PurgeView {
  readonly participantId: string;
  readonly status: 'waiting' | 'composing' | 'done' | 'failed';
  /** Taken out of the journal. */
  readonly packets: number;
  /** Recordings for which the journal still has the participant's media. */
  readonly keptFor: readonly string[];
  readonly failureReason: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One event on its way to one endpoint. */
export interface WebhookCallView {
  readonly eventId: string;
  readonly type: string;
  readonly url: string;
  /** `gone`: the endpoint answered 410. `given-up`: it was tried for as long as is configured. */
  readonly status: 'waiting' | 'delivered' | 'gone' | 'given-up';
  readonly attempts: number;
  /** Of the last attempt. `status` null: no answer came. */
  readonly answer: { readonly at: Date; readonly status: number | null; readonly error: string | null } | null;
  /** Null: it is not tried any more. */
  readonly dueAt: Date | null;
}

/** How the caller of a start is told of the recording. */
export interface Callback {
  readonly webhookUrl?: string | undefined;
  /** With what the URLs of its files begin in what he is told. */
  readonly baseUrl?: string | undefined;
}

/** What to compose a recording to again. */
export interface CompositionRequest {
  readonly config: RecordingConfig;
  /** The layout holds from start to end, whatever changed while it was recorded. */
  readonly fixedLayout: boolean;
  readonly excludeParticipants: readonly string[];
}

export interface CompositionView {
  readonly id: string;
  readonly recordingId: string;
  readonly status: 'queued' | 'composing' | 'done' | 'failed';
  /** 0…1; null before the length is known. */
  readonly progress: number | null;
  readonly failureReason: string | null;
  readonly request: CompositionRequest;
  readonly file: FileView | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface RecordingsPort {
  /**
   * Records the room, or the subject in it. ROOM_NOT_FOUND, NO_ACTIVE_SESSION, PARTICIPANT_NOT_FOUND, RECORDING_ALREADY_RUNNING, DISK_FULL,
   * MEDIA_UNAVAILABLE. Answers when the start record is on disk.
   */
  start(
    options: {
      roomId: string;
      config: RecordingConfig;
      subject?: SubjectRequest;
      onFailure?: OnFailure | null;
      destinations?: Destinations;
      warnings?: readonly string[];
      transcription?: TranscriptionRequest | undefined;
    } & Callback &
      NewId,
  ): Promise<RecordingView>;
  /** Ends the running recording of the room or of the subject in it, or the named one. ROOM_NOT_FOUND, RECORDING_NOT_RUNNING, RECORDING_NOT_FOUND. */
  stop(options: { roomId: string; recordingId: string | null; subject?: SubjectName }): Promise<RecordingView>;
  /** Begins to merge finished recordings. SESSION_NOT_FOUND, RECORDING_NOT_FOUND, RECORDING_NOT_DONE. */
  merge(request: MergeRequest & Callback & NewId): Promise<RecordingView>;
  /** Of one kind; those of rooms if it is left out. */
  list(
    request: PageRequest & {
      roomId: string | null;
      sessionId: string | null;
      query: string | null;
      kind?: RecordingKind;
      participantId?: string | null;
      statuses?: readonly RecordingStatus[];
    },
  ): Promise<Page<RecordingView>>;
  /** Of any kind. */
  find(recordingId: string): Promise<RecordingView | null>;
  /** Another layout from now on; answers when it is on disk. RECORDING_NOT_FOUND, RECORDING_NOT_RUNNING, MEDIA_UNAVAILABLE. */
  changeLayout(recordingId: string, change: LayoutChange): Promise<RecordingView>;
  /** Nothing is recorded from now on. RECORDING_NOT_FOUND, RECORDING_NOT_RUNNING, RECORDING_PAUSED, MEDIA_UNAVAILABLE. */
  pause(recordingId: string): Promise<RecordingView>;
  /** It goes on. RECORDING_NOT_FOUND, RECORDING_NOT_RUNNING, RECORDING_NOT_PAUSED, MEDIA_UNAVAILABLE. */
  resume(recordingId: string): Promise<RecordingView>;
  /**
   * Composes it again. RECORDING_NOT_FOUND, RECORDING_NOT_ENDED, RECORDING_JOURNAL_ERASED, PARTICIPANT_NOT_FOUND, TOO_MANY_REQUESTS.
   */
  compose(recordingId: string, request: CompositionRequest, newId?: NewId): Promise<CompositionView>;
  /**
   * Takes a participant's media out. RECORDING_NOT_FOUND, RECORDING_NOT_ENDED, RECORDING_NOT_DONE, RECORDING_JOURNAL_ERASED,
   * PARTICIPANT_NOT_FOUND, INVALID_REQUEST. Answers when nobody gets a file with it any more; repeatable.
   */
  purge(recordingId: string, participantId: string): Promise<PurgeView>;
  /**
   * Tries a delivery again now, with a fresh URL where one is given. DELIVERY_NOT_FOUND, DELIVERY_RUNNING, DELIVERY_DONE, INVALID_REQUEST.
   */
  retryDelivery(recordingId: string, deliveryId: string, preSignedUrl: string | null): Promise<DeliveryView>;
  /** Cancels work, erases files and journal that nobody else needs, leaves a tombstone. RECORDING_NOT_FOUND. */
  delete(recordingId: string): Promise<void>;
}

/** What was said in a recording, being written down or there. */
export interface TranscriptionView {
  readonly id: string;
  readonly roomId: string;
  readonly sessionId: string;
  readonly recordingId: string;
  readonly status: TranscriptionStatus;
  readonly request: TranscriptionRequest;
  /** It was asked for with the start of the recording. */
  readonly isOwn: boolean;
  /** Null until all is heard. */
  readonly engine: string | null;
  readonly language: string | null;
  readonly durationSeconds: number | null;
  readonly heardSeconds: number;
  /** In the order in which they spoke first. */
  readonly speakers: readonly Speaker[];
  readonly files: readonly { readonly id: string; readonly kind: TranscriptFileKind }[];
  /** Where the first of its files was delivered to. */
  readonly userStorage: StoredView | null;
  /** Null until it is there. */
  readonly summary: Pick<
    Summary,
    'method' | 'engine' | 'prompt' | 'promptApplied' | 'notes' | 'title' | 'usage'
  > | null;
  readonly summaryAttempts: number;
  readonly summaryError: string | null;
  readonly failureReason: string | null;
  /** Of the recording's file; null until that is done. */
  readonly filePath: string | null;
  readonly start: Date | null;
  readonly end: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An utterance in which something was found. */
export interface FoundUtteranceView {
  readonly utterance: Utterance;
  readonly speaker: Speaker;
  /** UTF-16 units of its text; `words`: those that lie there, where the engine knows them. */
  readonly highlights: readonly { readonly from: number; readonly to: number; readonly words: readonly SpokenWord[] }[];
}

export interface TranscriptionsPort {
  /** Why this can't be transcribed here; null: as far as is known it can. */
  problem(request: TranscriptionRequest): Promise<TranscriptionProblem | null>;
  list(
    request: PageRequest & { roomId: string | null; sessionId: string | null; recordingId: string | null },
  ): Promise<Page<TranscriptionView>>;
  find(transcriptionId: string): Promise<TranscriptionView | null>;
  /** Of each of these recordings: its own, else the newest that was asked for. */
  ofRecordings(recordingIds: readonly string[]): Promise<ReadonlyMap<string, TranscriptionView>>;
  /**
   * Transcribes a recording that is over (again). RECORDING_NOT_FOUND, RECORDING_NOT_ENDED, RECORDING_JOURNAL_ERASED, INVALID_REQUEST,
   * TOO_MANY_REQUESTS.
   */
  transcribe(recordingId: string, request: TranscriptionRequest, newId?: NewId): Promise<TranscriptionView>;
  /** In order of time. TRANSCRIPTION_NOT_FOUND. */
  search(request: PageRequest & { transcriptionId: string; query: string }): Promise<Page<FoundUtteranceView>>;
}

/** An utterance, told while its room is live. */
export interface CaptionView {
  /** Grows: who comes back says the last that he has. */
  readonly seq: number;
  readonly transcriptionId: string;
  readonly recordingId: string;
  readonly speaker: Speaker;
  readonly utterance: Utterance;
}

export interface CaptionsPort {
  /** The running session of a room, and whether something writes down what is said in it; null: there is none. */
  sessionOf(roomId: string): Promise<{ readonly sessionId: string; readonly isTranscribed: boolean } | null>;
  /** What was said in a session after the number, oldest first, so many at most. */
  after(sessionId: string, seq: number, limit: number): Promise<readonly CaptionView[]>;
  /** Tells of what is said from now on, until the function that is returned is called. */
  listen(
    sessionId: string,
    listener: {
      readonly caption: (caption: CaptionView) => void;
      /** Something begins to write down what is said. */
      readonly begun: () => void;
      readonly ended: () => void;
    },
  ): () => void;
}

/** `path` is absolute, `name` what a browser saves it as. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly name: string;
}

/** Stored files. */
export interface FilesPort {
  /** A stored file, by its id; null when there is none (any more). */
  locate(fileId: string): Promise<StoredFile | null>;
  /** A URL that works for a while and for this method, of a file that is only where it was delivered to. Null: there is none. */
  elsewhere(fileId: string, method: 'GET' | 'HEAD', disposition: 'inline' | 'attachment'): Promise<string | null>;
}

/** A verified participant, as the media process takes it. */
export interface ParticipantClaims {
  readonly roomId: string;
  readonly participantId?: string | undefined;
  readonly name?: string | undefined;
  readonly canModerate: boolean;
  readonly hidden: boolean;
  /** The token is good only while this recording runs, for its page. */
  readonly recordingId?: string | undefined;
}

export interface MediaPort {
  publish(claims: ParticipantClaims, offer: string): Promise<{ resourceId: string; answer: string }>;
  subscribe(
    claims: ParticipantClaims,
    participantId: string,
    offer: string,
  ): Promise<{ resourceId: string; answer: string }>;
  deleteResource(roomId: string, resourceId: string): Promise<boolean>;
  /**
   * Relays one room socket. `send` is called with messages for the client; `close` when the media process is done with it.
   * The returned functions take the client's messages (already JSON, not yet validated) and its going away. `receive` resolves when the
   * message has been taken; refusals go to the client, it does not reject.
   */
  openChannel(
    claims: ParticipantClaims,
    handlers: { send: (message: unknown) => void; close: (reason: string) => void },
  ): Promise<{ receive: (message: unknown) => Promise<void>; closed: () => void }>;
}

export interface HealthPort {
  check(): Promise<{ ok: boolean; checks: Record<string, { ok: boolean; detail: string }> }>;
  /** Prometheus text of the whole system. */
  metrics(): Promise<string>;
}

/** What happened, as others are told of it. */
export interface EventView {
  readonly id: string;
  readonly type: string;
  readonly roomId: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly webhooks: readonly WebhookCallView[];
}

export interface EventsPort {
  /**
   * In the order of their commits, from after the named event on, or from the oldest that is kept. RESOURCE_NOT_FOUND: the named one is not
   * known (any more). `fileUrlOf` signs the URLs of files in what they tell.
   */
  list(request: {
    after: string | null;
    limit: number;
    roomId: string | null;
    sessionId: string | null;
    recordingId: string | null;
    types: readonly string[];
    fileUrlOf: (fileId: string) => string;
  }): Promise<readonly EventView[]>;
  /** The room that an event is about; null: there is no such event (any more). */
  roomOf(eventId: string): Promise<string | null>;
  /** Sends it again to everybody who was to be told. Resolves with to how many. */
  resend(eventId: string): Promise<number>;
}

export interface PublicKeyView {
  readonly id: string;
  /** PKCS#1 PEM. */
  readonly publicKey: string;
  readonly from: Date;
  readonly until: Date | null;
}

export interface SigningPort {
  /** What webhooks are signed with now; and with it those that will be used, or were a short while ago. */
  published(): Promise<{ current: PublicKeyView; all: readonly PublicKeyView[] }>;
}

/** An answer to be given again. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Idempotency keys, of all servers of one database. A key belongs to its holder, and is forgotten after 24 h. */
export interface IdempotencyPort {
  /**
   * `mine`: serve the request; what it makes is to have this id. `busy`: it is being served already. `other-request`: the key was used
   * with another fingerprint.
   */
  claim(claim: {
    holder: string;
    key: string;
    fingerprint: string;
  }): Promise<
    | { readonly state: 'mine'; readonly objectId: string }
    | { readonly state: 'answered'; readonly answer: StoredAnswer }
    | { readonly state: 'busy' }
    | { readonly state: 'other-request' }
  >;
  /** What was answered, to be given again. */
  answer(of: { holder: string; key: string }, answer: StoredAnswer): Promise<void>;
  /** It was refused: nothing was made, the key is as new. */
  forget(of: { holder: string; key: string }): Promise<void>;
  /** It failed on our side: something may have been made, and the next run will look for it. */
  release(of: { holder: string; key: string }): Promise<void>;
}

export interface ApiPorts {
  readonly events: EventsPort;
  readonly signing: SigningPort;
  readonly rooms: RoomsPort;
  readonly sessions: SessionsPort;
  readonly recordings: RecordingsPort;
  readonly transcriptions: TranscriptionsPort;
  readonly captions: CaptionsPort;
  readonly files: FilesPort;
  readonly idempotency: IdempotencyPort;
  readonly media: MediaPort;
  readonly health: HealthPort;
}
