/**
 * What the server process and the media process say to each other over the media process's Unix socket (`support/ipc.ts`).
 * Versioned and validated on both sides: either can be restarted alone, and an old one may meet a new one during an upgrade.
 *
 * The media process owns rooms, sessions and active recordings. It keeps events until they are acknowledged, so a server that
 * was away learns everything on its return: `hello` answers with the present state and the unacknowledged events are sent again.
 */
import { z } from 'zod';
import { clientMessage, serverMessage } from './protocol.ts';

export const CONTROL_VERSION = 1;

const layout = z.object({
  type: z.enum(['GRID', 'SPOTLIGHT', 'SIDEBAR']),
  priority: z.enum(['SPEAKER', 'PIN']),
  gridSize: z.number().int().min(1).max(25),
});
const stopReason = z.enum([
  'requested',
  'session-ended',
  'max-duration',
  'room-deactivated',
  'media-process-lost',
  'disk-full',
  'participant-left',
]);

/** A verified token's claims: the media process never sees the secret, and trusts these. */
export const participantClaims = z.object({
  roomId: z.string(),
  participantId: z.string().optional(),
  name: z.string().optional(),
  canModerate: z.boolean(),
  hidden: z.boolean(),
  /** The token is good only while this recording runs, for its page. */
  recordingId: z.string().optional(),
});
export type ParticipantClaims = z.infer<typeof participantClaims>;

const participantState = z.object({
  participantId: z.string(),
  name: z.string(),
  hidden: z.boolean(),
  joinedAtMs: z.number(),
});
const activeRecording = z.object({
  recordingId: z.string(),
  sessionId: z.string(),
  roomId: z.string(),
  /** Session time, ns. */
  startedNs: z.number(),
  startedAtMs: z.number(),
  journalDir: z.string(),
  /** Grows with every change of what follows, so that news that overtake each other change nothing back. */
  revision: z.number().int().min(0).default(0),
  /** In force now. Absent: as it was started. */
  layout: layout.optional(),
  /** In order, by the wall clock; the last has no end while it lasts. */
  pauses: z.array(z.object({ startedAtMs: z.number(), endedAtMs: z.number().nullable() })).default([]),
});
export type ActiveRecordingState = z.infer<typeof activeRecording>;
const sessionState = z.object({
  sessionId: z.string(),
  roomId: z.string(),
  startedAtMs: z.number(),
  participants: z.array(participantState),
});
export type SessionState = z.infer<typeof sessionState>;

const sdp = z.string().min(1).max(200_000);

/** Requests to the media process: parameters and result of each. */
export const controlMethods = {
  hello: {
    params: z.object({ version: z.literal(CONTROL_VERSION) }),
    result: z.object({
      version: z.number(),
      pid: z.number(),
      bootId: z.string(),
      sessions: z.array(sessionState),
      recordings: z.array(activeRecording),
    }),
  },
  /** A WebSocket was opened by a participant with these claims; what it says follows as `channel.message`. */
  'channel.open': {
    params: z.object({ channelId: z.string(), claims: participantClaims }),
    result: z.object({}),
  },
  'channel.message': {
    params: z.object({ channelId: z.string(), message: clientMessage }),
    result: z.object({}),
  },
  'channel.close': { params: z.object({ channelId: z.string() }), result: z.object({}) },
  'whip.publish': {
    params: z.object({ claims: participantClaims, offer: sdp }),
    result: z.object({ resourceId: z.string(), participantId: z.string(), sessionId: z.string(), answer: sdp }),
  },
  'whep.subscribe': {
    /** Watches one participant: its camera (or screen) and microphone. */
    params: z.object({ claims: participantClaims, participantId: z.string(), offer: sdp }),
    result: z.object({ resourceId: z.string(), answer: sdp }),
  },
  /** Ends a WHIP or WHEP resource of this room. False: there is none. */
  'resource.delete': {
    params: z.object({ roomId: z.string(), resourceId: z.string() }),
    result: z.object({ deleted: z.boolean() }),
  },
  /** Starts journaling if need be and writes the fsynced start record. Idempotent by recording id. */
  'recording.start': {
    params: z.object({
      recordingId: z.string(),
      roomId: z.string(),
      layout,
      /** Whom it is about: must be there, and the recording ends when he leaves. */
      participantId: z.string().nullable().default(null),
      /** What is said on these topics of the room is shown in it, and journaled. */
      topics: z.array(z.string()).default([]),
      /** A page renders it, which is in the room under this id: hidden, and seen out when the recording ends. */
      pageParticipantId: z.string().nullable().default(null),
    }),
    result: activeRecording,
  },
  /** Writes the fsynced stop record. Idempotent: a recording that has ended answers with its end again while it is remembered. */
  'recording.stop': {
    params: z.object({ recordingId: z.string(), reason: stopReason }),
    result: z.object({ stoppedNs: z.number(), stoppedAtMs: z.number() }),
  },
  /** Changes the layout of a running recording from now on; resolves when the journal has it on disk. RECORDING_NOT_RUNNING. */
  'recording.layout': {
    params: z.object({ recordingId: z.string(), change: layout.partial() }),
    result: activeRecording,
  },
  /** From now on nothing of it is recorded; resolves when the journal has it on disk. RECORDING_NOT_RUNNING, RECORDING_PAUSED. */
  'recording.pause': { params: z.object({ recordingId: z.string() }), result: activeRecording },
  /** From now on it is recorded again. RECORDING_NOT_RUNNING, RECORDING_NOT_PAUSED. */
  'recording.resume': { params: z.object({ recordingId: z.string() }), result: activeRecording },
  /** The session that runs in a room now. */
  'session.of': {
    params: z.object({ roomId: z.string() }),
    result: z.object({ session: sessionState.nullable() }),
  },
  'session.end': {
    params: z.object({ roomId: z.string(), reason: z.string() }),
    result: z.object({ ended: z.boolean() }),
  },
  'participant.remove': {
    params: z.object({ roomId: z.string(), participantId: z.string() }),
    result: z.object({ removed: z.boolean() }),
  },
  'events.ack': { params: z.object({ sequence: z.number() }), result: z.object({}) },
  /** Prometheus-shaped counters and gauges of the media process. */
  stats: { params: z.object({}), result: z.record(z.string(), z.number()) },
  /** Ends every session in order (journals sealed, participants told) and exits. */
  shutdown: { params: z.object({ graceMs: z.number() }), result: z.object({}) },
} as const;
export type ControlMethod = keyof typeof controlMethods;

/** Numbered, kept until acknowledged, sent again to a server that comes back. */
export const durableEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session-started'), session: sessionState }),
  z.object({ type: z.literal('session-ended'), sessionId: z.string(), roomId: z.string(), atMs: z.number() }),
  z.object({
    type: z.literal('participant-joined'),
    sessionId: z.string(),
    roomId: z.string(),
    participant: participantState,
  }),
  z.object({
    type: z.literal('participant-left'),
    sessionId: z.string(),
    roomId: z.string(),
    participantId: z.string(),
    atMs: z.number(),
    reason: z.string(),
  }),
  /** A running recording is not as it was: its layout, or it was paused or resumed. */
  z.object({ type: z.literal('recording-changed'), recording: activeRecording }),
  z.object({
    type: z.literal('recording-stopped'),
    recordingId: z.string(),
    sessionId: z.string(),
    roomId: z.string(),
    stoppedNs: z.number(),
    stoppedAtMs: z.number(),
    reason: stopReason,
  }),
]);
export type DurableEvent = z.infer<typeof durableEvent>;

/** Sent by the media process without being asked. */
export const controlEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('durable'), sequence: z.number(), event: durableEvent }),
  z.object({ type: z.literal('channel.message'), channelId: z.string(), message: serverMessage }),
  /** The socket is to be closed: the participant left, was removed or was replaced. */
  z.object({ type: z.literal('channel.closed'), channelId: z.string(), reason: z.string() }),
]);
export type ControlEvent = z.infer<typeof controlEvent>;
