/**
 * A page that renders a recording: joins the room that its address names, plays its sound, and says who is there. It sees everybody and is seen by
 * nobody (docs/templates.md).
 *
 *     const room = await openTemplate();
 *     room.on('changed', () => draw(room.participants));
 *     draw(room.participants);
 *
 * States: those of `RoomClient`, but that a server which can't be reached is tried for ever: a recording lasts for hours, and nobody is there to
 * press a button. A room that is over for good tells `ended`.
 */

import { holdLoad } from './load-hold.ts';
import { JoinError, RoomClient } from './room-client.ts';
import type { RoomEnd } from './room-end.ts';
import type { ParticipantSnapshot, TrackSnapshot } from './room-snapshot.ts';
import { RoomSound } from './room-sound.ts';
import type { RoomMessage } from './room-state.ts';
import { readTemplateAddress } from './template-address.ts';
import { nextLayout, type TemplateLayout } from './template-layout.ts';
import { TypedEvents } from './typed-events.ts';

export type { TemplateLayout } from './template-layout.ts';

/** Half of the 10 s after which a recorder shows a page however it looks: pictures that are not there by then may never come. */
const READY_WITHIN_MS = 5000;

export interface TemplateOptions {
  /** Default: `meetingId` (or `roomId`) of the page's address. */
  readonly roomId?: string;
  /** Default: `token` of the page's address. */
  readonly token?: string;
  /** Default: `participantId` of the page's address. */
  readonly participantId?: string;
  /** Address of the server, `https://host[:port]`. Default: where this module came from. */
  readonly serverUrl?: string;
  /** Plays everybody's sound. Default true. */
  readonly sound?: boolean;
  /** Says START_RECORDING once every picture that is shown has come, or after 5 s. False: the page says it. Default true. */
  readonly startsItself?: boolean;
}

export interface TemplateEvents {
  /** Something that the page may draw is another. At most one per task. */
  changed: undefined;
  message: RoomMessage;
  /** A moderator has asked for another layout; it is `layout` already. */
  layout: TemplateLayout;
  /** The room is over for the page. */
  ended: RoomEnd;
}

/** What it needs of the client. */
export type TemplateClient = Pick<RoomClient, 'snapshot' | 'on' | 'join' | 'leave' | 'watchSize'>;

export class Template {
  readonly #client: TemplateClient;
  readonly #events = new TypedEvents<TemplateEvents>();
  readonly #sound: RoomSound | null;
  readonly #shown = new Set<HTMLVideoElement>();
  #layout: TemplateLayout = {};
  #isStarted = false;
  #isLeft = false;
  #isComingBack = false;

  /** Of a client that has joined. */
  constructor(client: TemplateClient, options: { readonly sound: boolean }) {
    this.#client = client;
    this.#sound = options.sound ? new RoomSound() : null;
    this.#layout = client.snapshot.messages.reduce(nextLayout, this.#layout);
    this.#sound?.update(client.snapshot);
    client.on('changed', (snapshot) => {
      this.#sound?.update(snapshot);
      this.#events.emit('changed', undefined);
    });
    client.on('message', (message) => this.#said(message));
    client.on('ended', (end) => {
      if (end.reason === 'unreachable' && !this.#isLeft) {
        void this.#comeBack();
        return;
      }
      this.#sound?.close();
      this.#events.emit('ended', end);
    });
  }

  /** Everybody who is there, in order of arrival; the page itself is not among them. A new array whenever something changed. */
  get participants(): readonly ParticipantSnapshot[] {
    return this.#client.snapshot.participants.filter(({ isSelf }) => !isSelf);
  }

  /** Who speaks, or spoke last; null where nobody has, or he has left. */
  get activeSpeaker(): ParticipantSnapshot | null {
    return this.participants.find(({ isSpeaking }) => isSpeaking) ?? null;
  }

  /** Ids, who spoke last first. */
  get speakers(): readonly string[] {
    return this.#client.snapshot.speakers;
  }

  /** What moderators have asked for by `RECORDING_LAYOUT` messages. Empty until one does. */
  get layout(): TemplateLayout {
    return this.#layout;
  }

  /** Kept messages, and those since the page joined. */
  get messages(): readonly RoomMessage[] {
    return this.#client.snapshot.messages;
  }

  /** Calls `listener` on every such event until the returned function is called. */
  on<Name extends keyof TemplateEvents>(name: Name, listener: (payload: TemplateEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Plays a track's picture in `video`, until the returned function is called, and has the server send it in the size in which it is shown. A
   * track whose `stream` is null shows nothing yet: `changed` follows.
   */
  show(track: TrackSnapshot, video: HTMLVideoElement): () => void {
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    if (video.srcObject !== track.stream) video.srcObject = track.stream;
    const unwatch = this.#client.watchSize(track.trackId, video);
    this.#shown.add(video);
    return () => {
      unwatch();
      this.#shown.delete(video);
      video.srcObject = null;
    };
  }

  /** From now on the page is the recording's picture and sound. The first call counts. */
  startRecording(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    console.log('START_RECORDING');
  }

  /** Ends the recording. */
  endRecording(): void {
    console.log('END_RECORDING');
  }

  /** Leaves the room. Idempotent. */
  leave(): void {
    this.#isLeft = true;
    this.#client.leave();
  }

  /** Resolves when every picture that is shown has come and been painted, or after `limitMs`. */
  async whenShown(limitMs: number = READY_WITHIN_MS): Promise<void> {
    const untilMs = performance.now() + limitMs;
    do await nextPaint();
    while (!this.#isShown() && performance.now() < untilMs);
    await nextPaint();
  }

  /** Joins again, as soon as the server is there again. Each attempt takes its time by itself. */
  async #comeBack(): Promise<void> {
    if (this.#isComingBack) return;
    this.#isComingBack = true;
    // The client is still telling of its end.
    await Promise.resolve();
    try {
      while (!this.#isLeft && !(await this.#joined()));
    } finally {
      this.#isComingBack = false;
    }
  }

  /** False: to be tried again. What else keeps the page out has been told as `ended`. */
  async #joined(): Promise<boolean> {
    try {
      await this.#client.join();
      return true;
    } catch (error) {
      if (error instanceof JoinError) return error.end.reason !== 'unreachable';
      throw error;
    }
  }

  #isShown(): boolean {
    const pictures = this.participants.flatMap(({ camera, screenVideo }) => [camera, screenVideo]);
    if (this.#shown.size === 0) return pictures.every((track) => track === null || track.muted);
    return [...this.#shown].every((video) => video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA);
  }

  #said(message: RoomMessage): void {
    this.#events.emit('message', message);
    const layout = nextLayout(this.#layout, message);
    if (layout === this.#layout) return;
    this.#layout = layout;
    this.#events.emit('layout', layout);
    this.#events.emit('changed', undefined);
  }
}

/** Pages that nobody looks at are painted when it pleases the browser; a timer goes on. */
const nextPaint = (): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 250);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });

/**
 * Joins the room of the page's address, hidden, and holds the page's `load` event back until it shows something.
 * @throws {Error} The address says too little. {JoinError} The room refuses the page, or the server can't be reached.
 */
export const openTemplate = async (options: TemplateOptions = {}): Promise<Template> => {
  const { roomId, token, participantId } = readTemplateAddress(location.search, options);
  const release = holdLoad(READY_WITHIN_MS);
  const client = new RoomClient({
    roomId,
    token,
    serverUrl: options.serverUrl ?? new URL(import.meta.url).origin,
    ...(participantId === undefined ? {} : { participantId }),
  });
  try {
    await client.join();
  } catch (error) {
    release();
    throw error;
  }
  const template = new Template(client, { sound: options.sound ?? true });
  void template.whenShown().then(() => {
    if (options.startsItself ?? true) template.startRecording();
    release();
  });
  return template;
};
