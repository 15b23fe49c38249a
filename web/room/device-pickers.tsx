/** Which camera, microphone and speaker. */
import { useEffect, useState } from 'react';
import {
  type DeviceChoice,
  type DeviceChoices,
  listDevices,
  type RoomClient,
  type RoomSnapshot,
} from '../client/index.ts';

const NONE: DeviceChoices = { cameras: [], microphones: [], speakers: [] };
const CAN_CHOOSE_SPEAKER = 'setSinkId' in HTMLMediaElement.prototype;

interface Props {
  readonly client: RoomClient;
  readonly room: RoomSnapshot;
  readonly speakerId: string | null;
  readonly onSpeaker: (deviceId: string) => void;
}

export const DevicePickers = ({ client, room, speakerId, onSpeaker }: Props) => {
  const { camera, microphone } = room.local;
  // Labels appear once a device was allowed: the list is read again when one opens.
  const choices = useDeviceChoices(`${camera.status} ${microphone.status}`);
  return (
    <div className="pickers">
      <Picker
        label="Camera"
        testId="camera-picker"
        choices={choices.cameras}
        chosen={camera.deviceId}
        isBlocked={camera.problem?.trouble === 'denied'}
        onChoose={(deviceId) => void client.setCamera(true, deviceId)}
      />
      <Picker
        label="Microphone"
        testId="microphone-picker"
        choices={choices.microphones}
        chosen={microphone.deviceId}
        isBlocked={microphone.problem?.trouble === 'denied'}
        onChoose={(deviceId) => void client.setMicrophone(true, deviceId)}
      />
      {CAN_CHOOSE_SPEAKER && choices.speakers.length > 0 && (
        <Picker
          label="Speaker"
          testId="speaker-picker"
          choices={choices.speakers}
          chosen={speakerId}
          onChoose={onSpeaker}
        />
      )}
    </div>
  );
};

interface PickerProps {
  readonly label: string;
  readonly testId: string;
  readonly choices: readonly DeviceChoice[];
  readonly chosen: string | null;
  /** The browser names no devices that it does not allow. */
  readonly isBlocked?: boolean;
  readonly onChoose: (deviceId: string) => void;
}

const Picker = ({ label, testId, choices, chosen, isBlocked = false, onChoose }: PickerProps) => (
  <label className="field">
    <span>{label}</span>
    <select
      data-testid={testId}
      value={chosen ?? choices[0]?.deviceId ?? ''}
      onChange={(event) => onChoose(event.target.value)}
      disabled={choices.length === 0}
    >
      {choices.length === 0 && <option value="">{isBlocked ? 'Blocked by the browser' : 'None found'}</option>}
      {choices.map(({ deviceId, label: name }) => (
        <option key={deviceId} value={deviceId}>
          {name}
        </option>
      ))}
    </select>
  </label>
);

/** What is plugged in, read again whenever that or `version` changes. */
const useDeviceChoices = (version: string): DeviceChoices => {
  const [choices, setChoices] = useState(NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says when the list must be read again
  useEffect(() => {
    let isShown = true;
    const read = async (): Promise<void> => {
      const found = await listDevices();
      if (isShown) setChoices(found);
    };
    const devices: MediaDevices | undefined = navigator.mediaDevices;
    devices?.addEventListener('devicechange', read);
    void read();
    return () => {
      isShown = false;
      devices?.removeEventListener('devicechange', read);
    };
  }, [version]);
  return choices;
};
