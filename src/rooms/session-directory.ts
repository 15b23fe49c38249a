/** The running sessions of this machine, one per room, and those that are still ending. */
import { RoomtapeError } from '../domain/errors.ts';
import { isRoomId, type RoomId } from '../domain/ids.ts';
import type { StopReason } from '../domain/recording.ts';
import type { InterruptedSession } from './interrupted-session.ts';
import type { ServerPresence } from './presence.ts';
import { RoomSession, type RoomSessionOptions } from './room-session.ts';
import type { Stalls } from './stalls.ts';

export interface SessionDirectoryOptions extends Omit<RoomSessionOptions, 'roomId' | 'onEnding'> {
  /** Sessions at once; 0: no limit. */
  readonly mostSessions?: number | undefined;
}

export class SessionDirectory {
  readonly #options: SessionDirectoryOptions;
  readonly #running = new Map<string, RoomSession>();
  readonly #ending = new Map<RoomSession, Promise<void>>();
  #closed = false;

  constructor(options: SessionDirectoryOptions) {
    this.#options = options;
  }

  get running(): Iterable<RoomSession> {
    return this.#running.values();
  }

  /** Running ones, and those that have ended for their participants but still stop their recordings. */
  get all(): readonly RoomSession[] {
    return [...this.#running.values(), ...this.#ending.keys()];
  }

  find(roomId: string): RoomSession | undefined {
    return this.#running.get(roomId);
  }

  /**
   * The room's session, or a new one for its first participant, who joins in the same turn. ROOM_NOT_FOUND, TOO_MANY_ROOMS,
   * MEDIA_UNAVAILABLE (all sessions are being ended).
   */
  findOrOpen(roomId: string): RoomSession {
    const present = this.#running.get(roomId);
    if (present) return present;
    if (this.#closed) throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is shutting down: try again.');
    if (!isRoomId(roomId)) throw new RoomtapeError('ROOM_NOT_FOUND', `"${roomId}" is no room id.`);
    const { mostSessions = 0 } = this.#options;
    if (mostSessions > 0 && this.#running.size >= mostSessions) {
      throw new RoomtapeError(
        'TOO_MANY_ROOMS',
        `People are in ${this.#running.size} rooms; this server serves ${mostSessions} at once (ROOMTAPE_MAX_ROOMS). Try again when one of them has ended.`,
      );
    }
    return this.#open(roomId);
  }

  /** Goes on with a session of a media process that died, where its room has none. DISK_FULL: it ends at once. */
  async goOn(interrupted: InterruptedSession): Promise<void> {
    if (this.#running.has(interrupted.roomId)) return;
    const session = this.#open(interrupted.roomId, interrupted);
    try {
      await session.goOn();
    } catch (error) {
      await session.end('disk-full');
      throw error;
    }
  }

  tick(server: ServerPresence, stalls: Stalls): void {
    for (const session of [...this.#running.values()]) session.tick(server, stalls);
  }

  /** Ends all of them, and opens no more; resolves when every journal is sealed, also those of sessions that ended just before. */
  async endAll(reason: StopReason): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#running.values()]) void session.end(reason);
    await Promise.all(this.#ending.values());
  }

  #open(roomId: RoomId, interrupted?: InterruptedSession): RoomSession {
    const session = new RoomSession({
      ...this.#options,
      roomId,
      ...(interrupted ? { interrupted } : {}),
      onEnding: (ending) => {
        this.#running.delete(roomId);
        // `end` is being called: its promise exists once this turn is over.
        const ended = Promise.resolve().then(() => ending.end('session-ended'));
        this.#ending.set(ending, ended);
        void ended.finally(() => this.#ending.delete(ending));
      },
    });
    this.#running.set(roomId, session);
    return session;
  }
}
