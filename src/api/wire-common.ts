/** What recordings of every subject show of themselves: VideoSDK's fields, and ours (`status`, `failureReason`, `stopReason`). */
import { z } from 'zod';
import type { RecordingView } from './ports.ts';
import { toWireDelivery, wireDelivery } from './wire-delivery.ts';
import { toWireIncident, wireIncident } from './wire-incident.ts';
import { toWireWebhook, wireWebhook } from './wire-webhook.ts';

/** What an answer needs besides the recording itself. */
export interface Around {
  readonly userId: string;
  readonly baseUrl: string;
  /** Signs. */
  readonly fileUrlOf: (fileId: string) => string;
}

export const commonFields = {
  id: z.string(),
  roomId: z.string(),
  sessionId: z.string(),
  userId: z.string(),
  start: z.string().nullable(),
  end: z.string().nullable(),
  status: z.enum(['starting', 'recording', 'paused', 'stopping', 'composing', 'done', 'failed']),
  failureReason: z.string().nullable(),
  stopReason: z.string().nullable(),
  incidents: z.array(wireIncident).meta({ description: 'What befell it: holes, and why. Mostly empty.' }),
  deliveries: z
    .array(wireDelivery)
    .meta({ description: 'How each file gets where the start call said. None before it is done.' }),
  warnings: z.array(z.string()).meta({ description: 'What may go wrong, as far as the start call told.' }),
  webhook: wireWebhook,
  createdAt: z.string(),
  updatedAt: z.string(),
  links: z.object({ get_room: z.string(), get_session: z.string() }),
};

export const toCommonFields = (recording: RecordingView, { userId, baseUrl }: Around) => ({
  id: recording.id,
  roomId: recording.roomId,
  sessionId: recording.sessionId,
  userId,
  start: recording.start?.toISOString() ?? null,
  end: recording.end?.toISOString() ?? null,
  status: recording.status,
  failureReason: recording.failureReason,
  stopReason: recording.stopReason,
  incidents: recording.incidents.map(toWireIncident),
  deliveries: recording.deliveries.map(toWireDelivery),
  warnings: [...recording.warnings],
  webhook: toWireWebhook(recording.webhooks ?? []),
  createdAt: recording.createdAt.toISOString(),
  updatedAt: recording.updatedAt.toISOString(),
  links: {
    get_room: `${baseUrl}/v2/rooms/${recording.roomId}`,
    get_session: `${baseUrl}/v2/sessions/${recording.sessionId}`,
  },
});
