/** Cameras, microphones and screens: opening them, and what to say where that fails. */

export type DeviceKind = 'camera' | 'microphone' | 'screen';
export type DeviceTrouble = 'denied' | 'missing' | 'busy' | 'insecure' | 'cancelled' | 'failed';

/** A device that cannot be used. `message` is a sentence for the person in front of it. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly device: DeviceKind;
  readonly trouble: DeviceTrouble;

  constructor(device: DeviceKind, trouble: DeviceTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.device = device;
    this.trouble = trouble;
  }
}

const TROUBLE_BY_NAME: Readonly<Record<string, DeviceTrouble>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

const sentence = (device: DeviceKind, trouble: DeviceTrouble): string => {
  switch (trouble) {
    case 'denied':
      return device === 'screen'
        ? 'Your browser or system does not allow sharing the screen. Allow it in the settings and try again.'
        : `Your browser blocks the ${device}. Allow it with the icon beside the address, then try again.`;
    case 'missing':
      return device === 'screen'
        ? 'There is no screen to share.'
        : `No ${device} was found. Plug one in and try again.`;
    case 'busy':
      return `The ${device} cannot be opened. Another program may be using it: close that and try again.`;
    case 'insecure':
      return 'Browsers give camera and microphone only to secure pages: open this address with https://.';
    case 'cancelled':
      return 'Nothing was shared.';
    case 'failed':
      return `The ${device} could not be started.`;
  }
};

const deviceError = (device: DeviceKind, error: unknown): DeviceError => {
  const name = error instanceof Error ? error.name : '';
  let trouble = TROUBLE_BY_NAME[name] ?? 'failed';
  // Closing the screen picker and forbidding the screen are the same error; the first is far more usual, and no error at all.
  if (device === 'screen' && trouble === 'denied') trouble = 'cancelled';
  return new DeviceError(device, trouble, sentence(device, trouble), { cause: error });
};

const mediaDevices = (device: DeviceKind): MediaDevices => {
  // Absent on plain HTTP off localhost, whatever the DOM types say.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices === undefined) throw new DeviceError(device, 'insecure', sentence(device, 'insecure'));
  return devices;
};

/** What a camera is asked for; it gives the nearest it can. */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

const cameraConstraints = (deviceId: string | null): MediaTrackConstraints => ({
  ...CAMERA,
  ...(deviceId === null ? {} : { deviceId: { exact: deviceId } }),
});
const microphoneConstraints = (deviceId: string | null): MediaTrackConstraints => ({
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  ...(deviceId === null ? {} : { deviceId: { exact: deviceId } }),
});

const only = (device: DeviceKind, track: MediaStreamTrack | undefined): MediaStreamTrack => {
  if (track === undefined) throw new DeviceError(device, 'missing', sentence(device, 'missing'));
  return track;
};

/** @throws {DeviceError} */
export const openCamera = async (deviceId: string | null): Promise<MediaStreamTrack> => {
  const devices = mediaDevices('camera');
  try {
    const stream = await devices.getUserMedia({ video: cameraConstraints(deviceId) });
    return only('camera', stream.getVideoTracks()[0]);
  } catch (error) {
    throw deviceError('camera', error);
  }
};

/** @throws {DeviceError} */
export const openMicrophone = async (deviceId: string | null): Promise<MediaStreamTrack> => {
  const devices = mediaDevices('microphone');
  try {
    const stream = await devices.getUserMedia({ audio: microphoneConstraints(deviceId) });
    return only('microphone', stream.getAudioTracks()[0]);
  } catch (error) {
    throw deviceError('microphone', error);
  }
};

export interface Capture<Value> {
  readonly track: Value | null;
  readonly problem: DeviceError | null;
}

const settle = async (opening: Promise<MediaStreamTrack>): Promise<Capture<MediaStreamTrack>> => {
  try {
    return { track: await opening, problem: null };
  } catch (error) {
    if (error instanceof DeviceError) return { track: null, problem: error };
    throw error;
  }
};

/** Camera and microphone with one question to the person, or each alone where both together fail. Never throws for a device. */
export const openCameraAndMicrophone = async (
  camera: string | null,
  microphone: string | null,
): Promise<{ camera: Capture<MediaStreamTrack>; microphone: Capture<MediaStreamTrack> }> => {
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices !== undefined) {
    try {
      const stream = await devices.getUserMedia({
        video: cameraConstraints(camera),
        audio: microphoneConstraints(microphone),
      });
      return {
        camera: { track: stream.getVideoTracks()[0] ?? null, problem: null },
        microphone: { track: stream.getAudioTracks()[0] ?? null, problem: null },
      };
    } catch (error) {
      // One of the two failed; asking for each alone tells which.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return { camera: await settle(openCamera(camera)), microphone: await settle(openMicrophone(microphone)) };
};

/** Options that browsers know and the DOM types do not. */
interface ScreenOptions extends DisplayMediaStreamOptions {
  readonly systemAudio: 'include';
  readonly surfaceSwitching: 'include';
  readonly selfBrowserSurface: 'exclude';
}

/**
 * Asks the person for a screen, window or tab; with its sound where it has some.
 * @throws {DeviceError} `cancelled` where the person chose nothing.
 */
export const openScreen = async (): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | null }> => {
  const devices = mediaDevices('screen');
  const options: ScreenOptions = {
    video: { frameRate: { max: 30 } },
    // Voice processing would ruin music and the sound of films.
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2 },
    systemAudio: 'include',
    surfaceSwitching: 'include',
    selfBrowserSurface: 'exclude',
  };
  try {
    const stream = await devices.getDisplayMedia(options);
    const video = only('screen', stream.getVideoTracks()[0]);
    video.contentHint = 'detail';
    return { video, audio: stream.getAudioTracks()[0] ?? null };
  } catch (error) {
    throw deviceError('screen', error);
  }
};

export interface DeviceChoice {
  readonly deviceId: string;
  readonly label: string;
}
export interface DeviceChoices {
  readonly cameras: readonly DeviceChoice[];
  readonly microphones: readonly DeviceChoice[];
  readonly speakers: readonly DeviceChoice[];
}

/** What is plugged in. Labels are empty, and ids too, until a device was allowed once. */
export const listDevices = async (): Promise<DeviceChoices> => {
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  const all = devices === undefined ? [] : await devices.enumerateDevices();
  const choices = (kind: MediaDeviceKind, word: string): DeviceChoice[] =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== '')
      .map((device, index) => ({ deviceId: device.deviceId, label: device.label || `${word} ${index + 1}` }));
  return {
    cameras: choices('videoinput', 'Camera'),
    microphones: choices('audioinput', 'Microphone'),
    speakers: choices('audiooutput', 'Speaker'),
  };
};
