/**
 * How a webhook proves where it comes from, in two ways: `videosdk-signature`, RSA-SHA256 of the raw body; and the headers of the
 * Standard Webhooks specification, which cover the id and the time besides.
 */
import { type KeyObject, sign } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

export interface KeysInForce {
  readonly privateKey: KeyObject;
  /** `whsec_…`. Whoever has one of them can verify: during a change there are two. */
  readonly secrets: readonly string[];
}

/** Signs a body as it is sent at `at`. The id names the event: it is the same at every attempt. */
export const signatureHeaders = (
  { privateKey, secrets }: KeysInForce,
  { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
): Record<string, string> => ({
  'videosdk-signature': sign('RSA-SHA256', Buffer.from(body, 'utf8'), privateKey).toString('base64'),
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
});
