/** How somebody enters a session: under which identity, as somebody new, or as somebody who is there already. */
import { RoomtapeError } from '../domain/errors.ts';
import { isParticipantId, type ParticipantId } from '../domain/ids.ts';
import type { ParticipantClaims } from './control.ts';
import type { Participant } from './participant.ts';
import type { ResumeClaims } from './resume-token.ts';
import type { RoomSession } from './room-session.ts';
import type { SessionDirectory } from './session-directory.ts';

/** One offer can name at most this many tracks to receive (`protocol.ts`): beyond it nobody could see everybody. */
export const MOST_PARTICIPANTS = 200;

/** Shown for those whose token and message name nobody. */
const NAMELESS = 'Guest';

export interface Entry {
  readonly session: RoomSession;
  readonly participant: Participant;
  /** The same participant goes on: tracks, tile and connections are kept. False, too, for who comes back after a media process died: tracks and tile are kept, connections are not. */
  readonly resumed: boolean;
}

/** The participant id of a token, checked; undefined where it leaves the choice to us. INVALID_REQUEST. */
export const claimedId = (claims: ParticipantClaims): ParticipantId | undefined => {
  const { participantId } = claims;
  if (participantId === undefined) return undefined;
  if (!isParticipantId(participantId)) {
    throw new RoomtapeError(
      'INVALID_REQUEST',
      `The token's participantId "${participantId}" is not 1 to 64 letters, digits, "_" or "-".`,
    );
  }
  return participantId;
};

/** Control characters and halves of characters: labels, log lines and the database's text know none of them. */
const printable = (name = ''): string =>
  name
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();

/** The name that everybody sees: the token's, else the one asked for. */
export const nameOf = (claims: ParticipantClaims, asked?: string): string =>
  printable(claims.name) || printable(asked) || NAMELESS;

/** Whether who joins so is hidden: his token says so, or he is the page of a recording, unless somebody else of that id is there for all to see. */
export const isHidden = (
  session: RoomSession | undefined,
  claims: ParticipantClaims,
  participantId: ParticipantId,
): boolean => {
  if (claims.hidden) return true;
  const present = session?.participant(participantId);
  return session?.recordings.pageOf(participantId) !== undefined && (!present || present.hidden);
};

/** NOT_PERMITTED: a page of a recording that does not run (any more), or under the id of somebody who is there for all to see. */
const refuseWrongPage = (session: RoomSession, claims: ParticipantClaims, participantId: ParticipantId): void => {
  const running = session.recordings.pageOf(participantId);
  if (claims.recordingId !== undefined && running !== claims.recordingId) {
    throw new RoomtapeError(
      'NOT_PERMITTED',
      `This token is for the page of recording "${claims.recordingId}", which does not run.`,
    );
  }
  if (claims.hidden && session.participant(participantId)?.hidden === false) {
    throw new RoomtapeError(
      'NOT_PERMITTED',
      `"${participantId}" is in the room for all to see: a page needs an id of its own.`,
    );
  }
  if (!claims.hidden && running === undefined && session.wasPage(participantId)) {
    throw new RoomtapeError('NOT_PERMITTED', `"${participantId}" was the page of a recording that has ended.`);
  }
};

/**
 * Enters through a socket. With a resume token of the running session whose participant is still there, it goes on as that; otherwise
 * whoever has the id is replaced. Throws RoomtapeError: NO_ACTIVE_SESSION (a hidden participant opens no session), ROOM_FULL (hidden ones
 * do not count), NOT_PERMITTED (a page that is not, or no longer, one).
 */
export const enter = (
  sessions: SessionDirectory,
  claims: ParticipantClaims,
  entry: { participantId: ParticipantId; name: string; resume: ResumeClaims | null },
): Entry => {
  const { participantId, name, resume } = entry;
  const running = sessions.find(claims.roomId);
  if (!running && claims.hidden) {
    throw new RoomtapeError('NO_ACTIVE_SESSION', 'Nobody is in this room: a hidden participant opens no session.');
  }
  if (running) refuseWrongPage(running, claims, participantId);
  const hidden = isHidden(running, claims, participantId);
  const present = running?.participant(participantId);
  if (running && present && resume?.sessionId === running.sessionId && present.hidden === hidden) {
    return { session: running, participant: present, resumed: !present.awaited };
  }
  const others = running?.participants.filter((other) => !other.hidden && other !== present).length ?? 0;
  if (!hidden && others >= MOST_PARTICIPANTS) {
    throw new RoomtapeError('ROOM_FULL', `The room holds ${MOST_PARTICIPANTS} participants, and is full.`);
  }
  if (running && present) running.leave(present, 'replaced');
  const session = running ?? sessions.findOrOpen(claims.roomId);
  const participant = session.join({ participantId, name, hidden, resourceId: null });
  return { session, participant, resumed: false };
};
