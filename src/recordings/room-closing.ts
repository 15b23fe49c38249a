/**
 * Closes rooms that are to be closed by themselves: sessions that have lasted as long as they may, and, where a room is for one session
 * only, the room itself once that has ended. Nothing is remembered here: what is due follows from the tables.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { roomsToDeactivate, type SessionToClose, sessionsToClose } from '../catalog/room-rules.ts';
import { disableRoom } from '../catalog/rooms.ts';
import type { RoomId } from '../domain/ids.ts';
import { eachOf } from '../support/each-of.ts';
import type { Logger } from '../support/log.ts';
import type { MediaControl } from './ports.ts';

export class RoomClosing {
  readonly #options: { readonly catalog: Catalog; readonly media: MediaControl; readonly log: Logger };

  constructor(options: { readonly catalog: Catalog; readonly media: MediaControl; readonly log: Logger }) {
    this.#options = options;
  }

  /** Resolves with when the next session is to end, null if none is. Rejects, when all have been tried, where one failed: to be called again. */
  async closeDue(now: Date): Promise<Date | null> {
    const { catalog } = this.#options;
    let next: Date | null = null;
    const due: SessionToClose[] = [];
    for (const session of await sessionsToClose(catalog)) {
      const endsAt = new Date(session.startedAt.getTime() + session.autoClose.afterMs);
      if (endsAt <= now) due.push(session);
      else if (next === null || endsAt < next) next = endsAt;
    }
    const rooms = await roomsToDeactivate(catalog);
    await eachOf([
      ...due.map((session) => () => this.#endSession(session)),
      ...rooms.map((roomId) => () => this.#deactivate(roomId)),
    ]);
    return next;
  }

  async #endSession({ sessionId, roomId, autoClose }: SessionToClose): Promise<void> {
    const { media, log } = this.#options;
    // Another session may run in the room by now.
    if ((await media.sessionOf(roomId))?.sessionId !== sessionId) return;
    log.info({ roomId, sessionId }, 'A session has lasted as long as its room allows; ended.');
    await media.endSession(roomId, autoClose.deactivate ? 'room-deactivated' : 'room-closed');
  }

  async #deactivate(roomId: RoomId): Promise<void> {
    const { catalog, media, log } = this.#options;
    await disableRoom(catalog, roomId);
    log.info({ roomId }, 'A room for one session has had it; deactivated.');
    await media.endSession(roomId, 'room-deactivated');
  }
}
