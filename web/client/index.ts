/** The browser room client's public surface. */
export { type DeviceChoice, type DeviceChoices, DeviceError, listDevices } from './devices.ts';
export type { VideoCodec } from './encodings.ts';
export type { LocalMediaState, LocalSource } from './local-media.ts';
export type { MediaHealth } from './media-connection.ts';
export { JoinError, RoomClient, type RoomClientEvents, type RoomClientOptions } from './room-client.ts';
export type { RoomEnd, RoomEndReason } from './room-end.ts';
export type { ParticipantSnapshot, RoomSnapshot, TrackSnapshot } from './room-snapshot.ts';
export type { RecordingState, RoomMessage } from './room-state.ts';
export {
  openTemplate,
  type Template,
  type TemplateEvents,
  type TemplateLayout,
  type TemplateOptions,
} from './template.ts';
export { readTokenClaims, type TokenClaims } from './token-claims.ts';
