/**
 * What is said in the room, as the server writes it down: its stream of captions (Server-Sent Events), read with the participant's own
 * token, which the browser's EventSource can't send. A connection that breaks comes back where it was.
 */

export interface Caption {
  readonly id: number;
  readonly speakerId: string;
  readonly name: string;
  readonly text: string;
  /** BCP-47, where it is known. */
  readonly language: string | null;
}

export interface StreamEvent {
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

/** Takes text as it comes and answers the events that are whole (WHATWG HTML §9.2.6). Pure but for what it remembers. */
export class EventParser {
  #rest = '';

  take(text: string): StreamEvent[] {
    const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const fields = new Map<string, string>();
      for (const line of block.split(/\r?\n/)) {
        const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
        if (name !== '')
          fields.set(name, name === 'data' && fields.has(name) ? `${fields.get(name)}\n${value}` : value);
      }
      const data = fields.get('data');
      return data === undefined ? [] : [{ type: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data }];
    });
  }
}

/** Null: it is no caption that we understand. */
export const captionOf = ({ type, id, data }: StreamEvent): Caption | null => {
  if (type !== 'caption') return null;
  const said: unknown = JSON.parse(data);
  if (typeof said !== 'object' || said === null) return null;
  const [text, speaker, language]: unknown[] = ['text', 'speaker', 'language'].map((name) => Reflect.get(said, name));
  if (typeof text !== 'string' || typeof speaker !== 'object' || speaker === null) return null;
  const [speakerId, name]: unknown[] = [Reflect.get(speaker, 'id'), Reflect.get(speaker, 'name')];
  if (typeof speakerId !== 'string' || typeof name !== 'string') return null;
  return { id: Number(id), speakerId, name, text, language: typeof language === 'string' ? language : null };
};

export interface CaptionHandlers {
  readonly onCaption: (caption: Caption) => void;
  /** Whether anything is written down in this room, as far as is known. */
  readonly onState: (isTranscribed: boolean) => void;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

/** Reads until the signal, or the session's end. Never rejects. */
export const readCaptions = async (
  token: string,
  roomId: string,
  handlers: CaptionHandlers,
  signal: AbortSignal,
): Promise<void> => {
  let last: number | null = null;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      const headers = { authorization: token, ...(last !== null && { 'last-event-id': String(last) }) };
      const answer = await fetch(`/v2/rooms/${encodeURIComponent(roomId)}/captions`, { headers, signal });
      if (answer.ok && answer.body) {
        retryMs = FIRST_RETRY_MS;
        for await (const event of eventsIn(answer.body)) {
          if (event.type === 'end') return;
          if (event.type === 'state') handlers.onState(event.data.includes('true'));
          const caption = captionOf(event);
          if (!caption) continue;
          last = caption.id;
          handlers.onCaption(caption);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      // The network is away, or the server: whoever is in the room sees that elsewhere.
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
    }
    await pause(retryMs, signal);
    retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
  }
};

async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const parser = new EventParser();
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield* parser.take(read.value);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
