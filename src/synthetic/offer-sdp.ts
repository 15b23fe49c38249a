/**
 * The offer that a synthetic participant makes (RFC 8866, RFC 8829, RFC 9143 BUNDLE, RFC 8853 simulcast), and what its answer says.
 * Written by hand, since the transport below knows one m-line only (see `client-pipe.ts`).
 */
import { parse } from 'sdp-transform';
import type { Codec } from '../domain/media.ts';
import { EXTENSION } from './rtp-writer.ts';

const VIDEO_PAYLOAD_TYPE = 96;
const RTX_PAYLOAD_TYPE = 97;
const AUDIO_PAYLOAD_TYPE = 111;

/** How the transport is reached: taken from, or given to, the library below. */
export interface TransportParameters {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
  /** Values of `a=candidate:`. */
  readonly candidates: readonly string[];
}

export interface OfferedStream {
  readonly mid: string;
  readonly codec: Codec;
  /** False: the m-line stays, nothing is sent any more. */
  readonly active: boolean;
  /** Null where layers are told apart by RID, as browsers do. */
  readonly ssrc: number | null;
  readonly rtxSsrc: number | null;
  /** Simulcast layers, from the smallest; empty: one encoding. */
  readonly rids: readonly string[];
}

/** What the receiver agreed to for one m-line. */
export interface AnsweredStream {
  readonly mid: string;
  readonly accepted: boolean;
  readonly payloadType: number;
  readonly rtxPayloadType: number | null;
  readonly extensions: ReadonlySet<number>;
}

const RTPMAP: Record<Codec, string> = {
  vp8: 'VP8/90000',
  vp9: 'VP9/90000',
  h264: 'H264/90000',
  av1: 'AV1/90000',
  opus: 'opus/48000/2',
};
const FMTP: Record<Codec, string | null> = {
  vp8: null,
  vp9: 'profile-id=0',
  h264: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  av1: 'level-idx=5;profile=0;tier=0',
  opus: 'minptime=10;useinbandfec=1',
};

const mediaLines = (stream: OfferedStream, cname: string): string[] => {
  const isSound = stream.codec === 'opus';
  const pt = isSound ? AUDIO_PAYLOAD_TYPE : VIDEO_PAYLOAD_TYPE;
  const extensions = isSound
    ? [EXTENSION.audioLevel, EXTENSION.absSendTime, EXTENSION.transportSequence, EXTENSION.mid]
    : [EXTENSION.absSendTime, EXTENSION.transportSequence, EXTENSION.mid, EXTENSION.rid, EXTENSION.repairedRid];
  const fmtp = FMTP[stream.codec];
  return [
    `m=${isSound ? `audio 9 UDP/TLS/RTP/SAVPF ${pt}` : `video 9 UDP/TLS/RTP/SAVPF ${pt} ${RTX_PAYLOAD_TYPE}`}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=mid:${stream.mid}`,
    ...extensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    `a=${stream.active ? 'sendonly' : 'inactive'}`,
    `a=msid:${cname} ${cname}-${stream.mid}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    `a=rtpmap:${pt} ${RTPMAP[stream.codec]}`,
    `a=rtcp-fb:${pt} transport-cc`,
    `a=rtcp-fb:${pt} nack`,
    ...(isSound ? [] : [`a=rtcp-fb:${pt} nack pli`, `a=rtcp-fb:${pt} ccm fir`, `a=rtcp-fb:${pt} goog-remb`]),
    ...(fmtp ? [`a=fmtp:${pt} ${fmtp}`] : []),
    ...(isSound ? [] : [`a=rtpmap:${RTX_PAYLOAD_TYPE} rtx/90000`, `a=fmtp:${RTX_PAYLOAD_TYPE} apt=${pt}`]),
    ...sourceLines(stream, cname),
  ];
};

const sourceLines = ({ ssrc, rtxSsrc, rids }: OfferedStream, cname: string): string[] => [
  ...rids.map((rid) => `a=rid:${rid} send`),
  ...(rids.length > 0 ? [`a=simulcast:send ${rids.join(';')}`] : []),
  ...(ssrc !== null && rtxSsrc !== null ? [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`] : []),
  ...(ssrc !== null ? [`a=ssrc:${ssrc} cname:${cname}`] : []),
  ...(rtxSsrc !== null ? [`a=ssrc:${rtxSsrc} cname:${cname}`] : []),
];

/** The whole offer. `version` counts up with every renegotiation of a connection. */
export const writeOffer = (
  transport: TransportParameters,
  streams: readonly OfferedStream[],
  cname: string,
  version: number,
): string => {
  const transportLines = [
    `a=ice-ufrag:${transport.ufrag}`,
    `a=ice-pwd:${transport.pwd}`,
    'a=ice-options:trickle',
    `a=fingerprint:${transport.fingerprint}`,
    'a=setup:actpass',
  ];
  const lines = [
    'v=0',
    `o=- 4611733054762223410 ${version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${streams.map(({ mid }) => mid).join(' ')}`,
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS *',
  ];
  for (const [index, stream] of streams.entries()) {
    const [media = '', ...attributes] = mediaLines(stream, cname);
    const candidates = index === 0 ? transport.candidates.map((candidate) => `a=candidate:${candidate}`) : [];
    lines.push(media, attributes[0] ?? '', ...candidates, ...transportLines, ...attributes.slice(1));
  }
  return `${lines.join('\r\n')}\r\n`;
};

/** Transport and streams of an answer. Throws if it lacks what a connection needs. */
export const readAnswer = (
  answer: string,
): { readonly transport: TransportParameters; readonly streams: readonly AnsweredStream[] } => {
  const session = parse(answer);
  const first = session.media.find(({ port }) => port !== 0) ?? session.media[0];
  const ufrag = first?.iceUfrag ?? session.iceUfrag;
  const pwd = first?.icePwd ?? session.icePwd;
  const fingerprint = first?.fingerprint ?? session.fingerprint;
  if (!ufrag || !pwd || !fingerprint) throw new Error('The answer names no ICE credentials or no fingerprint.');
  const candidates = [...answer.matchAll(/^a=candidate:(.*?)\r?$/gm)].map(([, candidate]) => candidate ?? '');
  const streams = session.media.map((media): AnsweredStream => {
    const [payloadType = 0] = String(media.payloads ?? '')
      .split(' ')
      .map(Number);
    const rtx = media.rtp.find(({ codec }) => codec.toLowerCase() === 'rtx');
    return {
      mid: String(media.mid ?? ''),
      accepted: media.port !== 0 && media.direction !== 'inactive',
      payloadType,
      rtxPayloadType: rtx?.payload ?? null,
      extensions: new Set((media.ext ?? []).map(({ value }) => value)),
    };
  });
  return {
    transport: {
      ufrag,
      pwd,
      fingerprint: `${fingerprint.type} ${fingerprint.hash}`,
      candidates: [...new Set(candidates)],
    },
    streams,
  };
};
