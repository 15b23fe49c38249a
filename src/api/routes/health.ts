/** `GET /health`: whether the server can do its work. 200 or 503; no token, no secrets. */
import { z } from 'zod';
import type { ApiContext, App } from '../api-context.ts';

const health = z.object({
  ok: z.boolean(),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })),
});

export const healthRoutes = (app: App, { ports }: ApiContext): void => {
  app.get(
    '/health',
    { schema: { tags: ['operations'], summary: 'Health', security: [], response: { 200: health, 503: health } } },
    async (_request, reply) => {
      const state = await ports.health.check();
      return reply
        .code(state.ok ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(state);
    },
  );
};
