/** Finds rooms for callers, and keeps a token that is bound to a room inside it. */
import { RoomtapeError } from '../domain/errors.ts';
import type { Caller, Joiner } from './auth.ts';
import type { ParticipantClaims, RoomsPort, RoomView } from './ports.ts';

const bound = (claim: string): RoomtapeError =>
  new RoomtapeError('NOT_PERMITTED', `This token is bound to the room "${claim}" and can't be used for another.`);

const isOf = (claim: string, room: RoomView): boolean => claim === room.roomId || claim === room.customRoomId;

export class RoomAccess {
  readonly #rooms: RoomsPort;

  constructor(rooms: RoomsPort) {
    this.#rooms = rooms;
  }

  /** The room, by id or customRoomId. ROOM_NOT_FOUND; NOT_PERMITTED where the token is bound to another. */
  async find(caller: Caller, idOrCustomId: string): Promise<RoomView> {
    const room = await this.#rooms.find(idOrCustomId);
    const claim = caller.roomClaim;
    if (claim !== undefined && (room ? !isOf(claim, room) : claim !== idOrCustomId)) throw bound(claim);
    if (!room) throw new RoomtapeError('ROOM_NOT_FOUND', 'Room not found.');
    return room;
  }

  /** Refuses what belongs to another room than the token's. NOT_PERMITTED. */
  async assertWithin(caller: Caller, roomId: string): Promise<void> {
    const claim = caller.roomClaim;
    if (claim === undefined || claim === roomId) return;
    const room = await this.#rooms.find(roomId);
    if (!room || !isOf(claim, room)) throw bound(claim);
  }

  /**
   * The room that a list is narrowed to: the asked one, or the token's. Null: all rooms. `nothing`: the asked room is not known, so
   * nothing can be listed. NOT_PERMITTED where the asked room is not the token's.
   */
  async listScope(caller: Caller, asked: string | undefined): Promise<string | null | 'nothing'> {
    const wanted = asked ?? caller.roomClaim;
    if (wanted === undefined) return null;
    const room = await this.#rooms.find(wanted);
    const claim = caller.roomClaim;
    if (claim !== undefined && (room ? !isOf(claim, room) : claim !== wanted)) throw bound(claim);
    return room ? room.roomId : 'nothing';
  }

  /** What the media process may know of a joiner. ROOM_NOT_FOUND, ROOM_DISABLED, NOT_PERMITTED. `name`: used where the token names nobody. */
  async admit(joiner: Joiner, idOrCustomId: string, name?: string): Promise<ParticipantClaims> {
    const room = await this.find(joiner, idOrCustomId);
    if (room.disabled)
      throw new RoomtapeError('ROOM_DISABLED', 'This room was deactivated: nobody can join it any more.');
    return {
      roomId: room.roomId,
      participantId: joiner.participantId,
      name: joiner.name ?? name,
      canModerate: joiner.canModerate,
      hidden: joiner.recordingId !== undefined,
      ...(joiner.recordingId === undefined ? {} : { recordingId: joiner.recordingId }),
    };
  }
}
