/** Reads a stream of captions, as a page does. */
import { type Caption, captionOf, EventParser, type StreamEvent } from '../../web/room/caption-events.ts';

export class CaptionWatcher {
  readonly status: number;
  readonly events: StreamEvent[] = [];
  /** Resolves when the stream has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #abort: AbortController;

  private constructor(answer: Response, abort: AbortController) {
    this.status = answer.status;
    this.#abort = abort;
    this.ended = this.#read(answer).catch((error: unknown) => {
      if (!abort.signal.aborted) throw error;
    });
  }

  static async open(url: string, headers: Record<string, string>): Promise<CaptionWatcher> {
    const abort = new AbortController();
    return new CaptionWatcher(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  get captions(): Caption[] {
    return this.events.flatMap((event) => captionOf(event) ?? []);
  }

  leave(): void {
    this.#abort.abort();
  }

  async #read(answer: Response): Promise<void> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    for await (const bytes of answer.body ?? []) {
      this.events.push(...parser.take(decoder.decode(bytes, { stream: true })));
    }
  }
}
