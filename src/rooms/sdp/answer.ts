/** Writes our BUNDLE answer to an offer: every m-line of the offer in its order, one transport, ours passive. */
import type { LocalParameters } from '../transport/media-transport.ts';
import type { OfferedCodec } from './codecs.ts';
import type { Offer, OfferedMedia, OfferLine } from './offer.ts';

/** What we send on an m-line. */
export interface AnsweredSource {
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
  /** Tracks with the same name are played in sync. */
  readonly cname: string;
  readonly msid: string;
}

/** How one accepted m-line is answered. */
export interface AnsweredMedia {
  readonly direction: 'recvonly' | 'sendonly' | 'inactive';
  readonly codecs: readonly OfferedCodec[];
  readonly extensions: readonly string[];
  /** `a=rtcp-fb` values of a codec, without the payload type. */
  readonly feedback: (codec: OfferedCodec) => readonly string[];
  /** fmtp in the answer; an empty string leaves the line out. */
  readonly fmtp: (codec: OfferedCodec) => string;
  readonly receiveRids: readonly string[];
  readonly source: AnsweredSource | null;
}

export interface AnswerOptions {
  readonly offer: Offer;
  readonly local: LocalParameters;
  /** `o=` session id, constant within a connection. */
  readonly sessionId: number;
  /** Counts the answers of a connection. */
  readonly version: number;
  readonly answer: (media: OfferedMedia) => AnsweredMedia;
}

/** The answer's text. */
export const buildAnswer = (options: AnswerOptions): string => {
  const { offer, local } = options;
  const accepted = offer.lines.flatMap((line) => (line.refused ? [] : [line.media]));
  const first = accepted[0];
  return [
    'v=0',
    `o=- ${options.sessionId} ${options.version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    ...(offer.bundled ? [`a=group:BUNDLE${accepted.map((media) => ` ${media.mid}`).join('')}`] : []),
    ...(offer.extmapAllowMixed ? ['a=extmap-allow-mixed'] : []),
    'a=msid-semantic: WMS *',
    ...offer.lines.flatMap((line) =>
      line.refused
        ? refusedLine(line)
        : acceptedLine(line.media, options.answer(line.media), offer, local, line.media === first),
    ),
    '',
  ].join('\r\n');
};

const refusedLine = (line: OfferLine & { refused: true }): string[] => [
  `m=${line.head}`,
  'c=IN IP4 0.0.0.0',
  ...(line.mid === null ? [] : [`a=mid:${line.mid}`]),
  'a=inactive',
];

const acceptedLine = (
  media: OfferedMedia,
  answered: AnsweredMedia,
  offer: Offer,
  local: LocalParameters,
  carriesCandidates: boolean,
): string[] => {
  const payloadTypes = answered.codecs.flatMap(({ payloadType, rtxPayloadType }) =>
    rtxPayloadType === null ? [payloadType] : [payloadType, rtxPayloadType],
  );
  return [
    `m=${media.kind} 9 UDP/TLS/RTP/SAVPF ${payloadTypes.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...(carriesCandidates ? local.candidates.map((candidate) => `a=candidate:${candidate}`) : []),
    ...(carriesCandidates ? ['a=end-of-candidates'] : []),
    `a=ice-ufrag:${local.iceUfrag}`,
    `a=ice-pwd:${local.icePwd}`,
    `a=fingerprint:${local.fingerprint}`,
    'a=setup:passive',
    ...(offer.bundled ? [`a=mid:${media.mid}`] : []),
    ...extensionLines(media, answered),
    `a=${answered.direction}`,
    'a=rtcp-mux',
    ...(media.reducedSizeRtcp ? ['a=rtcp-rsize'] : []),
    ...answered.codecs.flatMap((codec) => codecLines(codec, answered)),
    ...sourceLines(answered.source),
    ...simulcastLines(answered.receiveRids),
  ];
};

const extensionLines = (media: OfferedMedia, answered: AnsweredMedia): string[] =>
  answered.extensions.flatMap((uri) => {
    const id = media.extensions.get(uri);
    return id === undefined ? [] : [`a=extmap:${id} ${uri}`];
  });

const ENCODING_NAMES = { vp8: 'VP8', vp9: 'VP9', h264: 'H264', av1: 'AV1', opus: 'opus' } as const;

const codecLines = (codec: OfferedCodec, answered: AnsweredMedia): string[] => {
  const { payloadType, rtxPayloadType, clockRate } = codec;
  const channels = codec.codec === 'opus' ? '/2' : '';
  const fmtp = answered.fmtp(codec);
  return [
    `a=rtpmap:${payloadType} ${ENCODING_NAMES[codec.codec]}/${clockRate}${channels}`,
    ...answered.feedback(codec).map((value) => `a=rtcp-fb:${payloadType} ${value}`),
    ...(fmtp === '' ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
    ...(rtxPayloadType === null
      ? []
      : [`a=rtpmap:${rtxPayloadType} rtx/${clockRate}`, `a=fmtp:${rtxPayloadType} apt=${payloadType}`]),
  ];
};

const sourceLines = (source: AnsweredSource | null): string[] => {
  if (!source) return [];
  const { ssrc, rtxSsrc, cname, msid } = source;
  const named = rtxSsrc === null ? [ssrc] : [ssrc, rtxSsrc];
  return [
    `a=msid:${msid}`,
    ...(rtxSsrc === null ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
    ...named.map((value) => `a=ssrc:${value} cname:${cname}`),
  ];
};

const simulcastLines = (rids: readonly string[]): string[] =>
  rids.length === 0 ? [] : [...rids.map((rid) => `a=rid:${rid} recv`), `a=simulcast:recv ${rids.join(';')}`];
