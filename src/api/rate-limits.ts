/**
 * How often a caller may ask, a minute: REST calls and joins by who the token says he is, failed authentications by the address they come
 * from. Counted in windows of a minute that begin with the first request; in memory, so a restart forgets them.
 *
 * A key is the API key with what the token is bound to: backends that sign their own unbound tokens share one, and somebody who has a
 * token for one room can't use up theirs. Right tokens are never refused because of wrong ones from the same address: many people may
 * be behind it, or all, where a proxy is not told of (ROOMTAPE_TRUST_PROXY).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { FastifyReply } from 'fastify';
import { RoomtapeError } from '../domain/errors.ts';
import { groupsOf } from '../support/network-address.ts';

export interface RateLimitSettings {
  /** 0: no limit, here and below. */
  readonly requestsPerMinute: number;
  /** WebSocket, WHIP, WHEP. */
  readonly joinsPerMinute: number;
  /** Answers 401 to one address. */
  readonly failuresPerMinute: number;
}

const WINDOW_MS = 60_000;
/** Bounds memory: beyond it the oldest windows end early. */
const MOST_KEYS = 50_000;

interface Taken {
  readonly limit: number;
  readonly remaining: number;
  readonly resetS: number;
  readonly exceeded: boolean;
}

/** Counts by key in windows of a minute. */
class Windows {
  readonly #limit: number;
  readonly #nowMs: () => number;
  readonly #windows = new Map<string, { count: number; readonly endsAt: number }>();

  constructor(limit: number, nowMs: () => number) {
    this.#limit = limit;
    this.#nowMs = nowMs;
  }

  /** Null: there is no limit. */
  take(key: string): Taken | null {
    if (this.#limit === 0) return null;
    const now = this.#nowMs();
    this.#forget(now);
    const window = this.#windows.get(key) ?? { count: 0, endsAt: now + WINDOW_MS };
    window.count += 1;
    this.#windows.set(key, window);
    return {
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - window.count),
      resetS: Math.max(1, Math.ceil((window.endsAt - now) / 1000)),
      exceeded: window.count > this.#limit,
    };
  }

  /** Windows end in the order in which they began. One that lasts for longer than a window does is of before the clock was set back. */
  #forget(now: number): void {
    for (const [key, { endsAt }] of this.#windows) {
      const lasts = endsAt > now && endsAt <= now + WINDOW_MS;
      if (lasts && this.#windows.size < MOST_KEYS) return;
      this.#windows.delete(key);
    }
  }
}

const tooMany = (what: string, { limit, resetS }: Taken): RoomtapeError =>
  new RoomtapeError('TOO_MANY_REQUESTS', `More than ${limit} ${what} a minute. Try again in ${resetS} s.`, {
    retryAfterS: resetS,
  });

/** What a token is bound to. */
interface Bound {
  readonly roomClaim: string | undefined;
  readonly participantId: string | undefined;
}

const keyOf = ({ roomClaim, participantId }: Bound): string => JSON.stringify([roomClaim, participantId]);

export class RateLimits {
  readonly #requests: Windows;
  readonly #joins: Windows;
  readonly #failures: Windows;

  constructor(settings: RateLimitSettings, now: () => Date) {
    const nowMs = (): number => now().getTime();
    this.#requests = new Windows(settings.requestsPerMinute, nowMs);
    this.#joins = new Windows(settings.joinsPerMinute, nowMs);
    this.#failures = new Windows(settings.failuresPerMinute, nowMs);
  }

  /** One REST call. Says in headers what is left; TOO_MANY_REQUESTS. */
  request(caller: Bound, reply: FastifyReply): void {
    tell(this.#requests.take(keyOf(caller)), 'requests', reply);
  }

  /** One attempt to join, publish or watch. TOO_MANY_REQUESTS. */
  join(joiner: Bound, reply?: FastifyReply): void {
    tell(this.#joins.take(keyOf(joiner)), 'joins', reply);
  }

  /** What to answer in place of a refusal: itself, or TOO_MANY_REQUESTS where this address has failed to authenticate too often. */
  judge(refusal: RoomtapeError, address: string): RoomtapeError {
    if (refusal.status !== 401) return refusal;
    const taken = this.#failures.take(networkOf(address));
    return taken?.exceeded ? tooMany('failed authentications from this address', taken) : refusal;
  }
}

/** Header names: draft-ietf-httpapi-ratelimit-headers-07, the form that clients know. */
const tell = (taken: Taken | null, what: string, reply: FastifyReply | undefined): void => {
  if (!taken) return;
  const { limit, remaining, resetS } = taken;
  reply?.headers({
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetS),
  });
  if (taken.exceeded) throw tooMany(what, taken);
};

/** One subscriber has a whole /64 of IPv6 addresses. */
const networkOf = (address: string): string => {
  const [bare = ''] = address.split('%');
  return isIP(bare) === 6 && !bare.includes('.') ? groupsOf(bare).slice(0, 4).join(':') : address;
};

/** The part of a request that tells where it comes from. */
interface Origin {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: IncomingHttpHeaders;
}

/** Where a request comes from: the connection's address, or what a believed proxy says. */
export const clientAddress = (request: Origin, trusted: true | readonly string[]): string => {
  const proxies = new BlockList();
  for (const network of trusted === true ? [] : trusted) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    proxies.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const hops = forwarded.map((hop) => hop.trim()).filter((hop) => isIP(hop) !== 0);
  let address = request.socket.remoteAddress ?? '';
  const isTrusted = (): boolean => trusted === true || proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  for (let hop = hops.pop(); hop !== undefined && isTrusted(); hop = hops.pop()) address = hop;
  return address;
};
