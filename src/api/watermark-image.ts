/**
 * The image of a watermark, fetched or decoded when a recording starts, so that the file depends on nothing that may change meanwhile.
 * Fetching is bounded in time, size and redirects, and guarded (support/guarded-fetch.ts).
 */
import { RoomtapeError } from '../domain/errors.ts';
import { guardedFetch, OutboundError } from '../support/guarded-fetch.ts';
import type { AllowedNetworks } from '../support/outbound-url.ts';
import { imageSize } from './image-size.ts';

/** A logo has some kilobytes. */
export const MOST_IMAGE_BYTES = 2 * 2 ** 20;
/** A start call waits for it. */
const FETCH_LIMIT_MS = 8_000;
const MOST_REDIRECTS = 3;
/** More pixels than any canvas has. Decoded it takes four bytes each. */
const LONGEST_SIDE = 4096;

/** What is wrong with an image, as the end of a sentence that begins with the name of its field. */
class ImageProblem extends Error {}

const refuse = (what: string): ImageProblem => new ImageProblem(what);

const fetchImage = async (url: string, allowed: AllowedNetworks): Promise<Buffer> => {
  const { status, body } = await guardedFetch({
    url,
    allowed,
    headers: { accept: 'image/png, image/jpeg' },
    mostRedirects: MOST_REDIRECTS,
    limits: { totalMs: FETCH_LIMIT_MS, bodyBytes: MOST_IMAGE_BYTES, longerBody: 'refuse' },
  });
  if (status !== 200) throw refuse(`was answered ${status}`);
  return body;
};

const judged = (bytes: Buffer): Buffer => {
  const size = imageSize(bytes);
  if (!size) throw refuse('is neither a PNG nor a JPEG');
  if (size.width > LONGEST_SIDE || size.height > LONGEST_SIDE) {
    throw refuse(`has ${size.width}x${size.height} pixels; ${LONGEST_SIDE}x${LONGEST_SIDE} are the most`);
  }
  return bytes;
};

/** The refusal of a field; bugs pass. A URL is not repeated: it may carry a signature. */
const refusalOf = (field: string, cause: unknown): unknown => {
  const refused = (problem: string): RoomtapeError =>
    new RoomtapeError('INVALID_REQUEST', `The image of "${field}" ${problem}.`, { cause });
  if (cause instanceof ImageProblem) return refused(cause.message);
  if (!(cause instanceof OutboundError)) return cause;
  if (cause.failure === 'too-large') return refused(`is larger than ${MOST_IMAGE_BYTES / 2 ** 20} MiB`);
  return refused(`could not be fetched: ${cause.message}`);
};

/** The bytes behind a URL. INVALID_REQUEST, with the field and what is wrong, where they can't be had or are no image. */
export const imageAt = async (url: string, allowed: AllowedNetworks, field: string): Promise<Buffer> => {
  try {
    return judged(await fetchImage(url, allowed));
  } catch (error) {
    throw refusalOf(field, error);
  }
};

/** The bytes of a base64 text, with or without `data:image/png;base64,` before it. INVALID_REQUEST. */
export const imageIn = (base64: string, field: string): Buffer => {
  try {
    return judged(Buffer.from(base64.replace(/^data:image\/[a-z+.-]+;base64,/, ''), 'base64'));
  } catch (error) {
    throw refusalOf(field, error);
  }
};
