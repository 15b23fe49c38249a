/** Messages that were sent with `persist`: kept while the session lasts and given to those who join later. */

export interface KeptMessage {
  readonly topic: string;
  readonly payload: string;
  readonly participantId: string;
  /** ISO 8601. */
  readonly at: string;
}

/** The newest of each topic are kept; a chat's last screens, not its archive. */
const MOST_PER_TOPIC = 100;
/** Topics are a client's free choice: whoever invents a new one per message must not fill our memory. */
const MOST_TOPICS = 64;
/** All of it travels in one `joined` message, which must stay below the largest frame between our processes (4 MiB). */
const MOST_CHARACTERS = 512 * 1024;

export class MessageBoard {
  readonly #topics = new Map<string, KeptMessage[]>();
  #characters = 0;

  keep(message: KeptMessage): void {
    const messages = this.#topics.get(message.topic) ?? [];
    // Map order is age of the last message: the quietest topic goes first.
    this.#topics.delete(message.topic);
    this.#topics.set(message.topic, messages);
    messages.push(message);
    this.#characters += message.payload.length;
    if (messages.length > MOST_PER_TOPIC) this.#dropOldest(message.topic, messages);
    while (this.#topics.size > MOST_TOPICS || this.#characters > MOST_CHARACTERS) {
      const [topic, oldest] = this.#topics.entries().next().value ?? [message.topic, messages];
      this.#dropOldest(topic, oldest);
    }
  }

  /** In the order of each topic. */
  all(): KeptMessage[] {
    return [...this.#topics.values()].flat();
  }

  #dropOldest(topic: string, messages: KeptMessage[]): void {
    this.#characters -= messages.shift()?.payload.length ?? 0;
    if (messages.length === 0) this.#topics.delete(topic);
  }
}
