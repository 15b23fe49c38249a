/** What the API needs of events and keys, and what the sender of webhooks needs of the API, satisfied by the catalog. */
import { FileUrls } from '../api/file-url.ts';
import type { EventsPort, WebhookCallView } from '../api/ports.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { findEvent, listEvents } from '../catalog/events.ts';
import { type CallOfEvent, callsOfEvents, resendCalls } from '../catalog/webhook-calls.ts';
import type { Config } from '../config/config.ts';
import type { Credentials } from '../config/credentials.ts';
import { RoomtapeError } from '../domain/errors.ts';
import { type FileUrlOf, toWireEvent } from '../webhooks/wire-event.ts';

export const webhookCallView = (row: CallOfEvent): WebhookCallView => ({
  eventId: row.event_id,
  type: row.type,
  url: row.url,
  status: row.status,
  attempts: row.attempts,
  answer: row.answered_at && { at: row.answered_at, status: row.answer_status, error: row.answer_error },
  dueAt: row.status === 'waiting' ? row.due_at : null,
});

/** `sent`: what was sent again may be due now. */
export const eventsPort = (catalog: Catalog, sent: () => void): EventsPort => ({
  list: async ({ fileUrlOf, ...request }) => {
    const rows = await listEvents(catalog, request);
    if (!rows) {
      const text = `There is no event "${request.after}", or it is no longer kept: leave "after" out to begin with the oldest.`;
      throw new RoomtapeError('RESOURCE_NOT_FOUND', text);
    }
    const calls = await callsOfEvents(
      catalog,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => ({
      id: row.id,
      type: row.type,
      roomId: row.room_id,
      data: toWireEvent(row, fileUrlOf).data,
      createdAt: row.created_at,
      webhooks: calls.filter(({ event_id }) => event_id === row.id).map(webhookCallView),
    }));
  },
  roomOf: async (eventId) => (await findEvent(catalog, eventId))?.room_id ?? null,
  resend: async (eventId) => {
    const calls = await resendCalls(catalog, eventId, new Date());
    sent();
    return calls;
  },
});

/** Signs the URLs of files in what others are told. `ownUrl`: where the server listens, for what nobody's call began. */
export const webhookFileUrls = (
  config: Pick<Config, 'publicUrl' | 'fileUrlTtlMs'>,
  { apiSecret }: Credentials,
  ownUrl: () => string,
): FileUrlOf => {
  const urls = new FileUrls(apiSecret, config.fileUrlTtlMs);
  return (fileId, baseUrl) => urls.sign(config.publicUrl ?? baseUrl ?? ownUrl(), fileId, Date.now());
};
