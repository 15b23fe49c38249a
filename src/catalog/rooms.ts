/** Queries about rooms. */
import type { RoomId } from '../domain/ids.ts';
import type { AutoClose } from '../domain/room-rules.ts';
import type { Catalog } from './database.ts';
import { welcomeEndpoint } from './events.ts';
import { containing, offsetOf, type Page, type PageRequest } from './paging.ts';
import type { RoomRow, RoomWebhook } from './tables.ts';

/** Makes a room, or answers the one that has this id or `customRoomId` already, unchanged. Its endpoint is called again, had it been gone. */
export const createRoom = async (
  catalog: Catalog,
  room: {
    id: string;
    roomId: RoomId;
    customRoomId: string | null;
    webhook: RoomWebhook | null;
    autoClose?: AutoClose | null;
    /** Fields of a start call: each session is recorded with them. */
    autoStart?: unknown;
  },
): Promise<RoomRow> => {
  if (room.webhook) await welcomeEndpoint(catalog, room.webhook.endPoint);
  const made = await catalog
    .insertInto('rooms')
    .values({
      id: room.id,
      room_id: room.roomId,
      custom_room_id: room.customRoomId,
      webhook: room.webhook && JSON.stringify(room.webhook),
      auto_close: room.autoClose ? JSON.stringify(room.autoClose) : null,
      auto_start: room.autoStart ? JSON.stringify(room.autoStart) : null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (made) return made;
  return await catalog
    .selectFrom('rooms')
    .selectAll()
    .where((where) => where.or([where('id', '=', room.id), where('custom_room_id', '=', room.customRoomId)]))
    .executeTakeFirstOrThrow();
};

/** By room id, else by custom room id. */
export const findRoom = async (catalog: Catalog, idOrCustomId: string): Promise<RoomRow | null> => {
  const row = await catalog
    .selectFrom('rooms')
    .selectAll()
    .where((where) =>
      where.or([where('room_id', '=', idOrCustomId as RoomId), where('custom_room_id', '=', idOrCustomId)]),
    )
    // Somebody may have chosen another room's id as custom id: the real one comes first.
    .orderBy((order) => order('room_id', '=', idOrCustomId as RoomId), 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
};

/** Newest first. `query` finds in both ids. */
export const listRooms = async (
  catalog: Catalog,
  request: PageRequest & { query: string | null },
): Promise<Page<RoomRow>> => {
  let rooms = catalog.selectFrom('rooms');
  if (request.query) {
    const pattern = containing(request.query);
    rooms = rooms.where((where) =>
      where.or([where('room_id', 'ilike', pattern as RoomId), where('custom_room_id', 'ilike', pattern)]),
    );
  }
  const { total } = await rooms.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const items = await rooms
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(request.perPage)
    .offset(offsetOf(request))
    .execute();
  return { items, total };
};

/** Nobody may join it any more. Repeatable. Null: there is no such room. */
export const disableRoom = async (catalog: Catalog, roomId: RoomId): Promise<RoomRow | null> => {
  const row = await catalog
    .updateTable('rooms')
    .set({ disabled: true, updated_at: new Date() })
    .where('room_id', '=', roomId)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
};
