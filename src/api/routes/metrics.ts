/** `GET /metrics`: Prometheus text of the whole system. Open to this machine; to others with an API token, or where the operator says so. */
import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import type { ApiContext, App } from '../api-context.ts';
import { tokenOf } from '../auth.ts';
import type { HttpMetrics } from '../http-metrics.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The connection comes from this machine and no proxy says that it speaks for somebody else. */
const isLocal = (request: FastifyRequest): boolean => {
  const { remoteAddress = '' } = request.raw.socket;
  const proxied = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some(
    (name) => request.headers[name] !== undefined,
  );
  return !proxied && loopback.check(remoteAddress, isIP(remoteAddress) === 6 ? 'ipv6' : 'ipv4');
};

export const metricsRoutes = (app: App, { ports, config, tokens }: ApiContext, http: HttpMetrics): void => {
  const response = { 200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } } };
  app.get(
    '/metrics',
    { schema: { tags: ['operations'], summary: 'Metrics (Prometheus)', response } },
    async (request, reply) => {
      if (!config.metricsOpen && !isLocal(request)) {
        const caller = await tokens.forRest(tokenOf(request.headers.authorization));
        if (caller.roomClaim !== undefined) {
          throw new RoomtapeError(
            'NOT_PERMITTED',
            `This token is bound to the room "${caller.roomClaim}"; metrics tell of all.`,
          );
        }
      }
      const system = await ports.health.metrics();
      const separator = system === '' || system.endsWith('\n') ? '' : '\n';
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${system}${separator}${await http.text()}`);
    },
  );
};
