/** A room as the API shows it. */
import { z } from 'zod';
import type { RoomView } from './ports.ts';

const links = z.object({ get_room: z.string(), get_session: z.string() });

export const wireRoom = z
  .object({
    id: z.string(),
    roomId: z.string(),
    customRoomId: z.string().nullable(),
    userId: z.string(),
    disabled: z.boolean(),
    webhook: z.object({ endPoint: z.string(), events: z.array(z.string()) }).nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
    links,
  })
  .meta({ id: 'Room' });
export type WireRoom = z.infer<typeof wireRoom>;

export const toWireRoom = (room: RoomView, userId: string, baseUrl: string): WireRoom => ({
  id: room.id,
  roomId: room.roomId,
  customRoomId: room.customRoomId,
  userId,
  disabled: room.disabled,
  webhook: room.webhook ? { endPoint: room.webhook.endPoint, events: [...room.webhook.events] } : null,
  createdAt: room.createdAt.toISOString(),
  updatedAt: room.updatedAt.toISOString(),
  links: {
    get_room: `${baseUrl}/v2/rooms/${room.roomId}`,
    get_session: `${baseUrl}/v2/sessions/?roomId=${room.roomId}`,
  },
});
