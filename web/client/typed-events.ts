/** A typed event emitter: event names and their payloads are one interface. No framework, no DOM. */

type Listeners<Events> = { [Name in keyof Events]?: Set<(payload: Events[Name]) => void> };

export class TypedEvents<Events extends object> {
  readonly #listeners: Listeners<Events> = {};

  /** Calls `listener` on every such event until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    const listeners = this.#listeners[name] ?? new Set<(payload: Events[Name]) => void>();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Tells every listener. One that throws does not keep the others from hearing it: its error surfaces as an uncaught one. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
