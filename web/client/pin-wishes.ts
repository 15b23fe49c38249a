/**
 * Pins that were asked for and not yet answered. A socket that is just being lost swallows messages without a word: what is still
 * open when the next one has joined is asked again, so that a click is never lost.
 */
import type { ServerMessage } from '../../src/rooms/protocol.ts';

export class PinWishes {
  readonly #send: (participantId: string, pinned: boolean) => void;
  readonly #open = new Map<string, boolean>();

  constructor(send: (participantId: string, pinned: boolean) => void) {
    this.#send = send;
  }

  /** Asks, now or as soon as there is somebody to ask. The last wish for a participant counts. */
  ask(participantId: string, pinned: boolean): void {
    this.#open.set(participantId, pinned);
    this.#send(participantId, pinned);
  }

  /** Everything that the server says is to pass here. */
  heard(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        for (const [participantId, pinned] of this.#open) {
          const present = message.participants.find((participant) => participant.participantId === participantId);
          if (present === undefined || present.pinned === pinned) this.#open.delete(participantId);
          else this.#send(participantId, pinned);
        }
        return;
      case 'pinned':
        if (this.#open.get(message.participantId) === message.pinned) this.#open.delete(message.participantId);
        return;
      case 'participant-left':
        this.#open.delete(message.participantId);
        return;
      case 'error':
        // A refusal names no participant; of offers' refusals, which name their request, pins know nothing.
        if (message.requestId === undefined) this.#open.clear();
        return;
      default:
        return;
    }
  }

  clear(): void {
    this.#open.clear();
  }
}
