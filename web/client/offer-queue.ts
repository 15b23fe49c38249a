/**
 * One negotiation at a time, and never one more than needed: wishes that come while one runs are served together by the next.
 * One that fails is reported, not repeated: the queue goes on only where it was asked again meanwhile.
 */
export class OfferQueue {
  readonly #negotiate: () => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #running = false;
  #wanted = false;

  /** @param negotiate One offer and its answer. */
  constructor(negotiate: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#negotiate = negotiate;
    this.#onFailure = onFailure;
  }

  /** Asks for a negotiation that begins after this call. */
  request(): void {
    this.#wanted = true;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#wanted) {
      this.#wanted = false;
      try {
        await this.#negotiate();
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#running = false;
  }
}
