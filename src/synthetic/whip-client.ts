/** WHIP as a publisher (RFC 9725): an offer is posted, an answer comes back, DELETE ends. Redirects (307) are followed by fetch. */

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

/** Publishes. Rejects with the status and what the server said. */
export const whipPublish = async (target: WhipTarget, offer: string): Promise<WhipSession> => {
  const address = new URL(`/whip/${encodeURIComponent(target.roomId)}`, target.url);
  address.searchParams.set('name', target.name);
  const response = await fetch(address, {
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
  const response = await fetch(resource, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`DELETE of a WHIP resource was answered ${response.status}.`);
};
