/**
 * What the media process tells of sessions and participants, written down. It may tell twice; the queries are repeatable. At each
 * connection its present state is held against ours: sessions that it does not know have ended.
 */
import { type Catalog, transaction } from '../catalog/catalog.ts';
import { closeStay, endSession, insertSession, ongoingSessions, openStay, staysOf } from '../catalog/sessions.ts';
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { LiveParticipant, LiveSession } from './ports.ts';

export class SessionBook {
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  async sessionStarted(session: LiveSession): Promise<void> {
    const id = session.sessionId as SessionId;
    await insertSession(this.#catalog, {
      id,
      roomId: session.roomId as RoomId,
      startedAt: new Date(session.startedAtMs),
    });
    for (const participant of session.participants) await this.participantJoined(id, participant);
  }

  async sessionEnded(sessionId: string, atMs: number): Promise<void> {
    await endSession(this.#catalog, sessionId as SessionId, new Date(atMs));
  }

  async participantJoined(sessionId: string, participant: LiveParticipant): Promise<void> {
    await openStay(this.#catalog, {
      sessionId: sessionId as SessionId,
      participantId: participant.participantId as ParticipantId,
      name: participant.name,
      hidden: participant.hidden,
      joinedAt: new Date(participant.joinedAtMs),
    });
  }

  async participantLeft(sessionId: string, participantId: string, atMs: number): Promise<void> {
    await closeStay(this.#catalog, {
      sessionId: sessionId as SessionId,
      participantId: participantId as ParticipantId,
      leftAt: new Date(atMs),
    });
  }

  /** Takes over the media process's present state. `now`: when what it does not know any more is said to have ended. */
  async reconcile(live: readonly LiveSession[], now: Date): Promise<void> {
    for (const session of live) await this.sessionStarted(session);
    const present = new Set(live.map((session) => session.sessionId));
    const gone = (await ongoingSessions(this.#catalog)).filter((session) => !present.has(session.id));
    for (const { id } of gone) await this.#endUnseen(id, now);
  }

  /** A session whose end nobody saw: its media process died. */
  #endUnseen(id: SessionId, now: Date): Promise<boolean> {
    return transaction(this.#catalog, async (trx) => {
      const stays = (await staysOf(trx, [id])).filter((stay) => !stay.hidden);
      const lastSeen = Math.max(...stays.map((stay) => (stay.left_at ?? now).getTime()));
      return endSession(trx, id, Number.isFinite(lastSeen) ? new Date(lastSeen) : now);
    });
  }
}
