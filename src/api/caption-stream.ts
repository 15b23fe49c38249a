/**
 * One watcher's captions as Server-Sent Events (WHATWG HTML §9.2): `catching up → live → ended`. What was missed is read first, as fast as the
 * watcher takes it, and what is said meanwhile with it; nothing comes twice, and nothing is left out that was kept.
 *
 *   event: state     {"transcribing": bool}: at the beginning, and when a transcription begins
 *   event: caption   id: its number; data: the utterance with its speaker
 *   event: end       {"reason": "session-ended"}: no more will come, do not come back
 *
 * Who then reads too slowly is let go once `MOST_BUFFERED` waits for him; he comes back with his last number (`Last-Event-ID`) and misses nothing.
 */
import { Readable } from 'node:stream';
import type { CaptionsPort, CaptionView } from './ports.ts';
import { toSeconds } from './wire-file.ts';

/** Proxies close what is silent for a minute, some for half of one. */
const HEARTBEAT_MS = 15_000;
/** When a browser comes back. */
const RETRY_MS = 2_000;
/** Bytes: an hour of talk. */
const MOST_BUFFERED = 256 * 1024;
/** Utterances read at once of what was missed. */
const BATCH = 200;

const wireCaption = ({ transcriptionId, recordingId, speaker, utterance }: CaptionView) => ({
  transcriptionId,
  recordingId,
  speaker,
  start: toSeconds(utterance.start),
  end: toSeconds(utterance.end),
  text: utterance.text,
  language: utterance.language,
  words: utterance.words,
});

const stateEvent = (transcribing: boolean): string => `event: state\ndata: ${JSON.stringify({ transcribing })}\n\n`;

export class CaptionStream {
  /** What is sent. Destroyed when the watcher goes. */
  readonly body: Readable;
  readonly #captions: CaptionsPort;
  readonly #sessionId: string;
  readonly #stop: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #isCatchingUp: boolean;
  /** Something was said since what was missed was read last. */
  #isMoreSaid = false;
  /** Resolves who waits for the watcher to take what was sent. */
  #onRead: () => void = () => undefined;
  #last: number;
  #isEnding = false;
  /** The last has been sent. */
  #isOver = false;

  /** @param lastSeq after which number the watcher wants to have what was said; null: from now on. */
  constructor(captions: CaptionsPort, sessionId: string, options: { lastSeq: number | null; isTranscribed: boolean }) {
    this.#captions = captions;
    this.#sessionId = sessionId;
    this.#last = options.lastSeq ?? -1;
    this.#isCatchingUp = options.lastSeq !== null;
    this.body = new Readable({ read: () => this.#onRead() });
    this.#stop = captions.listen(sessionId, {
      caption: (caption) => this.#said(caption),
      begun: () => this.#send(stateEvent(true)),
      ended: () => this.end(),
    });
    this.#heartbeat = setInterval(() => this.#send(': still here\n\n'), HEARTBEAT_MS);
    this.body.once('close', () => this.#close());
    this.#send(`retry: ${RETRY_MS}\n${stateEvent(options.isTranscribed)}`);
  }

  /** Sends what was missed. Rejects where that can't be read: then the stream is to be destroyed. */
  async catchUp(): Promise<void> {
    while (this.#isCatchingUp && !this.#isGone) {
      this.#isMoreSaid = false;
      const missed = await this.#captions.after(this.#sessionId, this.#last, BATCH);
      for (const caption of missed) {
        await this.#room();
        this.#sendCaption(caption);
      }
      this.#isCatchingUp = missed.length === BATCH || this.#isMoreSaid;
    }
    if (this.#isEnding) this.end();
  }

  /** Resolves when the watcher has taken most of what was sent, or is gone. A meeting may be far longer than what may wait for him. */
  async #room(): Promise<void> {
    while (!this.#isGone && this.body.readableLength >= this.body.readableHighWaterMark) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onRead = resolve;
      await promise;
    }
  }

  /** The session is over. Idempotent. */
  end(): void {
    this.#isEnding = true;
    if (this.#isCatchingUp || this.#isGone) return;
    this.#send(`event: end\ndata: ${JSON.stringify({ reason: 'session-ended' })}\n\n`);
    this.leave();
  }

  /** We go, not the session: the watcher comes back. Idempotent. */
  leave(): void {
    if (!this.#isGone) this.body.push(null);
    this.#isOver = true;
    this.#close();
  }

  get #isGone(): boolean {
    return this.#isOver || this.body.destroyed;
  }

  #close(): void {
    clearInterval(this.#heartbeat);
    this.#stop();
    this.#onRead();
  }

  /** What is kept before it is told is read with what was missed. */
  #said(caption: CaptionView): void {
    if (this.#isCatchingUp) this.#isMoreSaid = true;
    else this.#sendCaption(caption);
  }

  #sendCaption(caption: CaptionView): void {
    this.#last = Math.max(this.#last, caption.seq);
    this.#send(`id: ${caption.seq}\nevent: caption\ndata: ${JSON.stringify(wireCaption(caption))}\n\n`);
  }

  #send(text: string): void {
    if (this.#isGone) return;
    this.body.push(text);
    if (this.body.readableLength > MOST_BUFFERED) this.body.destroy();
  }
}
