/**
 * Which payload types of an offered m-line we take: VP8, VP9 profile 0 (RFC 9628 §6), H.264 with packetization-mode 1 in the profiles
 * browsers send (RFC 6184 §8.1), AV1 main profile, Opus (RFC 7587), and the RTX (RFC 4588) of each. RED and FEC are left out:
 * retransmission repairs, and what is journaled is one packet per sequence number.
 */
import type { MediaDescription } from 'sdp-transform';
import type { Codec, MediaKind } from '../../domain/media.ts';

export interface OfferedCodec {
  readonly codec: Codec;
  readonly payloadType: number;
  readonly clockRate: number;
  readonly fmtp: string;
  readonly rtxPayloadType: number | null;
  /** Which feedback the offer names for it. */
  readonly pli: boolean;
  readonly fir: boolean;
  readonly transportCc: boolean;
  readonly remb: boolean;
}

const NAMES: Readonly<Record<string, { readonly codec: Codec; readonly kind: MediaKind; readonly rate: number }>> = {
  vp8: { codec: 'vp8', kind: 'video', rate: 90_000 },
  vp9: { codec: 'vp9', kind: 'video', rate: 90_000 },
  h264: { codec: 'h264', kind: 'video', rate: 90_000 },
  av1: { codec: 'av1', kind: 'video', rate: 90_000 },
  opus: { codec: 'opus', kind: 'audio', rate: 48_000 },
};
/** profile_idc: baseline (constrained or not), main, high. */
const H264_PROFILES = new Set(['42', '4d', '64']);
const MAX_PAYLOAD_TYPE = 127;

/** `a=1;b=2` as a map with lower-case keys. */
export const parseFmtp = (fmtp: string): ReadonlyMap<string, string> =>
  new Map(
    fmtp
      .split(';')
      .map((pair) => pair.trim().split('='))
      .map(([key = '', value = '']) => [key.trim().toLowerCase(), value.trim()] as const)
      .filter(([key]) => key !== ''),
  );

const isTakenProfile = (codec: Codec, fmtp: string): boolean => {
  const parameters = parseFmtp(fmtp);
  switch (codec) {
    case 'vp9':
      return (parameters.get('profile-id') ?? '0') === '0';
    case 'av1':
      return (parameters.get('profile') ?? '0') === '0';
    case 'h264': {
      const profile = parameters.get('profile-level-id')?.slice(0, 2).toLowerCase();
      return parameters.get('packetization-mode') === '1' && (profile === undefined || H264_PROFILES.has(profile));
    }
    default:
      return true;
  }
};

const feedbackOf = (media: MediaDescription, payloadType: number): Set<string> =>
  new Set(
    (media.rtcpFb ?? [])
      .filter((feedback) => String(feedback.payload) === String(payloadType) || String(feedback.payload) === '*')
      .map((feedback) => (feedback.subtype ? `${feedback.type} ${feedback.subtype}` : feedback.type)),
  );

/** The accepted codecs of an m-line in the offerer's order of preference. */
export const acceptedCodecs = (media: MediaDescription, kind: MediaKind): OfferedCodec[] => {
  // The parser turns whatever looks like a number into one: text is made of it again before it is text's turn.
  const order = String(media.payloads ?? '')
    .split(' ')
    .map(Number);
  const fmtpOf = (payloadType: number): string =>
    String((media.fmtp ?? []).find((entry) => entry.payload === payloadType)?.config ?? '').trim();
  const rtxFor = new Map<number, number>();
  for (const { payload, codec } of media.rtp ?? []) {
    if (String(codec).toLowerCase() !== 'rtx' || !order.includes(payload)) continue;
    const repaired = Number(parseFmtp(fmtpOf(payload)).get('apt'));
    if (!rtxFor.has(repaired)) rtxFor.set(repaired, payload);
  }
  return order.flatMap((payloadType): OfferedCodec[] => {
    const map = (media.rtp ?? []).find((entry) => entry.payload === payloadType);
    const name = String(map?.codec).toLowerCase();
    const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (!map || !known || known.kind !== kind || payloadType > MAX_PAYLOAD_TYPE || map.rate !== known.rate) return [];
    const fmtp = fmtpOf(payloadType);
    if (!isTakenProfile(known.codec, fmtp)) return [];
    const feedback = feedbackOf(media, payloadType);
    return [
      {
        codec: known.codec,
        payloadType,
        clockRate: known.rate,
        fmtp,
        rtxPayloadType: kind === 'video' ? (rtxFor.get(payloadType) ?? null) : null,
        pli: feedback.has('nack pli'),
        fir: feedback.has('ccm fir'),
        transportCc: feedback.has('transport-cc'),
        remb: feedback.has('goog-remb'),
      },
    ];
  });
};
