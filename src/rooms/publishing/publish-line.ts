/** What was negotiated for each m-line of a publishing connection, and the answer to it. */
import { RoomtapeError } from '../../domain/errors.ts';
import { type MediaKind, mediaKindOf, type TrackSource } from '../../domain/media.ts';
import type { AnsweredMedia } from '../sdp/answer.ts';
import { type OfferedCodec, parseFmtp } from '../sdp/codecs.ts';
import { AUDIO_PUBLISH_EXTENSIONS, EXTENSION, VIDEO_PUBLISH_EXTENSIONS } from '../sdp/header-extensions.ts';
import type { Offer, OfferedMedia } from '../sdp/offer.ts';

export type CongestionFeedback = 'transport-cc' | 'remb';

/** An m-line that sends, or once did. */
export interface PublishLine {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly source: TrackSource;
  readonly sending: boolean;
  readonly offered: OfferedMedia;
  readonly extensions: Readonly<Record<string, number>>;
}

const DEFAULT_SOURCES: Record<MediaKind, readonly TrackSource[]> = {
  audio: ['microphone', 'screen-audio'],
  video: ['camera', 'screen-video'],
};

const isOfferedToUs = (media: OfferedMedia): boolean =>
  media.direction === 'sendonly' || media.direction === 'sendrecv';

/**
 * The m-lines of an offer with their sources: as named, or (null, WHIP) the first and second of each kind that send. An m-line that does
 * not send keeps the source it had. Throws `INVALID_SDP` for a sending m-line without a source, or with one of the other kind, and for a
 * WHIP offer that publishes nothing.
 */
export const publishLines = (
  offer: Offer,
  sources: ReadonlyMap<string, TrackSource> | null,
  before: ReadonlyMap<string, PublishLine>,
): Map<string, PublishLine> => {
  const lines = new Map<string, PublishLine>();
  const used = new Map<MediaKind, number>();
  for (const line of offer.lines) {
    if (line.refused) continue;
    const { media } = line;
    const offered = isOfferedToUs(media);
    const index = used.get(media.kind) ?? 0;
    if (offered) used.set(media.kind, index + 1);
    const unnamed = offered ? DEFAULT_SOURCES[media.kind][index] : undefined;
    const named = sources ? sources.get(media.mid) : unnamed;
    const sending = offered && (sources !== null || named !== undefined);
    const source = named ?? before.get(media.mid)?.source;
    if (sending && named === undefined && source === undefined) {
      throw new RoomtapeError(
        'INVALID_SDP',
        `M-line "${media.mid}" sends ${media.kind}, but its source was not named.`,
      );
    }
    if (source === undefined) continue;
    if (mediaKindOf(source) !== media.kind) {
      throw new RoomtapeError('INVALID_SDP', `M-line "${media.mid}" is ${media.kind} and cannot be a ${source}.`);
    }
    lines.set(media.mid, {
      mid: media.mid,
      kind: media.kind,
      source,
      sending,
      offered: media,
      extensions: taken(media),
    });
  }
  if (sources === null && lines.size === 0) throw publishesNothing(offer);
  return lines;
};

/** Answered, such an offer would make a participant who is never seen or heard, and a client that waits in vain. */
const publishesNothing = (offer: Offer): RoomtapeError => {
  const usable = offer.lines.some((line) => !line.refused);
  return new RoomtapeError(
    'INVALID_SDP',
    usable
      ? 'The offer publishes nothing: no m-line says "a=sendonly" or "a=sendrecv".'
      : 'The offer has no m-line that can be published: audio has to offer Opus, video VP8, VP9, H.264 (packetization-mode=1) or AV1.',
  );
};

const wanted = (kind: MediaKind): readonly string[] =>
  kind === 'audio' ? AUDIO_PUBLISH_EXTENSIONS : VIDEO_PUBLISH_EXTENSIONS;

const taken = (media: OfferedMedia): Record<string, number> =>
  Object.fromEntries(
    wanted(media.kind).flatMap((uri) => {
      const id = media.extensions.get(uri);
      return id === undefined ? [] : [[uri, id]];
    }),
  );

/** What this connection's sender will adapt to: the wish where the offer has it, else the other, else nothing. */
export const chooseFeedback = (offer: Offer, wish: CongestionFeedback): CongestionFeedback | null => {
  const media = offer.lines.flatMap((line) => (line.refused ? [] : [line.media]));
  const transportCc = media.some(
    ({ codecs, extensions }) =>
      extensions.has(EXTENSION.transportSequence) && codecs.some((codec) => codec.transportCc),
  );
  const remb = media.some(({ codecs }) => codecs.some((codec) => codec.remb));
  if (wish === 'transport-cc' && transportCc) return 'transport-cc';
  if (remb) return 'remb';
  return transportCc ? 'transport-cc' : null;
};

/**
 * NACK also for Opus: browsers honour it though they do not offer it, and a recording has the time. Without transport-cc its
 * extension is left out too, or the sender would wait for feedback on it.
 */
export const answerPublishLine = (
  media: OfferedMedia,
  line: PublishLine | undefined,
  feedback: CongestionFeedback | null,
): AnsweredMedia => ({
  direction: line?.sending ? 'recvonly' : 'inactive',
  codecs: media.codecs,
  extensions: wanted(media.kind).filter((uri) => uri !== EXTENSION.transportSequence || feedback === 'transport-cc'),
  feedback: (codec) => codecFeedback(media.kind, codec, feedback),
  fmtp: (codec) => publishFmtp(codec, line?.source),
  receiveRids: line?.sending ? media.sendRids : [],
  source: null,
});

const codecFeedback = (kind: MediaKind, codec: OfferedCodec, feedback: CongestionFeedback | null): string[] => [
  'nack',
  ...(kind === 'video' && (codec.pli || !codec.fir) ? ['nack pli'] : []),
  ...(kind === 'video' && codec.fir ? ['ccm fir'] : []),
  ...(feedback === 'transport-cc' && codec.transportCc ? ['transport-cc'] : []),
  ...(feedback === 'remb' && codec.remb && kind === 'video' ? ['goog-remb'] : []),
];

/**
 * Chromium begins at 300 kbps, makes its picture small for it at once and takes long to make it large again: it is told to begin higher.
 * Others do not know the parameter.
 */
const START_BITRATE = 'x-google-start-bitrate=1200';

/**
 * What is shared with a screen is music and films: stereo is asked for (RFC 7587 §7.1). So it is of whoever says that stereo is what they
 * would send (`sprop-stereo`, encoders over WHIP): without our word for it they would mix it down.
 */
const publishFmtp = (codec: OfferedCodec, source: TrackSource | undefined): string => {
  if (codec.codec !== 'opus') return withParameter(codec.fmtp, START_BITRATE);
  const offered = parseFmtp(codec.fmtp);
  const wanted = source === 'screen-audio' || offered.get('sprop-stereo') === '1';
  return wanted && !offered.has('stereo') ? withParameter(codec.fmtp, 'stereo=1') : codec.fmtp;
};

const withParameter = (fmtp: string, parameter: string): string => (fmtp === '' ? parameter : `${fmtp};${parameter}`);
