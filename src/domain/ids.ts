/**
 * Branded identifiers. A brand costs nothing at run time and keeps a track id from being passed where a room id is meant.
 * Ids are made by `support/new-id.ts` (randomness is an effect); here they are only named and recognised.
 */

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

/** Public room id, `xxxx-xxxx-xxxx`, lowercase letters and digits. */
export type RoomId = Id<'RoomId'>;
/** One sitting of a room. 24 lowercase hex characters. */
export type SessionId = Id<'SessionId'>;
/** A person (or bot) in a room. Chosen by the token, or 8 random characters. 1–64 characters of `[A-Za-z0-9_-]`. */
export type ParticipantId = Id<'ParticipantId'>;
/** One camera, microphone, screen or screen sound of one participant. 24 hex. Survives reconnects; its epochs do not. */
export type TrackId = Id<'TrackId'>;
/** 24 hex. */
export type RecordingId = Id<'RecordingId'>;
/** 24 hex. One rendering of a recording's spans with one configuration. */
export type CompositionId = Id<'CompositionId'>;
/** 24 hex. A finished file. */
export type FileId = Id<'FileId'>;
/** 24 hex. One file on its way to one destination. */
export type DeliveryId = Id<'DeliveryId'>;
/** A UUID (RFC 9562). What was said in a recording, as one engine heard it. */
export type TranscriptionId = Id<'TranscriptionId'>;

const HEX_24 = /^[0-9a-f]{24}$/;
const ROOM = /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/;
const PARTICIPANT = /^[A-Za-z0-9_-]{1,64}$/;

/** True for the 24-hex form shared by session, track, recording, composition and file ids. */
export const isHexId = (value: string): boolean => HEX_24.test(value);
export const isRoomId = (value: string): value is RoomId => ROOM.test(value);
export const isParticipantId = (value: string): value is ParticipantId => PARTICIPANT.test(value);
