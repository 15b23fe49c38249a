/** One SSRC that is being received: its identity, its receive state, and its wish for keyframes. */
import type { Codec, MediaKind, TrackSource } from '../../domain/media.ts';
import type { PublishedStream } from '../published-stream.ts';
import { KeyframeRequest } from '../rtp/keyframe-request.ts';
import { ReceiveStream } from '../rtp/receive-stream.ts';
import type { OfferedCodec } from '../sdp/codecs.ts';
import { EXTENSION } from '../sdp/header-extensions.ts';
import type { PublishLine } from './publish-line.ts';

export class LiveStream implements PublishedStream {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly source: TrackSource;
  readonly ssrc: number;
  readonly rid: string | null;
  readonly payloadType: number;
  readonly codec: Codec;
  readonly clockRate: number;
  readonly fmtp: string;
  readonly extensions: Readonly<Record<string, number>>;
  /** FIR is asked only of a sender that knows no PLI. */
  readonly usesFir: boolean;
  readonly audioLevelId: number;
  readonly receive: ReceiveStream;
  readonly keyframes = new KeyframeRequest();
  lastSenderReport: PublishedStream['lastSenderReport'] = null;
  /** Timestamp of the last keyframe seen to begin: a parameter set and its picture are one beginning. */
  keyframeTimestamp = -1;
  firSequence = 0;
  /** What of `receive`'s totals has been added to the counters. */
  counted = { nacked: 0, recovered: 0, lost: 0 };
  readonly #onWanted: (stream: LiveStream) => void;

  constructor(options: {
    readonly line: PublishLine;
    readonly codec: OfferedCodec;
    readonly ssrc: number;
    readonly rid: string | null;
    readonly onKeyframeWanted: (stream: LiveStream) => void;
  }) {
    const { line, codec } = options;
    this.mid = line.mid;
    this.kind = line.kind;
    this.source = line.source;
    this.ssrc = options.ssrc;
    this.rid = options.rid;
    this.payloadType = codec.payloadType;
    this.codec = codec.codec;
    this.clockRate = codec.clockRate;
    this.fmtp = codec.fmtp;
    this.extensions = line.extensions;
    this.usesFir = codec.fir && !codec.pli;
    this.audioLevelId = line.extensions[EXTENSION.audioLevel] ?? 0;
    this.receive = new ReceiveStream(codec.clockRate);
    this.#onWanted = options.onKeyframeWanted;
  }

  get extendedSequence(): number | null {
    return this.receive.highest;
  }

  requestKeyframe(): void {
    if (this.kind === 'audio') return;
    this.keyframes.want();
    this.#onWanted(this);
  }
}
