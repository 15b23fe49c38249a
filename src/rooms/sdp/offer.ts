/**
 * An offer (RFC 8866, 8829, BUNDLE 8843) read and judged: what we need of it, or `RoomtapeError('INVALID_SDP')` with a sentence. All text
 * that goes back into an answer has passed a pattern here, so a description cannot smuggle lines into ours.
 */
import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { RoomtapeError } from '../../domain/errors.ts';
import type { MediaKind } from '../../domain/media.ts';
import type { RemoteParameters } from '../transport/media-transport.ts';
import { acceptedCodecs, type OfferedCodec } from './codecs.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One m-line that can carry media with us. */
export interface OfferedMedia {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly direction: Direction;
  /** Accepted codecs; may be empty: then the m-line is rejected. */
  readonly codecs: readonly OfferedCodec[];
  /** Id by URI, all that are offered for a direction that concerns us. */
  readonly extensions: ReadonlyMap<string, number>;
  /** SSRCs by `a=ssrc`, without those of retransmissions. */
  readonly ssrcs: readonly number[];
  /** RTX SSRC → the SSRC it repairs (`a=ssrc-group:FID`). */
  readonly repairs: ReadonlyMap<number, number>;
  /** RIDs that the offerer sends (RFC 8851), or none. */
  readonly sendRids: readonly string[];
  readonly reducedSizeRtcp: boolean;
}

/** An m-line in the offer's order: `refused` ones are answered with port 0. */
export type OfferLine =
  | { readonly refused: false; readonly media: OfferedMedia }
  | { readonly refused: true; readonly head: string; readonly mid: string | null };

export interface Offer {
  readonly remote: RemoteParameters;
  readonly lines: readonly OfferLine[];
  /** False: the offer has no mids at all (one m-line, no BUNDLE). */
  readonly bundled: boolean;
  readonly extmapAllowMixed: boolean;
}

const MAX_LINES = 256;
const MID = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}$/;
const RID = /^[A-Za-z0-9_-]{1,16}$/;
/** RFC 8839 §5.4. */
const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const ICE_PWD = /^[A-Za-z0-9+/]{22,256}$/;
const FINGERPRINT_BYTES: Readonly<Record<string, number>> = {
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
};
const RTP_PROTOCOLS = new Set(['UDP/TLS/RTP/SAVPF', 'TCP/TLS/RTP/SAVPF', 'RTP/SAVPF']);
const SAFE_HEAD = /^[A-Za-z0-9 /._+-]{1,200}$/;

const invalid = (message: string): RoomtapeError => new RoomtapeError('INVALID_SDP', message);

/** Reads an offer. Throws `RoomtapeError('INVALID_SDP')`. */
export const parseOffer = (sdp: string): Offer => {
  const session = parseText(sdp);
  if (session.media.length === 0) throw invalid('The offer has no m-line: there is nothing to send or receive.');
  if (session.media.length > MAX_LINES) {
    throw invalid(`The offer has ${session.media.length} m-lines; ${MAX_LINES} is the most.`);
  }
  const bundle = bundleMids(session);
  const lines = session.media.map((media, index) => readLine(media, index, bundle, session));
  const mids = lines.flatMap((line) => (line.refused ? [] : [line.media.mid]));
  const twice = mids.find((mid, index) => mids.indexOf(mid) !== index);
  if (twice !== undefined) throw invalid(`The offer has two m-lines with mid "${twice}".`);
  return {
    remote: remoteParameters(session, bundle),
    lines,
    bundled: bundle !== null,
    extmapAllowMixed: session.extmapAllowMixed !== undefined,
  };
};

const parseText = (sdp: string): SessionDescription => {
  if (!/^v=0\r?\n/.test(sdp)) throw invalid('The offer is not a session description: it does not begin with "v=0".');
  try {
    const session = parse(sdp);
    return { ...session, media: Array.isArray(session.media) ? session.media : [] };
  } catch (cause) {
    throw new RoomtapeError('INVALID_SDP', 'The offer is not a session description: it cannot be read.', { cause });
  }
};

/** The mids of the BUNDLE group in its order, or null where the offer has a single m-line and no group. */
const bundleMids = (session: SessionDescription): readonly string[] | null => {
  const group = (session.groups ?? []).find((entry) => entry.type === 'BUNDLE');
  if (group) return String(group.mids).split(' ').filter(Boolean);
  if (session.media.length === 1) return null;
  throw invalid('The offer has several m-lines and no BUNDLE group: all media has to share one transport.');
};

const remoteParameters = (session: SessionDescription, bundle: readonly string[] | null): RemoteParameters => {
  // RFC 8843 §9.2: the transport is the one of the first m-line of the group, and of the first that is there at all.
  const tagged = session.media.find((media) => bundle === null || String(media.mid ?? '') === bundle[0]);
  const media = tagged ?? session.media[0];
  const iceUfrag = String(media?.iceUfrag ?? session.iceUfrag ?? '');
  const icePwd = String(media?.icePwd ?? session.icePwd ?? '');
  if (!ICE_UFRAG.test(iceUfrag))
    throw invalid(`The offer's ice-ufrag "${iceUfrag.slice(0, 40)}" is missing or malformed.`);
  if (!ICE_PWD.test(icePwd)) throw invalid("The offer's ice-pwd is missing or malformed.");
  const setup = String(media?.setup ?? session.setup ?? 'actpass');
  if (setup !== 'actpass' && setup !== 'active') {
    throw invalid(
      `The offer says "setup:${setup.slice(0, 20)}"; this server is always passive: offer actpass or active.`,
    );
  }
  return { iceUfrag, icePwd, fingerprint: readFingerprint(media?.fingerprint ?? session.fingerprint) };
};

const readFingerprint = (fingerprint: { type: string; hash: string } | undefined): string => {
  const type = String(fingerprint?.type ?? '').toLowerCase();
  const hash = String(fingerprint?.hash ?? '').toUpperCase();
  const bytes = Object.hasOwn(FINGERPRINT_BYTES, type) ? FINGERPRINT_BYTES[type] : undefined;
  if (bytes === undefined || hash.length !== bytes * 3 - 1 || !/^([0-9A-F]{2}:)*[0-9A-F]{2}$/.test(hash)) {
    throw invalid('The offer has no usable fingerprint: a=fingerprint with sha-256 is needed for DTLS.');
  }
  return `${type} ${hash}`;
};

const isKind = (type: string): type is MediaKind => type === 'audio' || type === 'video';

const readLine = (
  media: MediaDescription,
  index: number,
  bundle: readonly string[] | null,
  session: SessionDescription,
): OfferLine => {
  const mid = media.mid === undefined ? null : String(media.mid);
  if (mid !== null && !MID.test(mid)) throw invalid(`The mid of m-line ${index + 1} is malformed.`);
  if (bundle !== null && mid === null) throw invalid(`M-line ${index + 1} has no mid.`);
  const type = String(media.type);
  const protocol = String(media.protocol).toUpperCase();
  const stopped = media.port === 0 && media.bundleOnly === undefined;
  const outside = bundle !== null && mid !== null && !bundle.includes(mid);
  if (!isKind(type) || !RTP_PROTOCOLS.has(protocol) || stopped || outside) return refused(media, index, mid);
  const codecs = acceptedCodecs(media, type);
  if (codecs.length === 0) return refused(media, index, mid);
  if (media.rtcpMux === undefined) {
    throw invalid(`M-line ${index + 1} does not offer rtcp-mux: RTP and RTCP have to share one port.`);
  }
  return {
    refused: false,
    media: {
      mid: mid ?? String(index),
      kind: type,
      direction: media.direction ?? session.direction ?? 'sendrecv',
      codecs,
      extensions: readExtensions(media, session),
      ...readSources(media),
      sendRids: readSendRids(media),
      reducedSizeRtcp: media.rtcpRsize !== undefined,
    },
  };
};

const refused = (media: MediaDescription, index: number, mid: string | null): OfferLine => {
  const head = `${media.type} 0 ${media.protocol} ${media.payloads ?? ''}`.trim();
  if (!SAFE_HEAD.test(head)) throw invalid(`M-line ${index + 1} is malformed.`);
  return { refused: true, head, mid };
};

const readExtensions = (media: MediaDescription, session: SessionDescription): ReadonlyMap<string, number> => {
  const map = new Map<string, number>();
  for (const { uri, value, direction } of [...(session.ext ?? []), ...(media.ext ?? [])]) {
    // Ids above 14 would need the two-byte header form (RFC 8285 §4.3); those directed at the offerer only are not for us to read.
    if (direction === 'inactive' || value < 1 || value > 14 || !Number.isInteger(value)) continue;
    map.set(uri, value);
  }
  return map;
};

const readSources = (media: MediaDescription): Pick<OfferedMedia, 'ssrcs' | 'repairs'> => {
  const repairs = new Map<number, number>();
  for (const { semantics, ssrcs } of media.ssrcGroups ?? []) {
    if (semantics !== 'FID') continue;
    const [primary, rtx] = String(ssrcs).split(' ').map(Number);
    if (isSsrc(primary) && isSsrc(rtx)) repairs.set(rtx, primary);
  }
  const all = new Set((media.ssrcs ?? []).map((source) => Number(source.id)).filter(isSsrc));
  return { repairs, ssrcs: [...all].filter((ssrc) => !repairs.has(ssrc)) };
};

const isSsrc = (value: number | undefined): value is number =>
  value !== undefined && Number.isInteger(value) && value > 0 && value <= 0xffff_ffff;

const readSendRids = (media: MediaDescription): string[] => {
  const rids = (media.rids ?? []).filter((rid) => rid.direction === 'send').map((rid) => String(rid.id));
  const wrong = rids.find((rid) => !RID.test(rid));
  if (wrong !== undefined) throw invalid(`The rid "${wrong.slice(0, 40)}" is malformed.`);
  return [...new Set(rids)];
};
