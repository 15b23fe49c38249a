/** What can be published, in the field's terms. */

/** Where a track comes from; decides its place in a layout. */
export type TrackSource = 'camera' | 'microphone' | 'screen-video' | 'screen-audio';
export type MediaKind = 'audio' | 'video';
export type VideoCodec = 'vp8' | 'vp9' | 'h264' | 'av1';
export type AudioCodec = 'opus';
export type Codec = VideoCodec | AudioCodec;

export const VIDEO_CODECS = ['vp8', 'vp9', 'h264', 'av1'] as const satisfies VideoCodec[];

export const mediaKindOf = (source: TrackSource): MediaKind =>
  source === 'camera' || source === 'screen-video' ? 'video' : 'audio';

/** RTP clock rates: 90 kHz for all video payload formats we take (RFC 7741, 9628, 6184, AV1 RTP), 48 kHz for Opus (RFC 7587 §4.1). */
export const clockRateOf = (codec: Codec): 90000 | 48000 => (codec === 'opus' ? 48000 : 90000);
