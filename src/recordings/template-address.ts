/**
 * The address at which a caller's page is opened: what he wrote, and `participantId`, `meetingId` and `token` where his query has none.
 *
 * Nothing that he wrote is written anew: the order of his query, its encodings and the fragment stay as they are, byte by byte. A name
 * without a value counts as not written, as templates are often filled in by programs. Pure.
 */
import { isParticipantId, type ParticipantId } from '../domain/ids.ts';

/** What a page needs to join the room as its hidden participant. */
export interface PageParameters {
  readonly participantId: ParticipantId;
  /** The room's id: VideoSDK's pages call it a meeting. */
  readonly meetingId: string;
  readonly token: string;
}

const NAMES = ['participantId', 'meetingId', 'token'] as const satisfies readonly (keyof PageParameters)[];

interface Parts {
  /** Up to the query. */
  readonly before: string;
  /** As written, split at `&`. */
  readonly pairs: readonly string[];
  /** From `#` on, or empty. */
  readonly fragment: string;
}

const partsOf = (address: string): Parts => {
  const hash = address.indexOf('#');
  const whole = hash === -1 ? address : address.slice(0, hash);
  const mark = whole.indexOf('?');
  const query = mark === -1 ? '' : whole.slice(mark + 1);
  return {
    before: mark === -1 ? whole : whole.slice(0, mark),
    pairs: query === '' ? [] : query.split('&'),
    fragment: hash === -1 ? '' : address.slice(hash),
  };
};

/** Name and value of one pair, decoded as `URLSearchParams` decodes (WHATWG URL §5.1): bad escapes stay as they are. */
const decoded = (pair: string): { readonly name: string; readonly value: string } => {
  for (const [name, value] of new URLSearchParams(pair)) return { name, value };
  return { name: '', value: '' };
};

const written = (pairs: readonly string[], wanted: string): string | undefined =>
  pairs.map(decoded).find(({ name, value }) => name === wanted && value !== '')?.value;

/** The participant that a JWT names. Not verified: whoever signs wrongly does not get in anyway. Undefined: none that could be one. */
const claimedParticipant = (token: string): ParticipantId | undefined => {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined; // A token of something else than this server, which the page knows what to do with.
  }
  if (typeof claims !== 'object' || claims === null || !('participantId' in claims)) return undefined;
  const { participantId } = claims;
  return typeof participantId === 'string' && isParticipantId(participantId) ? participantId : undefined;
};

/**
 * Who the page is in the room, and so who is hidden while it renders: whom the caller's own token names, else whom his query names, else
 * `madeUp`. A query's name that no participant can have (`isParticipantId`) is left to the page.
 */
export const pageParticipant = (templateUrl: string, madeUp: ParticipantId): ParticipantId => {
  const { pairs } = partsOf(templateUrl);
  const claimed = claimedParticipant(written(pairs, 'token') ?? '');
  if (claimed !== undefined) return claimed;
  const named = written(pairs, 'participantId');
  return named !== undefined && isParticipantId(named) ? named : madeUp;
};

/**
 * The address that is opened. `ours.participantId` is to be `pageParticipant`'s answer, and `ours.token` one for that participant.
 * @param templateUrl An absolute http or https URL, as the API has accepted it.
 */
export const templateAddress = (templateUrl: string, ours: PageParameters): string => {
  const { before, pairs, fragment } = partsOf(templateUrl);
  const lacking = NAMES.filter((name) => written(pairs, name) === undefined);
  const kept = pairs.filter((pair) => pair !== '' && !lacking.some((name) => name === decoded(pair).name));
  const added = lacking.map((name) => `${name}=${encodeURIComponent(ours[name])}`);
  const query = [...kept, ...added].join('&');
  return `${before}${query === '' ? '' : `?${query}`}${fragment}`;
};
