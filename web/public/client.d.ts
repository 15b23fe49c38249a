/**
 * Types of /client.js, the browser client of Roomtape: what template pages use, and what a room page needs besides. One module without
 * dependencies; prose and examples: docs/templates.md.
 */

/** A camera, microphone or screen. */
export interface Track {
  readonly trackId: string;
  /** The camera is off, or the microphone muted. */
  readonly muted: boolean;
  /** To be played; null while it is being negotiated. */
  readonly stream: MediaStream | null;
}

export interface Participant {
  readonly participantId: string;
  readonly name: string;
  /** For everybody, by a moderator. */
  readonly pinned: boolean;
  /** Of a template page always false: it is not among those it sees. */
  readonly isSelf: boolean;
  /** Who speaks, or spoke last. */
  readonly isSpeaking: boolean;
  /** Null: he sends none. */
  readonly camera: Track | null;
  readonly microphone: Track | null;
  readonly screenVideo: Track | null;
  readonly screenAudio: Track | null;
}

export interface RoomMessage {
  readonly topic: string;
  readonly payload: string;
  readonly participantId: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Why the room is over for a page or person. */
export interface RoomEnd {
  readonly reason: string;
  /** What the server said; empty where it said nothing. */
  readonly detail: string;
}

/** `openTemplate` or `join` was answered by an end. */
export class JoinError extends Error {
  constructor(end: RoomEnd);
  readonly end: RoomEnd;
}

// ---- For pages that render a recording.

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

/** What moderators have asked for by `RECORDING_LAYOUT` messages. A page is free to follow it. */
export interface TemplateLayout {
  readonly type?: 'GRID' | 'SPOTLIGHT' | 'SIDEBAR';
  readonly priority?: 'SPEAKER' | 'PIN';
  readonly gridSize?: number;
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

export interface Template {
  /** Everybody who is there, in order of arrival; the page itself is not among them. */
  readonly participants: readonly Participant[];
  /** Who speaks, or spoke last; null where nobody has, or he has left. */
  readonly activeSpeaker: Participant | null;
  /** Ids, who spoke last first. */
  readonly speakers: readonly string[];
  /** Empty until a moderator asks for one. */
  readonly layout: TemplateLayout;
  /** Kept messages, and those since the page joined. */
  readonly messages: readonly RoomMessage[];
  /** Calls `listener` on every such event until the returned function is called. */
  on<Name extends keyof TemplateEvents>(name: Name, listener: (payload: TemplateEvents[Name]) => void): () => void;
  /** Plays a track's picture in `video` until the returned function is called, and has it sent in the size in which it is shown. */
  show(track: Track, video: HTMLVideoElement): () => void;
  /** Resolves when every picture that is shown has come and been painted, or after `limitMs` (default 5000). */
  whenShown(limitMs?: number): Promise<void>;
  /** From now on the page is the recording's picture and sound. The first call counts. */
  startRecording(): void;
  /** Ends the recording. */
  endRecording(): void;
  /** Leaves the room. */
  leave(): void;
}

/**
 * Joins the room of the page's address, hidden, and holds the page's `load` event back until it shows something. Rejects with a sentence where
 * the address says too little, with a JoinError where the room refuses the page or the server can't be reached.
 */
export function openTemplate(options?: TemplateOptions): Promise<Template>;

// ---- For pages that take part.

export interface RoomClientOptions {
  readonly roomId: string;
  readonly token: string;
  /** Address of the server, `https://host[:port]`. Default: where the page came from. */
  readonly serverUrl?: string;
  readonly videoCodec?: 'vp8' | 'vp9' | 'h264' | 'av1';
  readonly participantId?: string;
}

export interface RoomSnapshot {
  readonly phase: 'idle' | 'joining' | 'joined' | 'reconnecting' | 'over';
  readonly end: RoomEnd | null;
  readonly selfId: string | null;
  readonly permissions: readonly string[];
  /** Oneself included, in order of arrival. */
  readonly participants: readonly Participant[];
  readonly speakers: readonly string[];
  readonly messages: readonly RoomMessage[];
}

export interface RoomClientEvents {
  changed: RoomSnapshot;
  message: RoomMessage;
  ended: RoomEnd;
  refused: { readonly code: string; readonly message: string };
}

/** A participant in a browser: sends camera, microphone and screen, receives everybody else's, and stays in through lost connections. */
export class RoomClient {
  constructor(options: RoomClientOptions);
  readonly snapshot: RoomSnapshot;
  on<Name extends keyof RoomClientEvents>(name: Name, listener: (payload: RoomClientEvents[Name]) => void): () => void;
  join(options?: { readonly name?: string }): Promise<void>;
  leave(): void;
  openDevices(): Promise<void>;
  setCamera(on: boolean, deviceId?: string): Promise<void>;
  setMicrophone(on: boolean, deviceId?: string): Promise<void>;
  startScreenShare(): Promise<boolean>;
  stopScreenShare(): void;
  pin(participantId: string, pinned: boolean): void;
  sendMessage(topic: string, payload: string, options?: { readonly persist?: boolean }): boolean;
  watchSize(trackId: string, element: Element): () => void;
}
