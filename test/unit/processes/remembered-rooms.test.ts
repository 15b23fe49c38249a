import { expect, it } from 'vitest';
import type { RoomsPort, RoomView } from '../../../src/api/ports.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import { rememberedRooms } from '../../../src/processes/remembered-rooms.ts';

const room = (roomId: string, disabled = false): RoomView => ({
  id: roomId,
  roomId,
  customRoomId: `custom-${roomId}`,
  disabled,
  createdAt: new Date(0),
  updatedAt: new Date(0),
});

/** Rooms in a database that can go away. */
const database = () => {
  const rooms = new Map<string, RoomView>();
  const state = { away: false, bug: false };
  const answer = <T>(value: T): Promise<T> => {
    if (state.bug) return Promise.reject(new Error('A bug.'));
    return state.away ? Promise.reject(new RoomtapeError('DATABASE_UNAVAILABLE', 'Away.')) : Promise.resolve(value);
  };
  const find = (id: string) => [...rooms.values()].find((one) => one.roomId === id || one.customRoomId === id) ?? null;
  const port: RoomsPort = {
    create: ({ customRoomId }) => answer(room(customRoomId ?? 'made')),
    list: () => answer({ items: [...rooms.values()], total: rooms.size }),
    find: (id) => answer(find(id)),
    deactivate: (id) => {
      const disabled = room(id, true);
      if (!state.away) rooms.set(id, disabled);
      return answer(disabled);
    },
  };
  return { rooms, state, remembered: rememberedRooms(port) };
};

it('finds rooms that were seen before while the database is away, by either id', async () => {
  const { rooms, state, remembered } = database();
  rooms.set('a', room('a'));
  await remembered.find('a');
  state.away = true;
  expect((await remembered.find('a'))?.roomId).toBe('a');
  expect((await remembered.find('custom-a'))?.roomId).toBe('a');
  await expect(remembered.find('b')).rejects.toThrow('Away');
  await expect(remembered.list({ page: 1, perPage: 20, query: null })).rejects.toThrow('Away');
});

it('remembers a room as it was left, and none that is not there any more', async () => {
  const { rooms, state, remembered } = database();
  rooms.set('a', room('a'));
  await remembered.find('a');
  await remembered.deactivate('a');
  rooms.set('b', room('b'));
  await remembered.find('b');
  rooms.delete('b');
  await remembered.find('b');
  state.away = true;
  expect((await remembered.find('a'))?.disabled).toBe(true);
  await expect(remembered.find('b')).rejects.toThrow('Away');
});

it('hides no other failure', async () => {
  const { rooms, state, remembered } = database();
  rooms.set('a', room('a'));
  await remembered.find('a');
  state.bug = true;
  await expect(remembered.find('a')).rejects.toThrow('A bug.');
});
