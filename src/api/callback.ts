/** What a start call says of how its caller is to be told of the recording. */
import type { FastifyRequest } from 'fastify';
import { baseUrlOf } from './base-url.ts';
import type { Callback } from './ports.ts';

/** With the address under which the caller reached us: the files' URLs that he is told begin with it. */
export const callbackOf = (
  request: FastifyRequest,
  webhookUrl: string | undefined,
  publicUrl: string | undefined,
): Callback => ({ webhookUrl, baseUrl: baseUrlOf(request, publicUrl) });
