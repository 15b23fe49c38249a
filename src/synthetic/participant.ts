/**
 * A synthetic participant in a process of its own: an exception inside the transport library ends that process and nothing else,
 * and a participant can vanish as a machine does that loses its power.
 *
 * States: `joined → left | vanished | lost`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Size } from '../domain/layout.ts';
import type { TrackSource, VideoCodec } from '../domain/media.ts';
import { cachedAudio, cachedVideo } from './encode.ts';
import type { Turn } from './identity.ts';
import type { Impairment } from './impairment.ts';
import type {
  JoinOptions,
  ParticipantCommand,
  ParticipantReport,
  ParticipantRequest,
  ParticipantStatistics,
} from './participant-messages.ts';
import type { PictureOptions } from './picture.ts';
import type { SentMark } from './publisher.ts';

const PROCESS = fileURLToPath(new URL('./participant-process.ts', import.meta.url));
/** A child that does not end by itself within this time is killed. */
const EXIT_GRACE_MS = 3_000;

/** Where encoded tracks are kept between runs. Ignored by version control; safe to remove. */
export const DEFAULT_CACHE = join(fileURLToPath(new URL('../../', import.meta.url)), '.cache', 'synthetic');

export interface ParticipantOptions {
  /** Base address of the server. */
  readonly url: string;
  readonly roomId: string;
  /** A participant token. */
  readonly token: string;
  readonly name: string;
  readonly index: number;
  /** How many take turns to flash. Default: `index` + 1. */
  readonly of?: number;
  readonly via?: 'whip' | 'room';
  /** Of the room protocol: comes back by itself whenever its socket closes. */
  readonly stays?: boolean;
  /** Media time zero on the monotonic clock, shared by all who take turns. Default: now. */
  readonly epochNs?: bigint;
  /** Length of the encoded material; after it the timecode begins anew. Default 60; rounded up to a whole number of turns. */
  readonly seconds?: number;
  readonly codec?: VideoCodec;
  readonly size?: Size;
  readonly fps?: number;
  readonly content?: PictureOptions['content'];
  /** Keyframes are so many frames apart; without it a second. */
  readonly keyframeInterval?: number | undefined;
  /** Three layers: a quarter, a half and all of `size`. */
  readonly simulcast?: boolean;
  readonly camera?: boolean;
  /** `silent` is an open microphone in a still room; `dtx` sends hardly anything while it is still; `talks`: in turn with the others. */
  readonly microphone?: 'beeps' | 'silent' | 'silent-dtx' | 'beeps-dtx' | 'talks' | 'none';
  readonly firstFrame?: 'keyframe' | 'between-keyframes';
  readonly wallOffsetMs?: number;
  readonly impairment?: Impairment;
  readonly detour?: { readonly host: string; readonly port: number };
  readonly cacheDir?: string;
}

/** Added to a participant's number, it gives the identity of its screen: another edition of another hue. */
const SCREEN_INDEX = 12;
const SIZE: Size = { width: 640, height: 360 };
const FPS = 30;
const SECONDS = 60;

/** The tracks of a participant, encoded before it joins: encoding must not compete with what is measured. */
export interface PreparedMedia {
  readonly camera: readonly string[];
  readonly microphone: string | null;
}

const turnOf = ({ index, of }: ParticipantOptions): Turn => ({ index, of: of ?? index + 1 });

/** Whole turns, so that the order of flashes survives the end of the material. */
const wholeTurns = (options: ParticipantOptions): number => {
  const { of } = turnOf(options);
  return Math.ceil((options.seconds ?? SECONDS) / of) * of;
};

const videoOf = (options: ParticipantOptions, size: Size): Promise<string> =>
  cachedVideo(options.cacheDir ?? DEFAULT_CACHE, {
    codec: options.codec ?? 'vp8',
    size,
    fps: options.fps ?? FPS,
    seconds: wholeTurns(options),
    turn: turnOf(options),
    name: options.name,
    content: options.content ?? 'plain',
    keyframeInterval: options.keyframeInterval,
  });

/** Encodes what is not in the cache yet. Joining does it by itself; call it first where the time matters. */
export const prepareMedia = async (options: ParticipantOptions): Promise<PreparedMedia> => {
  const size = options.size ?? SIZE;
  const layers = options.simulcast ? [4, 2, 1] : [1];
  const camera: string[] = [];
  if (options.camera ?? true) {
    for (const by of layers) camera.push(await videoOf(options, { width: size.width / by, height: size.height / by }));
  }
  const kind = options.microphone ?? 'beeps';
  if (kind === 'none') return { camera, microphone: null };
  const microphone = await cachedAudio(options.cacheDir ?? DEFAULT_CACHE, {
    turn: turnOf(options),
    seconds: wholeTurns(options),
    dtx: kind.endsWith('dtx'),
    silent: kind.startsWith('silent'),
    ...(kind === 'talks' ? { talks: true } : {}),
  });
  return { camera, microphone };
};

export class Participant {
  readonly options: ParticipantOptions;
  readonly turn: Turn;
  /** Monotonic time of media time zero. */
  readonly epochNs: bigint;
  /** Seconds after which the picture's frame number begins anew. */
  readonly loopSeconds: number;
  readonly fps: number;
  /** Every flash and beep so far, in the order they went out. */
  readonly sentLog: SentMark[] = [];
  /** When it changed its connections: what it sent meanwhile may have been cut. By the monotonic clock. */
  readonly reconnects: { readonly fromNs: bigint; readonly toNs: bigint }[] = [];
  /** How often it was away and has come back. */
  timesBack = 0;
  /** What the transport said when it was lost, or null. */
  lost: string | null = null;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #pending = new Map<number, { resolve: (report: ParticipantReport) => void; reject: (e: Error) => void }>();
  #requests = 0;
  #participantId: string | null = null;
  #statistics: ParticipantStatistics = { packets: 0, retransmitted: 0, keyframesAsked: 0, refused: 0 };
  #left: Promise<void> | undefined;

  private constructor(options: ParticipantOptions) {
    this.options = options;
    this.turn = turnOf(options);
    this.epochNs = options.epochNs ?? process.hrtime.bigint();
    this.loopSeconds = wholeTurns(options);
    this.fps = options.fps ?? FPS;
    this.#child = fork(PROCESS, [], { execArgv: [], serialization: 'advanced' });
    this.#child.on('message', (message: ParticipantReport) => this.#receive(message));
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    void this.#exited.then(() => this.#ended());
  }

  /** Encodes if need be, starts the process, joins and sends. Rejects with the server's refusal; nothing is left running then. */
  static async join(options: ParticipantOptions): Promise<Participant> {
    const media = await prepareMedia(options);
    const participant = new Participant(options);
    const join: JoinOptions = {
      url: options.url,
      roomId: options.roomId,
      token: options.token,
      name: options.name,
      via: options.via ?? 'whip',
      stays: options.stays ?? false,
      turn: participant.turn,
      epochNs: participant.epochNs,
      wallOffsetMs: options.wallOffsetMs ?? 0,
      camera: media.camera,
      microphone: media.microphone,
      firstFrame: options.firstFrame ?? 'keyframe',
      impairment: options.impairment ?? null,
      detour: options.detour ?? null,
    };
    try {
      await participant.#tell({ type: 'join', options: join });
    } catch (error) {
      await participant.vanish();
      throw error;
    }
    return participant;
  }

  get name(): string {
    return this.options.name;
  }

  get index(): number {
    return this.turn.index;
  }

  /** Null for WHIP: the server does not tell. */
  get participantId(): string | null {
    return this.#participantId;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  mute(): Promise<void> {
    return this.#tell({ type: 'set-muted', source: 'microphone', muted: true });
  }

  unmute(): Promise<void> {
    return this.#tell({ type: 'set-muted', source: 'microphone', muted: false });
  }

  cameraOff(): Promise<void> {
    return this.#tell({ type: 'set-muted', source: 'camera', muted: true });
  }

  cameraOn(): Promise<void> {
    return this.#tell({ type: 'set-muted', source: 'camera', muted: false });
  }

  /** Whose identity this participant's screen has: one of its own, that never flashes. */
  get screenIndex(): number {
    return this.index + SCREEN_INDEX;
  }

  /** Publishes a picture of another identity as this participant's screen. */
  async shareScreen(size: Size = { width: 1280, height: 720 }): Promise<void> {
    const { name, screenIndex, turn } = this;
    const screen = { ...this.options, name: `Screen of ${name}`, index: screenIndex, of: turn.of };
    await this.#tell({ type: 'publish', source: 'screen-video', file: await videoOf(screen, size) });
  }

  stopSharing(): Promise<void> {
    return this.#tell({ type: 'unpublish', source: 'screen-video' });
  }

  unpublish(source: TrackSource): Promise<void> {
    return this.#tell({ type: 'unpublish', source });
  }

  /** Goes on in another resolution from the next keyframe on, in the same stream. */
  async resize(size: Size): Promise<void> {
    await this.#tell({ type: 'replace', source: 'camera', file: await videoOf(this.options, size) });
  }

  pin(participantId: string, pinned = true): Promise<void> {
    return this.#tell({ type: 'pin', participantId, pinned });
  }

  /** Loses its connections and resumes: same participant, new transport. */
  async reconnect(): Promise<void> {
    const fromNs = process.hrtime.bigint();
    await this.#tell({ type: 'reconnect' });
    this.reconnects.push({ fromNs, toNs: process.hrtime.bigint() });
  }

  async statistics(): Promise<ParticipantStatistics> {
    await this.#tell({ type: 'statistics' });
    return this.#statistics;
  }

  /** Says goodbye and ends the process. Idempotent. */
  leave(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  async #leave(): Promise<void> {
    try {
      await this.#tell({ type: 'leave' });
    } finally {
      if (this.#child.connected) this.#child.disconnect();
      const impatience = setTimeout(() => this.#child.kill('SIGKILL'), EXIT_GRACE_MS);
      await this.#exited;
      clearTimeout(impatience);
    }
  }

  /** Is gone without a word, as in a power cut. Idempotent. */
  vanish(): Promise<void> {
    this.#left ??= this.#exited;
    this.#child.kill('SIGKILL');
    return this.#exited;
  }

  /** Stops the process where it stands, and lets it go on: a network that dies for a while. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  #tell(command: ParticipantCommand): Promise<void> {
    if (!this.#child.connected) return Promise.reject(new Error(`${this.name} is not there any more.`));
    const request: ParticipantRequest = { id: ++this.#requests, command };
    const answer = new Promise<ParticipantReport>((resolve, reject) =>
      this.#pending.set(request.id, { resolve, reject }),
    );
    this.#child.send(request);
    return answer.then(() => undefined);
  }

  #receive(message: ParticipantReport): void {
    switch (message.type) {
      case 'mark':
        // The sender knows when a beep is due, not that this microphone never beeps.
        if (message.mark.kind === 'flash' || !/^(silent|talks)/.test(this.options.microphone ?? '')) {
          this.sentLog.push(message.mark);
        }
        return;
      case 'lost':
        this.lost = message.reason;
        return;
      case 'back':
        this.timesBack += 1;
        return;
      case 'done':
        this.#participantId = message.participantId;
        this.#statistics = message.statistics;
        this.#pending.get(message.id)?.resolve(message);
        break;
      case 'refused':
        this.#pending.get(message.id)?.reject(new Error(`${this.name}: ${message.message}`));
        break;
    }
    this.#pending.delete(message.id);
  }

  #ended(): void {
    for (const { reject } of this.#pending.values()) reject(new Error(`The process of ${this.name} ended.`));
    this.#pending.clear();
  }
}
