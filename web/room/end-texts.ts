/** What a person reads who is not in the room: what happened, and what to do. */
import type { RoomEndReason } from '../client/index.ts';

export interface EndText {
  readonly title: string;
  readonly text: string;
  /** Whether coming back can work without a new link. */
  readonly canRejoin: boolean;
}

const TEXTS: Record<RoomEndReason, EndText> = {
  left: { title: 'You left the room', text: 'You can come back as long as the room is open.', canRejoin: true },
  removed: {
    title: 'You were removed from the room',
    text: 'A moderator or the organiser’s system ended your participation. Ask the organiser if you think this was a mistake.',
    canRejoin: false,
  },
  'room-closed': {
    title: 'The room has ended',
    text: 'The session was closed for everybody. If there is to be another one, the organiser will tell you.',
    canRejoin: true,
  },
  replaced: {
    title: 'You joined from somewhere else',
    text: 'The same invitation was opened in another tab or on another device, and you take part there now.',
    canRejoin: true,
  },
  'token-missing': {
    title: 'This link is incomplete',
    text: 'The part of the address that lets you in is missing. Open the whole link from your invitation again.',
    canRejoin: false,
  },
  'token-invalid': {
    title: 'This link does not work',
    text: 'The server does not recognise the invitation. Open the whole link again, or ask the organiser for a new one.',
    canRejoin: false,
  },
  'token-expired': {
    title: 'This link has expired',
    text: 'Invitations are valid for a limited time. Ask the organiser for a new link.',
    canRejoin: false,
  },
  'room-not-found': {
    title: 'This room does not exist',
    text: 'The address may be mistyped, or the room was deleted. Check the link, or ask the organiser for a new one.',
    canRejoin: false,
  },
  'room-disabled': {
    title: 'This room is closed',
    text: 'The organiser has deactivated it; nobody can join any more. Ask for a link to another room.',
    canRejoin: false,
  },
  'room-full': {
    title: 'The room is full',
    text: 'No more participants can join at the moment. Try again when somebody has left.',
    canRejoin: true,
  },
  'name-taken': {
    title: 'Somebody is already here under this invitation',
    text: 'Everybody needs a link of their own. Ask the organiser for yours, or close the other window first.',
    canRejoin: true,
  },
  'not-permitted': {
    title: 'You may not join this room',
    text: 'The invitation belongs to another room, or does not allow joining. Ask the organiser for the right link.',
    canRejoin: false,
  },
  refused: {
    title: 'The server did not let you in',
    text: 'It gave the reason below. If it does not help you, send it to the organiser.',
    canRejoin: true,
  },
  unreachable: {
    title: 'The server cannot be reached',
    text: 'Check your internet connection, then try again. If others have the same trouble, the server may be down.',
    canRejoin: true,
  },
};

export const endText = (reason: RoomEndReason): EndText => TEXTS[reason];
