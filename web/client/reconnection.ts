/**
 * When the room's socket is opened, given up and opened again. Pure: state and event in, state out; `room-socket.ts` acts on it.
 *
 *     idle → opening → joining → joined
 *               ↑         │         │ lost
 *               └─ waiting ←────────┘        any → over (refused, bye, or unreachable for too long)
 */
import type { RoomEnd } from './room-end.ts';

export type LinkState =
  | { readonly status: 'idle' }
  | { readonly status: 'opening' | 'joining'; readonly trouble: Trouble }
  | { readonly status: 'joined' }
  | { readonly status: 'waiting'; readonly trouble: Trouble; readonly retryInMs: number }
  | { readonly status: 'over'; readonly end: RoomEnd };

interface Trouble {
  /** Failed attempts in a row. */
  readonly attempts: number;
  /** When the trouble began, or the first attempt was made. */
  readonly sinceMs: number;
  /** True once joined: then a person is in a conversation, and it is worth trying for long. */
  readonly wasJoined: boolean;
}

export type LinkEvent =
  | { readonly type: 'start' }
  | { readonly type: 'opened' }
  | { readonly type: 'joined' }
  /** `spread` in 0…1 keeps a server that comes back from being met by everybody at once. */
  | { readonly type: 'lost'; readonly spread: number }
  | { readonly type: 'retry' }
  | { readonly type: 'ended'; readonly end: RoomEnd };

/** The first retry is nearly at once: a server that restarts is back within a second, and a participant is kept for 8. */
const FIRST_RETRY_MS = 250;
/** Of a participant's 8 seconds, retries must use more than one or two. */
const LONGEST_RETRY_MS = 2000;
/** A person who waits at the door wants to know soon. */
const GIVE_UP_AT_DOOR_MS = 6000;
/** Somebody in a conversation waits out a lift or a tunnel. */
const GIVE_UP_IN_ROOM_MS = 180_000;

const retryDelayMs = (attempts: number, spread: number): number => {
  const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
  return Math.round(ceiling * (0.5 + 0.5 * spread));
};

const afterLoss = (trouble: Trouble, nowMs: number, spread: number): LinkState => {
  const patienceMs = trouble.wasJoined ? GIVE_UP_IN_ROOM_MS : GIVE_UP_AT_DOOR_MS;
  if (nowMs - trouble.sinceMs >= patienceMs) return { status: 'over', end: { reason: 'unreachable', detail: '' } };
  return {
    status: 'waiting',
    trouble: { ...trouble, attempts: trouble.attempts + 1 },
    retryInMs: retryDelayMs(trouble.attempts, spread),
  };
};

/** The next state. Events that a state has no use for leave it as it is. */
export const nextLink = (state: LinkState, event: LinkEvent, nowMs: number): LinkState => {
  if (event.type === 'ended') return state.status === 'over' ? state : { status: 'over', end: event.end };
  switch (state.status) {
    case 'idle':
    case 'over':
      return event.type === 'start'
        ? { status: 'opening', trouble: { attempts: 0, sinceMs: nowMs, wasJoined: false } }
        : state;
    case 'opening':
      if (event.type === 'opened') return { status: 'joining', trouble: state.trouble };
      return event.type === 'lost' ? afterLoss(state.trouble, nowMs, event.spread) : state;
    case 'joining':
      if (event.type === 'joined') return { status: 'joined' };
      return event.type === 'lost' ? afterLoss(state.trouble, nowMs, event.spread) : state;
    case 'joined':
      if (event.type !== 'lost') return state;
      return afterLoss({ attempts: 0, sinceMs: nowMs, wasJoined: true }, nowMs, event.spread);
    case 'waiting':
      return event.type === 'retry' ? { status: 'opening', trouble: state.trouble } : state;
  }
};
