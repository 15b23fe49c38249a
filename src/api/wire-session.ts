/** A session and its participants as the API shows them. */
import { z } from 'zod';
import type { ParticipantTimes, SessionView } from './ports.ts';

export const wireParticipant = z
  .object({
    participantId: z.string(),
    name: z.string(),
    timelog: z.array(z.object({ start: z.string(), end: z.string().nullable() })),
  })
  .meta({ id: 'Participant', description: 'One participant of a session, with every stay.' });

export const wireSession = z
  .object({
    id: z.string(),
    roomId: z.string(),
    customRoomId: z.string().nullable(),
    start: z.string(),
    end: z.string().nullable(),
    status: z.enum(['ongoing', 'ended']),
    participants: z.array(wireParticipant),
    links: z.object({ get_room: z.string(), get_session: z.string() }),
  })
  .meta({ id: 'Session' });
export type WireSession = z.infer<typeof wireSession>;

/** The answer to ending a session calls the room `meetingId`, too. */
export const wireEndedSession = wireSession
  .extend({ meetingId: z.string(), userMeetingId: z.string().nullable() })
  .meta({ id: 'EndedSession' });

export const toWireParticipant = ({
  participantId,
  name,
  stays,
}: ParticipantTimes): z.infer<typeof wireParticipant> => ({
  participantId,
  name,
  timelog: stays.map(({ start, end }) => ({ start: start.toISOString(), end: end?.toISOString() ?? null })),
});

/** Present now: the last stay has no end. */
export const isPresent = ({ stays }: ParticipantTimes): boolean => stays.at(-1)?.end === null;

export const toWireSession = (session: SessionView, baseUrl: string): WireSession => ({
  id: session.id,
  roomId: session.roomId,
  customRoomId: session.customRoomId,
  start: session.start.toISOString(),
  end: session.end?.toISOString() ?? null,
  status: session.status,
  participants: session.participants.map(toWireParticipant),
  links: { get_room: `${baseUrl}/v2/rooms/${session.roomId}`, get_session: `${baseUrl}/v2/sessions/${session.id}` },
});
