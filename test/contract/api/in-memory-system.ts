/**
 * A system behind the API that lives in memory: rooms, sessions, recordings and files as the ports promise them, media that answers
 * any offer. The real one replaces it in the scenarios; here it lets every answer of the HTTP side be provoked.
 */
import { generateKeyPairSync } from 'node:crypto';
import type {
  ApiPorts,
  Callback,
  CompositionView,
  DeliveryView,
  EventView,
  FileView,
  MediaPort,
  Page,
  PageRequest,
  ParticipantClaims,
  PurgeView,
  RecordingView,
  RoomView,
  SessionView,
  StoredAnswer,
  SubjectRequest,
} from '../../../src/api/ports.ts';
import type { Destinations } from '../../../src/domain/delivery.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import { isWanted } from '../../../src/domain/event-types.ts';
import type { ParticipantId, RecordingId } from '../../../src/domain/ids.ts';
import { changedLayout } from '../../../src/domain/layout-change.ts';
import type {
  ChosenParticipant,
  MergedRecording,
  RecordingConfig,
  RecordingSubject,
} from '../../../src/domain/recording.ts';
import type { TranscriptionRequest } from '../../../src/domain/transcription.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { InMemoryTranscriptions, NO_CAPTIONS } from './in-memory-transcriptions.ts';

const cut = <Item>(items: readonly Item[], { page, perPage }: PageRequest): Page<Item> => ({
  items: items.slice((page - 1) * perPage, page * perPage),
  total: items.length,
});

const PUBLIC_KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).publicKey;

type Channel = Awaited<ReturnType<MediaPort['openChannel']>>;
/** One open room socket, seen from the media process. */
export interface OpenChannel {
  readonly claims: ParticipantClaims;
  readonly received: unknown[];
  readonly send: (message: unknown) => void;
  readonly close: (reason: string) => void;
  closed: boolean;
  /** A message has been taken when this has resolved. */
  handling: Promise<void> | undefined;
}

export class InMemorySystem implements ApiPorts {
  /** With each start, in order. */
  readonly transcriptionsAsked: (TranscriptionRequest | undefined)[] = [];
  readonly transcriptions = new InMemoryTranscriptions();
  readonly captions = NO_CAPTIONS;
  readonly roomList: RoomView[] = [];
  readonly sessionList: SessionView[] = [];
  readonly recordingList: RecordingView[] = [];
  readonly storedFiles = new Map<string, { path: string; bytes: number; contentType: string; name: string }>();
  readonly channels: OpenChannel[] = [];
  readonly resources = new Map<string, { roomId: string; claims: ParticipantClaims; offer: string }>();
  readonly startedWith: RecordingConfig[] = [];
  readonly watermarks: (Buffer | null)[] = [];
  /** Of the starts, in order. */
  readonly destinations: (Destinations | undefined)[] = [];
  readonly retriedWith: (string | null)[] = [];
  /** File id → where it is when it is not stored here. */
  readonly deliveredFiles = new Map<string, string>();
  readonly callbacks: Callback[] = [];
  healthy = true;
  readonly #keys = new Map<string, { fingerprint: string; objectId: string; answer: StoredAnswer | undefined }>();
  /** Thrown by the next call of the recordings port, once. */
  failNext: Error | undefined;

  /** Somebody joins: the room has a session. */
  join(roomId: string, participantId = 'ann', name = 'Ann'): SessionView {
    const room = this.#room(roomId);
    const running = this.#ongoing(room.roomId);
    const session: SessionView = {
      id: running?.id ?? newHexId(),
      roomId: room.roomId,
      customRoomId: room.customRoomId,
      status: 'ongoing',
      start: running?.start ?? new Date(),
      end: null,
      participants: [
        ...(running?.participants ?? []),
        { participantId, name, stays: [{ start: new Date(), end: null }] },
      ],
    };
    this.#replace(this.sessionList, session);
    return session;
  }

  /** The recording has a delivery. */
  addDelivery(delivery: DeliveryView): void {
    const recording = this.recordingList.find(({ id }) => id === delivery.recordingId);
    if (!recording) throw new Error(`No recording ${delivery.recordingId}.`);
    this.#replace(this.recordingList, { ...recording, deliveries: [...recording.deliveries, delivery] });
  }

  /** The recording is done: it has a file. */
  finish(recordingId: string, file: FileView): void {
    const recording = this.recordingList.find(({ id }) => id === recordingId);
    if (!recording) throw new Error(`No recording ${recordingId}.`);
    const files = [...recording.files, file];
    this.#replace(this.recordingList, {
      ...recording,
      status: 'done',
      progress: 1,
      end: new Date(),
      file: files[0] ?? null,
      files,
    });
  }

  readonly rooms: ApiPorts['rooms'] = {
    create: async ({ customRoomId, webhook = null, autoClose = null, autoStart, id = newHexId() }) => {
      const existing =
        customRoomId === null ? undefined : this.roomList.find((room) => room.customRoomId === customRoomId);
      if (existing) return existing;
      const now = new Date();
      const room: RoomView = {
        id,
        roomId: newRoomId(),
        customRoomId,
        disabled: false,
        webhook,
        autoClose,
        recordsItself: autoStart != null,
        createdAt: now,
        updatedAt: now,
      };
      this.roomList.push(room);
      return room;
    },
    list: async ({ query, ...request }) =>
      cut(
        this.roomList.filter(
          (room) => query === null || room.roomId.includes(query) || room.customRoomId?.includes(query),
        ),
        request,
      ),
    find: async (id) => this.roomList.find((room) => room.roomId === id || room.customRoomId === id) ?? null,
    deactivate: async (id) => {
      const room = { ...this.#room(id), disabled: true, updatedAt: new Date() };
      this.#replace(this.roomList, room);
      return room;
    },
  };

  readonly sessions: ApiPorts['sessions'] = {
    list: async ({ roomId, status, startDate, endDate, ...request }) =>
      cut(
        this.sessionList.filter(
          (session) =>
            (roomId === null || session.roomId === roomId) &&
            (status === null || session.status === status) &&
            (startDate === null || session.start >= startDate) &&
            (endDate === null || session.start <= endDate),
        ),
        request,
      ),
    find: async (id) => this.sessionList.find((session) => session.id === id) ?? null,
    end: async ({ roomId, sessionId }) => {
      const session = this.#requireOngoing(roomId, sessionId);
      const end = new Date();
      const ended: SessionView = {
        ...session,
        status: 'ended',
        end,
        participants: session.participants.map((one) => ({
          ...one,
          stays: one.stays.map((stay) => ({ ...stay, end })),
        })),
      };
      this.#replace(this.sessionList, ended);
      return ended;
    },
    removeParticipant: async ({ roomId, participantId, sessionId }) => {
      const session = this.#requireOngoing(roomId, sessionId);
      if (!session.participants.some((one) => one.participantId === participantId)) {
        throw new RoomtapeError('PARTICIPANT_NOT_FOUND', 'Participant not found.');
      }
      const participants = session.participants.map((one) =>
        one.participantId === participantId
          ? { ...one, stays: one.stays.map((stay) => ({ ...stay, end: new Date() })) }
          : one,
      );
      this.#replace(this.sessionList, { ...session, participants });
    },
  };

  readonly recordings: ApiPorts['recordings'] = {
    start: async ({
      id = newHexId(),
      roomId,
      config,
      subject,
      destinations,
      warnings = [],
      transcription,
      ...callback
    }) => {
      const { webhookUrl, baseUrl } = callback;
      this.#fail();
      this.destinations.push(destinations);
      const session = this.#requireOngoing(roomId, null);
      const about = this.#subject(session, subject);
      if (about.kind !== 'composite' && this.#running(roomId, about))
        throw new RoomtapeError('RECORDING_ALREADY_RUNNING', 'Recording is already running.');
      const now = new Date();
      const recording: RecordingView = {
        id,
        roomId,
        sessionId: session.id,
        status: 'recording',
        progress: null,
        failureReason: null,
        stopReason: null,
        config,
        start: now,
        end: null,
        subject: about,
        pauses: [],
        startedWith: config,
        compositions: [],
        incidents: [],
        deliveries: [],
        warnings,
        file: null,
        files: [],
        createdAt: now,
        updatedAt: now,
      };
      this.startedWith.push(config);
      this.transcriptionsAsked.push(transcription);
      this.callbacks.push({ webhookUrl, baseUrl });
      this.recordingList.push(recording);
      return recording;
    },
    changeLayout: async (recordingId, change) => {
      const recording = this.#live(recordingId);
      const layout = changedLayout(recording.config.layout, change);
      return this.#replace(this.recordingList, { ...recording, config: { ...recording.config, layout } });
    },
    compose: async (recordingId, request, { id = newHexId() } = {}) => {
      this.#fail();
      const recording = this.recordingList.find(({ id }) => id === recordingId);
      if (!recording?.end) throw new RoomtapeError('RECORDING_NOT_ENDED', 'The recording is not over.');
      const now = new Date();
      const composition: CompositionView = {
        id,
        recordingId,
        status: 'queued',
        progress: null,
        failureReason: null,
        request,
        file: null,
        createdAt: now,
        updatedAt: now,
      };
      this.#replace(this.recordingList, { ...recording, compositions: [...recording.compositions, composition] });
      return composition;
    },
    pause: async (recordingId) => {
      const recording = this.#live(recordingId);
      if (recording.status === 'paused') throw new RoomtapeError('RECORDING_PAUSED', 'It is paused already.');
      const pauses = [...recording.pauses, { start: new Date(), end: null }];
      return this.#replace(this.recordingList, { ...recording, status: 'paused', pauses });
    },
    resume: async (recordingId) => {
      const recording = this.#live(recordingId);
      if (recording.status !== 'paused') throw new RoomtapeError('RECORDING_NOT_PAUSED', 'It is not paused.');
      const pauses = recording.pauses.map(({ start, end }) => ({ start, end: end ?? new Date() }));
      return this.#replace(this.recordingList, { ...recording, status: 'recording', pauses });
    },
    stop: async ({ roomId, recordingId, subject }) => {
      const named = this.recordingList.find((one) => one.id === recordingId && one.status === 'recording');
      const running = named ?? this.#running(roomId, subject ?? { kind: 'room' });
      if (!running || (recordingId !== null && running.id !== recordingId)) {
        throw new RoomtapeError('RECORDING_NOT_RUNNING', 'No recording is running in this room.');
      }
      const stopped: RecordingView = { ...running, status: 'composing', stopReason: 'requested', end: new Date() };
      this.#replace(this.recordingList, stopped);
      return stopped;
    },
    merge: async ({ sessionId, channel1, channel2, id = newHexId() }) => {
      const session = this.sessionList.find(({ id }) => id === sessionId);
      if (!session) throw new RoomtapeError('SESSION_NOT_FOUND', 'Session not found.');
      const chosen = (sources: typeof channel1): MergedRecording[] =>
        sources.map(({ participantId, recordingId }) => {
          const found = this.recordingList.find(
            ({ id, subject }) =>
              'participantId' in subject && subject.participantId === participantId && (recordingId ?? id) === id,
          );
          if (!found) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
          if (found.status !== 'done') throw new RoomtapeError('RECORDING_NOT_DONE', 'Not done yet.');
          return { participantId: participantId as ParticipantId, recordingId: found.id as RecordingId };
        });
      const now = new Date();
      const config = { ...(this.startedWith[0] as RecordingConfig), mode: 'audio' } as const;
      const merge: RecordingView = {
        id,
        roomId: session.roomId,
        sessionId,
        status: 'composing',
        progress: null,
        failureReason: null,
        stopReason: null,
        config,
        start: now,
        end: null,
        subject: { kind: 'merge', channel1: chosen(channel1), channel2: chosen(channel2), inputs: [] },
        pauses: [],
        compositions: [],
        incidents: [],
        deliveries: [],
        warnings: [],
        file: null,
        files: [],
        createdAt: now,
        updatedAt: now,
      };
      this.recordingList.push(merge);
      return merge;
    },
    list: async ({ roomId, sessionId, kind = 'room', participantId = null, statuses, ...request }) =>
      cut(
        this.recordingList.filter(
          (one) =>
            one.subject.kind === kind &&
            (statuses === undefined || statuses.includes(one.status)) &&
            (participantId === null ||
              ('participantId' in one.subject && one.subject.participantId === participantId)) &&
            (roomId === null || one.roomId === roomId) &&
            (sessionId === null || one.sessionId === sessionId),
        ),
        request,
      ),
    find: async (id) => this.recordingList.find((recording) => recording.id === id) ?? null,
    purge: async (id, participantId) => {
      this.#fail();
      const recording = this.recordingList.find((one) => one.id === id);
      if (!recording) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
      const now = new Date();
      const purge: PurgeView = {
        participantId,
        status: 'waiting',
        packets: 0,
        keptFor: [],
        failureReason: null,
        createdAt: now,
        updatedAt: now,
      };
      this.#replace(this.recordingList, { ...recording, file: null, files: [], purges: [purge] });
      return purge;
    },
    retryDelivery: async (recordingId, deliveryId, preSignedUrl) => {
      const recording = this.recordingList.find(({ id }) => id === recordingId);
      const delivery = recording?.deliveries.find(({ id }) => id === deliveryId);
      if (!recording || !delivery) throw new RoomtapeError('DELIVERY_NOT_FOUND', 'There is no such delivery.');
      this.retriedWith.push(preSignedUrl);
      const queued = { ...delivery, status: 'queued', nextAttemptAt: new Date() } as const;
      this.#replace(this.recordingList, { ...recording, deliveries: [queued] });
      return queued;
    },
    delete: async (id) => {
      const index = this.recordingList.findIndex((recording) => recording.id === id);
      if (index < 0) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
      this.recordingList.splice(index, 1);
    },
  };

  /** What happened, as the catalog would have it. */
  readonly eventList: EventView[] = [];
  readonly resent: string[] = [];

  readonly events: ApiPorts['events'] = {
    list: async ({ after, limit, roomId, sessionId, recordingId, types }) => {
      const at = after === null ? 0 : this.eventList.findIndex(({ id }) => id === after) + 1;
      if (after !== null && at === 0) throw new RoomtapeError('RESOURCE_NOT_FOUND', 'There is no such event.');
      const fits = (event: EventView): boolean =>
        (roomId === null || event.roomId === roomId) &&
        (sessionId === null || event.data.sessionId === sessionId) &&
        (recordingId === null || event.data.id === recordingId) &&
        (types.length === 0 || isWanted(event.type, types));
      return this.eventList.slice(at).filter(fits).slice(0, limit);
    },
    roomOf: async (eventId) => this.eventList.find(({ id }) => id === eventId)?.roomId ?? null,
    resend: async (eventId) => {
      this.resent.push(eventId);
      return 1;
    },
  };

  readonly signing: ApiPorts['signing'] = {
    published: async () => {
      const current = { id: 'f'.repeat(24), publicKey: PUBLIC_KEY, from: new Date(0), until: null };
      return { current, all: [current] };
    },
  };

  readonly files: ApiPorts['files'] = {
    locate: async (fileId) => this.storedFiles.get(fileId) ?? null,
    elsewhere: async (fileId, method, disposition) => {
      const url = this.deliveredFiles.get(fileId);
      return url === undefined ? null : `${url}?method=${method}&disposition=${disposition}`;
    },
  };

  readonly idempotency: ApiPorts['idempotency'] = {
    claim: async ({ holder, key, fingerprint }) => {
      const name = JSON.stringify([holder, key]);
      const known = this.#keys.get(name);
      if (!known) {
        const objectId = newHexId<string>();
        this.#keys.set(name, { fingerprint, objectId, answer: undefined });
        return { state: 'mine', objectId };
      }
      if (known.fingerprint !== fingerprint) return { state: 'other-request' };
      return known.answer ? { state: 'answered', answer: known.answer } : { state: 'busy' };
    },
    answer: async ({ holder, key }, answer) => {
      const known = this.#keys.get(JSON.stringify([holder, key]));
      if (known) known.answer = answer;
    },
    forget: async ({ holder, key }) => void this.#keys.delete(JSON.stringify([holder, key])),
    release: async ({ holder, key }) => void this.#keys.delete(JSON.stringify([holder, key])),
  };

  readonly media: MediaPort = {
    publish: async (claims, offer) => this.#exchange(claims, offer),
    subscribe: async (claims, _participantId, offer) => this.#exchange(claims, offer),
    deleteResource: async (roomId, resourceId) =>
      this.resources.get(resourceId)?.roomId === roomId && this.resources.delete(resourceId),
    openChannel: async (claims, handlers): Promise<Channel> => {
      if (claims.name === 'too many') throw new RoomtapeError('ROOM_FULL', 'The room is full.');
      const channel: OpenChannel = { claims, received: [], ...handlers, closed: false, handling: undefined };
      this.channels.push(channel);
      return {
        receive: async (message) => {
          channel.received.push(message);
          await channel.handling;
        },
        closed: () => {
          channel.closed = true;
        },
      };
    },
  };

  readonly health: ApiPorts['health'] = {
    check: async () => ({ ok: this.healthy, checks: { database: { ok: this.healthy, detail: 'in memory' } } }),
    metrics: async () => '# TYPE roomtape_rooms gauge\nroomtape_rooms 0\n',
  };

  #exchange(claims: ParticipantClaims, offer: string): { resourceId: string; answer: string } {
    if (!offer.includes('m=')) throw new RoomtapeError('INVALID_SDP', 'The offer has no media section.');
    const resourceId = newHexId();
    this.resources.set(resourceId, { roomId: claims.roomId, claims, offer });
    return { resourceId, answer: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' };
  }

  #fail(): void {
    const error = this.failNext;
    this.failNext = undefined;
    if (error) throw error;
  }

  #room(id: string): RoomView {
    const room = this.roomList.find((one) => one.roomId === id || one.customRoomId === id);
    if (!room) throw new RoomtapeError('ROOM_NOT_FOUND', 'Room not found.');
    return room;
  }

  #ongoing(roomId: string): SessionView | undefined {
    return this.sessionList.find((session) => session.roomId === roomId && session.status === 'ongoing');
  }

  #requireOngoing(roomId: string, sessionId: string | null): SessionView {
    const session = this.#ongoing(roomId);
    if (!session || (sessionId !== null && session.id !== sessionId)) {
      throw new RoomtapeError('NO_ACTIVE_SESSION', 'Room has no active session.');
    }
    return session;
  }

  #running(roomId: string, about: { readonly kind: string }): RecordingView | undefined {
    const keyOf = (subject: object) =>
      ['kind', 'participantId', 'source'].map((name) => String(Reflect.get(subject, name))).join();
    return this.recordingList.find(
      (one) =>
        one.roomId === roomId && ['recording', 'paused'].includes(one.status) && keyOf(one.subject) === keyOf(about),
    );
  }

  #subject(session: SessionView, asked: SubjectRequest | undefined): RecordingSubject {
    if (!asked) return { kind: 'room' };
    if (asked.kind === 'composite') {
      this.watermarks.push(...asked.watermarks.map(({ image }) => image));
      const watermarks = asked.watermarks.map((one) => ({ ...one, image: one.image && 'watermark' }));
      return { ...asked, participants: asked.participants as ChosenParticipant[], watermarks };
    }
    const found = session.participants.find(({ participantId }) => participantId === asked.participantId);
    if (!found) throw new RoomtapeError('PARTICIPANT_NOT_FOUND', 'Participant not found.');
    return { ...asked, participantId: found.participantId as ParticipantId, participantName: found.name };
  }

  #live(recordingId: string): RecordingView {
    const recording = this.recordingList.find(({ id }) => id === recordingId);
    if (recording?.status === 'recording' || recording?.status === 'paused') return recording;
    throw new RoomtapeError('RECORDING_NOT_RUNNING', 'The recording is over.');
  }

  #replace<Item extends { readonly id: string }>(list: Item[], item: Item): Item {
    const index = list.findIndex(({ id }) => id === item.id);
    if (index < 0) list.push(item);
    else list[index] = item;
    return item;
  }
}
