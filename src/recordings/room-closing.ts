/**
 * Closes rooms that are to be closed by themselves: sessions that have lasted as long as they may, and, where a room is for one session
 * only, the room itself once that has ended. Nothing is remembered here: what is due follows from the tables.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { roomsToDeactivate, sessionsToClose } from '../catalog/room-rules.ts';
import { disableRoom } from '../catalog/rooms.ts';
import type { Logger } from '../support/log.ts';
import type { MediaControl } from './ports.ts';

export class RoomClosing {
  readonly #options: { readonly catalog: Catalog; readonly media: MediaControl; readonly log: Logger };

  constructor(options: { readonly catalog: Catalog; readonly media: MediaControl; readonly log: Logger }) {
    this.#options = options;
  }

  /** Resolves with when the next session is to end, null if none is. MEDIA_UNAVAILABLE: to be called again. */
  async closeDue(now: Date): Promise<Date | null> {
    const { catalog, media, log } = this.#options;
    let next: Date | null = null;
    for (const { sessionId, roomId, startedAt, autoClose } of await sessionsToClose(catalog)) {
      const endsAt = new Date(startedAt.getTime() + autoClose.afterMs);
      if (endsAt > now) {
        if (next === null || endsAt < next) next = endsAt;
        continue;
      }
      // Another session may run in the room by now.
      if ((await media.sessionOf(roomId))?.sessionId !== sessionId) continue;
      log.info({ roomId, sessionId }, 'A session has lasted as long as its room allows; ended.');
      await media.endSession(roomId, autoClose.deactivate ? 'room-deactivated' : 'room-closed');
    }
    for (const roomId of await roomsToDeactivate(catalog)) {
      await disableRoom(catalog, roomId);
      log.info({ roomId }, 'A room for one session has had it; deactivated.');
      await media.endSession(roomId, 'room-deactivated');
    }
    return next;
  }
}
