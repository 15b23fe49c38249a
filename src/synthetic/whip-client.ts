/**
 * WHIP as a publisher (RFC 9725): an offer is posted, an answer comes back, DELETE ends.
 *
 * Servers that share their load redirect by 307 (§4.5). `fetch` would follow, but leaves the token behind where the other address is of
 * another origin, and is refused there: redirects are followed here, with method, body and token.
 */

export interface WhipTarget {
  /** Base address of the server, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly roomId: string;
  readonly token: string;
  readonly name: string;
}

export interface WhipSession {
  readonly answer: string;
  /** Absolute address of the resource. */
  readonly resource: string;
}

/** A server that sends on to a server that sends on is odd enough; more is a circle. */
const MOST_REDIRECTS = 5;
/** Those that keep method and body (RFC 9110 §15.4). */
const isRedirect = (status: number): boolean => status === 307 || status === 308;

/** Asks, and asks where it is sent. The answer's `url` is the address that answered. */
const ask = async (address: URL | string, init: RequestInit): Promise<Response> => {
  let at = new URL(address);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const response = await fetch(at, { ...init, redirect: 'manual' });
    const location = response.headers.get('location');
    if (!isRedirect(response.status) || location === null) return response;
    await response.body?.cancel();
    at = new URL(location, at);
  }
  throw new Error(`WHIP was redirected more than ${MOST_REDIRECTS} times, the last time to ${at.href}.`);
};

/** Publishes. Rejects with the status and what the server said. */
export const whipPublish = async (target: WhipTarget, offer: string): Promise<WhipSession> => {
  const address = new URL(`/whip/${encodeURIComponent(target.roomId)}`, target.url);
  address.searchParams.set('name', target.name);
  const response = await ask(address, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${target.token}` },
    body: offer,
  });
  const body = await response.text();
  if (response.status !== 201) throw new Error(`WHIP was answered ${response.status}: ${body}`);
  const location = response.headers.get('location');
  if (!location) throw new Error('The WHIP answer names no resource (Location).');
  return { answer: body, resource: new URL(location, response.url).href };
};

/** Ends what was published. Rejects unless the server agrees. */
export const whipDelete = async (resource: string, token: string): Promise<void> => {
  const response = await ask(resource, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`DELETE of a WHIP resource was answered ${response.status}.`);
};
