/** What is known of one stream that is being published; part of what a room sees (`media-session.ts`). */
import type { Codec, MediaKind, TrackSource } from '../domain/media.ts';

/** One SSRC of one m-line: one simulcast layer, or all of a plain track. */
export interface PublishedStream {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly source: TrackSource;
  readonly ssrc: number;
  readonly rid: string | null;
  readonly payloadType: number;
  readonly codec: Codec;
  readonly clockRate: number;
  /** SDP fmtp parameters as offered, or an empty string. */
  readonly fmtp: string;
  /** Negotiated header extension ids by URI. */
  readonly extensions: Readonly<Record<string, number>>;
  /** Highest extended sequence number so far: cycles × 65536 + sequence. Null before the first packet. */
  readonly extendedSequence: number | null;
  /** The last sender report (28 bytes, a copy) and when it came. */
  readonly lastSenderReport: { readonly packet: Buffer; readonly arrivalNs: bigint } | null;
  /** Asks the sender for a keyframe (PLI, else FIR): now, or as soon as the throttle of 500 ms allows. Nothing for audio. */
  requestKeyframe(): void;
}
