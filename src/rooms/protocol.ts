/**
 * The room protocol, version 1: JSON text messages over `GET /v1/rooms/{roomId}/socket` (WebSocket). Prose: docs/room-protocol.md.
 * The server relays; the media process answers. A participant is present while its media is, not while its socket is: a dropped
 * socket is reopened with the resume token and nothing else changes.
 */
import { z } from 'zod';

export const ROOM_PROTOCOL_VERSION = 1;

const id = z.string().min(1).max(64);
const trackSource = z.enum(['camera', 'microphone', 'screen-video', 'screen-audio']);
const sdp = z.string().min(1).max(200_000);

export const participantView = z.object({
  participantId: id,
  name: z.string(),
  pinned: z.boolean(),
});
export const trackView = z.object({
  trackId: id,
  participantId: id,
  source: trackSource,
  muted: z.boolean(),
});

/** What a client may say. `requestId` is echoed in the `error` or `answer` that it causes. */
export const clientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('join'),
    protocol: z.literal(ROOM_PROTOCOL_VERSION),
    /** Ignored where the token names the participant. */
    name: z.string().trim().min(1).max(100).optional(),
    /** Of the page of a running recording, where its token names no participant; of others it is ignored. */
    participantId: id.optional(),
    /** Given by an earlier `joined`: same participant, same tracks; the transports are kept if they still live. */
    resumeToken: z.string().max(2000).optional(),
  }),
  z.object({ type: z.literal('leave') }),
  z.object({
    type: z.literal('offer'),
    requestId: z.string().max(64),
    /** Two connections: one that sends our tracks, one that receives the others'. */
    transport: z.enum(['publish', 'subscribe']),
    /** A new value begins a new connection (new ICE and DTLS) in place of the former; the same value renegotiates. */
    connection: z.string().min(1).max(64),
    sdp,
    /**
     * publish: source of every m-line that sends; `trackId` where it goes on with an earlier track after a reconnect.
     * subscribe: which track every receiving m-line is to carry.
     */
    tracks: z
      .array(z.object({ mid: z.string().min(1).max(32), source: trackSource.optional(), trackId: id.optional() }))
      .max(200),
  }),
  z.object({ type: z.literal('unpublish'), trackId: id }),
  z.object({ type: z.literal('mute'), trackId: id, muted: z.boolean() }),
  /** Needs `allow_mod`. */
  z.object({ type: z.literal('pin'), participantId: id, pinned: z.boolean() }),
  /** The largest size at which a track is shown; 0x0 pauses it. The forwarder chooses a simulcast layer by it. */
  z.object({
    type: z.literal('view'),
    trackId: id,
    width: z.number().int().min(0).max(8192),
    height: z.number().int().min(0).max(8192),
  }),
  z.object({
    type: z.literal('send'),
    topic: z.string().min(1).max(64),
    payload: z.string().max(16_384),
    /** Kept and given to those who join later, while the session lasts. */
    persist: z.boolean().default(false),
  }),
  /** Keeps a participant with no media alive; sent every 2 s. */
  z.object({ type: z.literal('ping') }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

/** What the server says. */
export const serverMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('joined'),
    protocol: z.literal(ROOM_PROTOCOL_VERSION),
    participantId: id,
    sessionId: id,
    roomId: z.string(),
    name: z.string(),
    resumeToken: z.string(),
    /** True where the resume token was honoured. */
    resumed: z.boolean(),
    permissions: z.array(z.string()),
    participants: z.array(participantView),
    tracks: z.array(trackView),
    iceServers: z.array(
      z.object({
        urls: z.union([z.string(), z.array(z.string())]),
        username: z.string().optional(),
        credential: z.string().optional(),
      }),
    ),
    recording: z.boolean(),
    /** How much the running recording has recorded, pauses not counted, ms: the indicator counts on from here. Absent where none runs. */
    recordingForMs: z.number().int().min(0).optional(),
    /** Nothing is recorded right now; the recording goes on later. */
    recordingPaused: z.boolean().optional(),
    messages: z.array(z.object({ topic: z.string(), payload: z.string(), participantId: id, at: z.string() })),
  }),
  z.object({ type: z.literal('participant-joined'), participant: participantView }),
  z.object({ type: z.literal('participant-left'), participantId: id, reason: z.string() }),
  z.object({ type: z.literal('track-published'), track: trackView }),
  z.object({ type: z.literal('track-unpublished'), trackId: id }),
  z.object({ type: z.literal('track-muted'), trackId: id, muted: z.boolean() }),
  z.object({
    type: z.literal('answer'),
    requestId: z.string(),
    transport: z.enum(['publish', 'subscribe']),
    sdp,
    /** publish: the id of the track that each m-line became. */
    tracks: z.array(z.object({ mid: z.string(), trackId: id })),
  }),
  z.object({ type: z.literal('pinned'), participantId: id, pinned: z.boolean() }),
  /** Null until somebody has spoken. */
  z.object({ type: z.literal('active-speaker'), participantId: id.nullable() }),
  z.object({
    type: z.literal('message'),
    topic: z.string(),
    payload: z.string(),
    participantId: id,
    at: z.string(),
  }),
  /** `paused`: it is active, but nothing is recorded until it is resumed. */
  z.object({ type: z.literal('recording'), active: z.boolean(), paused: z.boolean().optional() }),
  /** The connection is gone for good: `reason` is `removed`, `room-closed`, `replaced` or `left`. */
  z.object({ type: z.literal('bye'), reason: z.string() }),
  z.object({ type: z.literal('pong') }),
  z.object({
    type: z.literal('error'),
    requestId: z.string().optional(),
    code: z.string(),
    message: z.string(),
  }),
]);
export type ServerMessage = z.infer<typeof serverMessage>;
export type ParticipantView = z.infer<typeof participantView>;
export type TrackView = z.infer<typeof trackView>;
