/**
 * Plays what others send as sound, with an element per track. Where the browser wants to be touched before it plays anything, it is
 * tried again at the first touch; browsers that render recordings want nothing.
 */
import type { RoomSnapshot, TrackSnapshot } from './room-snapshot.ts';

const TOUCHES = ['pointerdown', 'keydown'] as const;

export class RoomSound {
  readonly #playing = new Map<string, { readonly stream: MediaStream; readonly element: HTMLAudioElement }>();
  #isWaiting = false;

  /** Plays exactly what this room sends. */
  update({ participants }: Pick<RoomSnapshot, 'participants'>): void {
    const heard = new Map<string, MediaStream>();
    for (const { isSelf, microphone, screenAudio } of participants) {
      for (const track of isSelf ? [] : [microphone, screenAudio])
        if (hasStream(track)) heard.set(track.trackId, track.stream);
    }
    for (const [trackId, { stream, element }] of this.#playing) {
      if (heard.get(trackId) === stream) continue;
      element.srcObject = null;
      this.#playing.delete(trackId);
    }
    for (const [trackId, stream] of heard) if (!this.#playing.has(trackId)) this.#play(trackId, stream);
  }

  /** Silence. Idempotent. */
  close(): void {
    this.update({ participants: [] });
    this.#isWaiting = false;
    for (const touch of TOUCHES) removeEventListener(touch, this.#touched);
  }

  #play(trackId: string, stream: MediaStream): void {
    const element = new Audio();
    element.srcObject = stream;
    this.#playing.set(trackId, { stream, element });
    this.#start(element);
  }

  #start(element: HTMLAudioElement): void {
    element.play().catch((error: unknown) => {
      if (!(error instanceof DOMException)) throw error;
      // AbortError: the stream was exchanged before it played; its successor plays.
      if (error.name === 'NotAllowedError') this.#waitForTouch();
    });
  }

  #waitForTouch(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    for (const touch of TOUCHES) addEventListener(touch, this.#touched);
  }

  readonly #touched = (): void => {
    this.#isWaiting = false;
    for (const touch of TOUCHES) removeEventListener(touch, this.#touched);
    for (const { element } of this.#playing.values()) if (element.paused) this.#start(element);
  };
}

const hasStream = (track: TrackSnapshot | null): track is TrackSnapshot & { readonly stream: MediaStream } =>
  track !== null && track.stream !== null;
