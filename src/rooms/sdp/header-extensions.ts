/** The RTP header extensions we take part in, by URI. Video orientation is not among them: senders then rotate before they encode. */
export const EXTENSION = {
  /** RFC 8843 §15. */
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  /** RFC 8852 §4.1. */
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  /** RFC 8852 §4.2: on retransmissions. */
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  transportSequence: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  /** RFC 6464. */
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  /** Matrix and range: on the last packet of keyframes, and where they change. Without it Chromium's full-range BT.709 looks wrong. */
  colourSpace: 'http://www.webrtc.org/experiments/rtp-hdrext/color-space',
} as const;

export const AUDIO_PUBLISH_EXTENSIONS: readonly string[] = [
  EXTENSION.mid,
  EXTENSION.absSendTime,
  EXTENSION.transportSequence,
  EXTENSION.audioLevel,
];
export const VIDEO_PUBLISH_EXTENSIONS: readonly string[] = [
  EXTENSION.mid,
  EXTENSION.rid,
  EXTENSION.repairedRid,
  EXTENSION.absSendTime,
  EXTENSION.transportSequence,
  EXTENSION.colourSpace,
];
export const AUDIO_SUBSCRIBE_EXTENSIONS: readonly string[] = [EXTENSION.mid];
/** Send times let the receiver estimate bandwidth (REMB); with transport-wide sequence numbers it would leave that to us. */
export const VIDEO_SUBSCRIBE_EXTENSIONS: readonly string[] = [
  EXTENSION.mid,
  EXTENSION.absSendTime,
  EXTENSION.colourSpace,
];
