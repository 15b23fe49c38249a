/**
 * The image of a watermark, fetched or decoded when a recording starts, so that the file depends on nothing that may change meanwhile.
 * Fetching is bounded in time, size and redirects; every address that is connected to is judged, whatever a name resolves to.
 */
import { lookup } from 'node:dns';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import type { LookupFunction } from 'node:net';
import { RoomtapeError } from '../domain/errors.ts';
import { imageSize } from './image-size.ts';
import { addressProblem, outboundUrlProblem } from './outbound-url.ts';

/** A logo has some kilobytes. */
export const MOST_IMAGE_BYTES = 2 * 2 ** 20;
/** A start call waits for it. */
const FETCH_LIMIT_MS = 8_000;
const MOST_REDIRECTS = 3;
/** More pixels than any canvas has. Decoded it takes four bytes each. */
const LONGEST_SIDE = 4096;

type Allowed = true | readonly string[];

const refuse = (what: string, cause?: unknown): RoomtapeError =>
  new RoomtapeError('INVALID_REQUEST', `The image of a watermark ${what}.`, { cause });

/** Resolves names as usual, and fails for those that lead where URLs may not lead. */
const guardedLookup =
  (allowed: Allowed): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const found = Array.isArray(addresses) ? addresses : [];
      const [first] = found;
      const problem = found.map(({ address }) => addressProblem(address, allowed)).find((one) => one !== undefined);
      if (error) callback(error, '');
      else if (!first || problem) callback(new Error(`"${hostname}" ${problem ?? 'has no address'}`), '');
      else if (options.all) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };

const respond = (url: URL, allowed: Allowed, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getSecure : getPlain;
    const options = {
      signal,
      lookup: guardedLookup(allowed),
      headers: { accept: 'image/png, image/jpeg' },
      agent: false,
    };
    get(url, options, resolve).on('error', reject);
  });

const readAll = async (response: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_IMAGE_BYTES) {
      response.destroy();
      throw refuse(`is larger than ${MOST_IMAGE_BYTES / 2 ** 20} MiB`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
};

const fetchImage = async (address: string, allowed: Allowed): Promise<Buffer> => {
  const signal = AbortSignal.timeout(FETCH_LIMIT_MS);
  let url = new URL(address);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const problem = outboundUrlProblem(url.href, allowed);
    if (problem) throw refuse(`lies at an address that ${problem}`);
    const response = await respond(url, allowed, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return readAll(response);
    response.destroy();
    const next = statusCode >= 300 && statusCode < 400 ? headers.location : undefined;
    if (next === undefined || !URL.canParse(next, url.href)) throw refuse(`was answered ${statusCode}`);
    url = new URL(next, url);
  }
  throw refuse(`was redirected more than ${MOST_REDIRECTS} times`);
};

const judged = (bytes: Buffer): Buffer => {
  const size = imageSize(bytes);
  if (!size) throw refuse('is neither a PNG nor a JPEG');
  if (size.width > LONGEST_SIDE || size.height > LONGEST_SIDE) {
    throw refuse(`has ${size.width}x${size.height} pixels; ${LONGEST_SIDE}x${LONGEST_SIDE} are the most`);
  }
  return bytes;
};

/** The bytes behind a URL. INVALID_REQUEST, with what is wrong, where they can't be had or are no image. */
export const imageAt = async (url: string, allowed: Allowed): Promise<Buffer> => {
  try {
    return judged(await fetchImage(url, allowed));
  } catch (error) {
    if (error instanceof RoomtapeError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw refuse(`could not be fetched: ${detail}`, error);
  }
};

/** The bytes of a base64 text, with or without `data:image/png;base64,` before it. INVALID_REQUEST. */
export const imageIn = (base64: string): Buffer =>
  judged(Buffer.from(base64.replace(/^data:image\/[a-z+.-]+;base64,/, ''), 'base64'));
