/** Who is told of a recording, and what they answered: VideoSDK's fields (`type`, `success`), and ours. */
import { z } from 'zod';
import { shownUrl } from '../support/outbound-url.ts';
import type { WebhookCallView } from './ports.ts';

const wireCall = z.object({
  type: z.string(),
  success: z.boolean(),
  id: z.string().meta({ description: 'Of the event: `webhook-id` of every attempt.' }),
  endpoint: z.string().meta({ description: 'Without path and query, which may hold secrets.' }),
  status: z.enum(['waiting', 'delivered', 'gone', 'given-up']),
  attempts: z.number().int(),
  answer: z
    .object({ at: z.string(), status: z.number().int().nullable(), error: z.string().nullable() })
    .nullable()
    .meta({ description: 'Of the last attempt. No status: no answer came.' }),
  nextAttempt: z.string().nullable(),
});

export const wireWebhook = z
  .object({ totalCount: z.number().int(), successCount: z.number().int(), data: z.array(wireCall) })
  .meta({ description: 'Calls of endpoints about it, in order.' });

export const toWireWebhook = (calls: readonly WebhookCallView[]): z.infer<typeof wireWebhook> => ({
  totalCount: calls.length,
  successCount: calls.filter(({ status }) => status === 'delivered').length,
  data: calls.map(({ type, eventId, url, status, attempts, answer, dueAt }) => ({
    type,
    success: status === 'delivered',
    id: eventId,
    endpoint: shownUrl(url),
    status,
    attempts,
    answer: answer && { ...answer, at: answer.at.toISOString() },
    nextAttempt: dueAt?.toISOString() ?? null,
  })),
});
