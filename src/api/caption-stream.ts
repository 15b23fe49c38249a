/**
 * One watcher's captions as Server-Sent Events (WHATWG HTML §9.2): `open → ended`. What was missed is read first, what is said meanwhile waits
 * behind it; nothing comes twice, and nothing is left out that was kept.
 *
 *   event: state     {"transcribing": bool}: at the beginning, and when a transcription begins
 *   event: caption   id: its number; data: the utterance with its speaker
 *   event: end       {"reason": "session-ended"}: no more will come, do not come back
 *
 * Who reads too slowly is let go once `MOST_BUFFERED` waits for him; he comes back with his last number (`Last-Event-ID`) and misses nothing.
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
  /** What is said while what was missed is still read; null: nothing was missed, or it has been sent. */
  #waiting: CaptionView[] | null = [];
  #last: number;
  #isEnding = false;

  /** @param lastSeq after which number the watcher wants to have what was said; null: from now on. */
  constructor(captions: CaptionsPort, sessionId: string, options: { lastSeq: number | null; isTranscribed: boolean }) {
    this.#captions = captions;
    this.#sessionId = sessionId;
    this.#last = options.lastSeq ?? -1;
    this.body = new Readable({ read: () => undefined });
    this.#stop = captions.listen(sessionId, {
      caption: (caption) => this.#said(caption),
      begun: () => this.#send(stateEvent(true)),
      ended: () => this.end(),
    });
    this.#heartbeat = setInterval(() => this.#send(': still here\n\n'), HEARTBEAT_MS);
    this.body.once('close', () => this.#close());
    this.#send(`retry: ${RETRY_MS}\n${stateEvent(options.isTranscribed)}`);
    if (options.lastSeq === null) this.#waiting = null;
  }

  /** Sends what was missed. Rejects where that can't be read: then the stream is to be destroyed. */
  async catchUp(): Promise<void> {
    while (this.#waiting && !this.body.destroyed) {
      const missed = await this.#captions.after(this.#sessionId, this.#last, BATCH);
      for (const caption of missed) this.#sendCaption(caption);
      if (missed.length === BATCH) continue;
      const waiting = this.#waiting;
      this.#waiting = null;
      for (const caption of waiting) if (caption.seq > this.#last) this.#sendCaption(caption);
    }
    if (this.#isEnding) this.end();
  }

  /** The session is over. Idempotent. */
  end(): void {
    this.#isEnding = true;
    if (this.#waiting || this.body.destroyed || this.body.readableEnded) return;
    this.#send(`event: end\ndata: ${JSON.stringify({ reason: 'session-ended' })}\n\n`);
    this.leave();
  }

  /** We go, not the session: the watcher comes back. Idempotent. */
  leave(): void {
    this.#close();
    if (!this.body.destroyed) this.body.push(null);
  }

  #close(): void {
    clearInterval(this.#heartbeat);
    this.#stop();
  }

  #said(caption: CaptionView): void {
    if (this.#waiting) this.#waiting.push(caption);
    else this.#sendCaption(caption);
  }

  #sendCaption(caption: CaptionView): void {
    this.#last = Math.max(this.#last, caption.seq);
    this.#send(`id: ${caption.seq}\nevent: caption\ndata: ${JSON.stringify(wireCaption(caption))}\n\n`);
  }

  #send(text: string): void {
    if (this.body.destroyed || this.body.readableEnded) return;
    this.body.push(text);
    if (this.body.readableLength > MOST_BUFFERED) this.body.destroy();
  }
}
