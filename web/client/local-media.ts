/**
 * Our own camera, microphone and screen: what is on, what is wanted, and why not. Works before joining (preview) as in the room.
 * A camera that is off is closed, so that its light is out; a microphone that is muted stays open and sends silence, so that
 * unmuting is at once. A device that is unplugged turns its source off and says so.
 */
import {
  type Capture,
  DeviceError,
  openCamera,
  openCameraAndMicrophone,
  openMicrophone,
  openScreen,
} from './devices.ts';

export interface LocalSource {
  /** `muted`: a microphone that is open and sends silence. */
  readonly status: 'off' | 'starting' | 'on' | 'muted';
  readonly stream: MediaStream | null;
  readonly deviceId: string | null;
  readonly problem: DeviceError | null;
}

export interface LocalMediaState {
  readonly camera: LocalSource;
  readonly microphone: LocalSource;
  /** `stream` holds the sound of the screen too, where it is shared. */
  readonly screen: LocalSource;
}

const OFF: LocalSource = { status: 'off', stream: null, deviceId: null, problem: null };
type Source = keyof LocalMediaState;

export class LocalMedia {
  readonly #onChange: (source: Source) => void;
  #state: LocalMediaState = { camera: OFF, microphone: OFF, screen: OFF };
  /** Counted up by every wish: a device that opens after its wish was overtaken is closed again. */
  readonly #wishes: Record<Source, number> = { camera: 0, microphone: 0, screen: 0 };

  constructor(onChange: (source: Source) => void) {
    this.#onChange = onChange;
  }

  get state(): LocalMediaState {
    return this.#state;
  }

  /** The live track of a source, or null. */
  track(source: Source, kind: 'audio' | 'video'): MediaStreamTrack | null {
    const tracks = this.#state[source].stream?.getTracks() ?? [];
    return tracks.find((track) => track.kind === kind && track.readyState === 'live') ?? null;
  }

  /** Opens both with a single question to the person. What cannot be opened is told in the state. */
  async openBoth(): Promise<void> {
    const camera = this.#begin('camera');
    const microphone = this.#begin('microphone');
    const { camera: cameraId, microphone: microphoneId } = this.#state;
    const opened = await openCameraAndMicrophone(cameraId.deviceId, microphoneId.deviceId);
    this.#finish('camera', camera, opened.camera);
    this.#finish('microphone', microphone, opened.microphone);
  }

  /** Turns the camera on (with another device where one is named) or off. */
  async setCamera(on: boolean, deviceId?: string): Promise<void> {
    if (!on) {
      this.#wishes.camera += 1;
      this.#close('camera', null);
      return;
    }
    await this.#open('camera', deviceId, openCamera);
  }

  /** Opens or unmutes the microphone (with another device where one is named), or mutes it. */
  async setMicrophone(on: boolean, deviceId?: string): Promise<void> {
    const track = this.track('microphone', 'audio');
    if (track !== null && deviceId === undefined) {
      track.enabled = on;
      this.#set('microphone', { ...this.#state.microphone, status: on ? 'on' : 'muted' });
      return;
    }
    if (!on && deviceId === undefined) {
      this.#wishes.microphone += 1;
      this.#close('microphone', null);
      return;
    }
    const isMuted = this.#state.microphone.status === 'muted';
    await this.#open('microphone', deviceId, openMicrophone);
    if (isMuted) await this.setMicrophone(false);
  }

  /** Asks for a screen and shares it. False: the person chose none, or it failed (then the state tells). */
  async startScreen(): Promise<boolean> {
    const wish = this.#begin('screen');
    try {
      const { video, audio } = await openScreen();
      const tracks = audio === null ? [video] : [video, audio];
      return this.#finish('screen', wish, { track: video, problem: null }, new MediaStream(tracks));
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.#finish('screen', wish, { track: null, problem: error.trouble === 'cancelled' ? null : error });
      return false;
    }
  }

  stopScreen(): void {
    this.#wishes.screen += 1;
    this.#close('screen', null);
  }

  /** Closes every device. Idempotent. */
  close(): void {
    for (const source of ['camera', 'microphone', 'screen'] as const) {
      this.#wishes[source] += 1;
      this.#close(source, null);
    }
  }

  async #open(
    source: 'camera' | 'microphone',
    deviceId: string | undefined,
    open: (deviceId: string | null) => Promise<MediaStreamTrack>,
  ): Promise<void> {
    if (deviceId === undefined && this.#state[source].status === 'on') return;
    const wish = this.#begin(source, deviceId);
    try {
      this.#finish(source, wish, { track: await open(this.#state[source].deviceId), problem: null });
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.#finish(source, wish, { track: null, problem: error });
    }
  }

  /** The former device is closed first: many cameras, and all phones, have one at a time. */
  #begin(source: Source, deviceId: string | null = this.#state[source].deviceId): number {
    this.#wishes[source] += 1;
    this.#stop(source);
    this.#set(source, { status: 'starting', stream: null, deviceId, problem: null });
    return this.#wishes[source];
  }

  #finish(
    source: Source,
    wish: number,
    { track, problem }: Capture<MediaStreamTrack>,
    stream = track === null ? null : new MediaStream([track]),
  ): boolean {
    if (wish !== this.#wishes[source]) {
      for (const unwanted of stream?.getTracks() ?? []) unwanted.stop();
      return false;
    }
    if (track === null || stream === null) {
      this.#close(source, problem);
      return false;
    }
    track.onended = () => {
      if (this.#state[source].stream === stream) this.#close(source, this.#unplugged(source));
    };
    const deviceId = source === 'screen' ? null : (track.getSettings().deviceId ?? null);
    this.#set(source, { status: 'on', stream, deviceId, problem: null });
    return true;
  }

  #unplugged(source: Source): DeviceError | null {
    // A screen ends when the person says so in the browser's own bar.
    if (source === 'screen') return null;
    return new DeviceError(source, 'missing', `The ${source} stopped: it was unplugged, or its permission withdrawn.`);
  }

  #close(source: Source, problem: DeviceError | null): void {
    this.#stop(source);
    // A device that is gone is not asked for again: the next attempt takes whatever is there.
    const deviceId = problem?.trouble === 'missing' ? null : this.#state[source].deviceId;
    this.#set(source, { status: 'off', stream: null, deviceId, problem });
  }

  #stop(source: Source): void {
    for (const track of this.#state[source].stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
  }

  #set(source: Source, next: LocalSource): void {
    this.#state = { ...this.#state, [source]: next };
    this.#onChange(source);
  }
}
