/** Which of a subscriber's payload types a published stream is sent as. */
import type { PublishedStream } from '../published-stream.ts';
import { type OfferedCodec, parseFmtp } from '../sdp/codecs.ts';

const h264Profile = (fmtp: string): string => parseFmtp(fmtp).get('profile-level-id')?.slice(0, 4).toLowerCase() ?? '';

/**
 * The payload type of the same codec, for H.264 of the same profile if there is one (decoders take the others too). Null: the subscriber
 * cannot decode it.
 */
export const receivingCodec = (
  stream: Pick<PublishedStream, 'codec' | 'fmtp'>,
  offered: readonly OfferedCodec[],
): OfferedCodec | null => {
  const same = offered.filter((codec) => codec.codec === stream.codec);
  if (stream.codec !== 'h264') return same[0] ?? null;
  const profile = h264Profile(stream.fmtp);
  return same.find((codec) => h264Profile(codec.fmtp) === profile) ?? same[0] ?? null;
};
