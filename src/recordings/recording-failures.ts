/**
 * `onFailure`: a room whose recording fails while it is wanted is closed, `waitTime` later, unless it is recorded again by then.
 *
 * What counts: an end that nobody asked for (the media process was lost, the disk is full), a composition that fails while the recording
 * runs, and a start that was refused by us and not for the caller's fault. What does not: a composition that fails after the end that was
 * asked for, since by then nothing goes unrecorded. docs/decisions/0083-when-a-recording-has-failed.md.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { liveRecordingOf } from '../catalog/recordings.ts';
import { failuresToFollow, markFailureFollowed } from '../catalog/room-rules.ts';
import type { RoomId } from '../domain/ids.ts';
import { eachOf } from '../support/each-of.ts';
import type { Logger } from '../support/log.ts';
import type { MediaControl } from './ports.ts';

/** After the media process was lost, people come back within this: before it is over, an empty room may be about to fill again. */
const RECONNECT_MS = 30_000;
const LOOK_AGAIN_MS = 1_000;

export class RecordingFailures {
  readonly #options: { readonly catalog: Catalog; readonly media: MediaControl; readonly log: Logger };

  constructor(options: { readonly catalog: Catalog; readonly media: MediaControl; readonly log: Logger }) {
    this.#options = options;
  }

  /** Resolves with when the next room is to be closed, null if none is. Rejects, when all have been tried, where one failed: to be called again. */
  async closeDue(now: Date): Promise<Date | null> {
    const { catalog } = this.#options;
    let next: Date | null = null;
    const failures = await failuresToFollow(catalog, now);
    await eachOf(
      failures.map(({ id, roomId, closesAt }) => async () => {
        const at = closesAt > now ? closesAt : await this.#close(roomId, closesAt, now);
        if (at === null) await markFailureFollowed(catalog, id);
        else if (next === null || at < next) next = at;
      }),
    );
    return next;
  }

  /** Null: nothing is left to do. Else: when to look again. */
  async #close(roomId: RoomId, closesAt: Date, now: Date): Promise<Date | null> {
    const { catalog, media, log } = this.#options;
    if (await liveRecordingOf(catalog, roomId)) return null;
    const session = await media.sessionOf(roomId);
    if (!session) {
      const isOver = now.getTime() - closesAt.getTime() >= RECONNECT_MS;
      return isOver ? null : new Date(now.getTime() + LOOK_AGAIN_MS);
    }
    log.warn(
      { roomId, sessionId: session.sessionId },
      'The recording of a room has failed; the room is closed as asked.',
    );
    await media.endSession(roomId, 'room-closed');
    return null;
  }
}
