/**
 * Rooms as they were last seen, for the time in which the database is away: people go on joining rooms that are known, above all those who
 * lost their connection and come back. What changes a room goes to the database and is refused meanwhile, so nothing that is remembered can
 * be outdated but by another server.
 */
import type { RoomsPort, RoomView } from '../api/ports.ts';
import { RoomtapeError } from '../domain/errors.ts';

/** Some hundred bytes each: the rooms of days of a busy server. */
const MOST_REMEMBERED = 10_000;

/** The same rooms; `find` answers from memory where the database does not. */
export const rememberedRooms = (rooms: RoomsPort): RoomsPort => {
  const known = new Map<string, RoomView>();
  const remember = (room: RoomView): RoomView => {
    for (const id of [room.roomId, room.customRoomId]) {
      if (id === null) continue;
      known.delete(id);
      known.set(id, room);
    }
    while (known.size > MOST_REMEMBERED) {
      const [oldest = ''] = known.keys();
      known.delete(oldest);
    }
    return room;
  };
  return {
    ...rooms,
    create: async (options) => remember(await rooms.create(options)),
    deactivate: async (id) => remember(await rooms.deactivate(id)),
    find: async (id) => {
      try {
        const room = await rooms.find(id);
        if (!room) known.delete(id);
        return room && remember(room);
      } catch (error) {
        const room = known.get(id);
        if (room && error instanceof RoomtapeError && error.code === 'DATABASE_UNAVAILABLE') return room;
        throw error;
      }
    },
  };
};
