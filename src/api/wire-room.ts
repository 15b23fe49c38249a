/** A room as the API shows it. */
import { z } from 'zod';
import type { RoomView } from './ports.ts';

const MS_PER_MINUTE = 60_000;

const links = z.object({ get_room: z.string(), get_session: z.string() });

export const wireRoom = z
  .object({
    id: z.string(),
    roomId: z.string(),
    customRoomId: z.string().nullable(),
    userId: z.string(),
    disabled: z.boolean(),
    webhook: z.object({ endPoint: z.string(), events: z.array(z.string()) }).nullable(),
    autoCloseConfig: z
      .object({ type: z.enum(['session-ends', 'session-end-and-deactivate']), duration: z.number() })
      .nullable()
      .meta({ description: '`duration` in minutes.' }),
    autoStartConfig: z
      .object({ recording: z.boolean() })
      .meta({ description: 'Whether its sessions record themselves.' }),
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
  autoCloseConfig: room.autoClose
    ? {
        type: room.autoClose.deactivate ? 'session-end-and-deactivate' : 'session-ends',
        duration: room.autoClose.afterMs / MS_PER_MINUTE,
      }
    : null,
  autoStartConfig: { recording: room.recordsItself === true },
  createdAt: room.createdAt.toISOString(),
  updatedAt: room.updatedAt.toISOString(),
  links: {
    get_room: `${baseUrl}/v2/rooms/${room.roomId}`,
    get_session: `${baseUrl}/v2/sessions/?roomId=${room.roomId}`,
  },
});
