/** `GET /v2/public/rsa-public-key`: by which webhooks are verified. For everybody: who verifies need not have a token. */
import { z } from 'zod';
import type { ApiContext, App } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';

const answer = z.object({
  publicKey: z.string().meta({ description: 'In force now. PKCS#1 PEM.' }),
  publicKeys: z
    .array(z.object({ id: z.string(), publicKey: z.string(), from: z.string(), until: z.string().nullable() }))
    .meta({ description: 'With it those that are announced, and those that ended less than a week ago.' }),
});

export const publicKeyRoutes = (app: App, { ports }: ApiContext): void => {
  app.get(
    '/v2/public/rsa-public-key',
    {
      schema: {
        tags: ['webhooks'],
        summary: 'Get the key that webhooks are verified with',
        security: [],
        response: { 200: answer, default: errorEnvelope },
      },
    },
    async () => {
      const { current, all } = await ports.signing.published();
      return {
        publicKey: current.publicKey,
        publicKeys: all.map(({ id, publicKey, from, until }) => ({
          id,
          publicKey,
          from: from.toISOString(),
          until: until?.toISOString() ?? null,
        })),
      };
    },
  );
};
