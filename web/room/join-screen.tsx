/** The door: see and hear oneself, choose devices and a name, know that the room may be recorded, join. */
import { type FormEvent, useEffect, useState } from 'react';
import { JoinError, type RoomClient, type RoomSnapshot, readTokenClaims } from '../client/index.ts';
import { Avatar } from './avatar.tsx';
import { DevicePickers } from './device-pickers.tsx';
import { deviceProblems } from './device-problems.ts';
import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from './icons.tsx';
import { LevelMeter } from './level-meter.tsx';
import type { PageAddress } from './page-address.ts';
import { rememberedName, rememberName } from './remembered-name.ts';
import { StreamVideo } from './stream-video.tsx';
import { Wordmark } from './wordmark.tsx';

interface Props {
  readonly client: RoomClient;
  readonly room: RoomSnapshot;
  readonly address: PageAddress;
  readonly speakerId: string | null;
  readonly onSpeaker: (deviceId: string) => void;
}

export const JoinScreen = ({ client, room, address, speakerId, onSpeaker }: Props) => {
  const claimedName = readTokenClaims(address.token)?.name ?? null;
  const [name, setName] = useState(claimedName ?? address.name ?? rememberedName());
  const isJoining = room.phase === 'joining';

  useEffect(() => {
    void client.openDevices();
  }, [client]);

  const join = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const given = name.trim();
    if (given === '' || isJoining) return;
    if (claimedName === null) rememberName(given);
    try {
      await client.join({ name: given });
    } catch (error) {
      // The page shows the end that the snapshot holds.
      if (!(error instanceof JoinError)) throw error;
    }
  };

  return (
    <main className="door">
      <Wordmark />
      <div className="door__columns">
        <Preview client={client} room={room} name={name} />
        <form className="door__form" onSubmit={join}>
          <h1>Ready to join?</h1>
          <p className="door__room">
            Room <strong>{address.roomId}</strong>
          </p>
          <label className="field">
            <span>Your name</span>
            <input
              data-testid="name-field"
              name="name"
              value={name}
              onChange={(event) => setName(event.target.value)}
              readOnly={claimedName !== null}
              maxLength={100}
              required
              autoComplete="name"
              placeholder="How others will see you"
            />
          </label>
          {claimedName !== null && <p className="door__hint">Your invitation sets this name.</p>}
          <DevicePickers client={client} room={room} speakerId={speakerId} onSpeaker={onSpeaker} />
          <p className="door__consent" data-testid="consent-note">
            <span className="record-dot" aria-hidden="true" />
            <span>
              This room may be recorded. A red <strong>REC</strong> sign shows whenever it is. By joining you agree that
              your picture, voice and name can be part of the recording.
            </span>
          </p>
          <button
            type="submit"
            className="button button--primary button--wide"
            data-testid="join-button"
            disabled={isJoining}
            aria-busy={isJoining}
          >
            {isJoining ? 'Joining…' : 'Join now'}
          </button>
        </form>
      </div>
    </main>
  );
};

const Preview = ({ client, room, name }: { client: RoomClient; room: RoomSnapshot; name: string }) => {
  const { camera, microphone } = room.local;
  const problems = deviceProblems(camera.problem, microphone.problem);
  const isMicrophoneOn = microphone.status === 'on';
  const isCameraOn = camera.status === 'on';
  return (
    <section className="door__preview" aria-label="Preview of your camera and microphone">
      <div className="preview">
        {camera.stream === null ? (
          <div className="preview__off">
            <Avatar name={name} seed={name} />
            <p>{camera.status === 'starting' ? 'Starting your camera…' : 'Your camera is off'}</p>
          </div>
        ) : (
          <StreamVideo stream={camera.stream} isMirrored label="Your camera" />
        )}
        <div className="preview__controls">
          <button
            type="button"
            className="round"
            data-testid="microphone-button"
            data-on={isMicrophoneOn}
            aria-label={isMicrophoneOn ? 'Mute microphone' : 'Turn microphone on'}
            onClick={() => void client.setMicrophone(!isMicrophoneOn)}
          >
            {isMicrophoneOn ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
          </button>
          <button
            type="button"
            className="round"
            data-testid="camera-button"
            data-on={isCameraOn}
            aria-label={isCameraOn ? 'Turn camera off' : 'Turn camera on'}
            onClick={() => void client.setCamera(!isCameraOn)}
          >
            {isCameraOn ? <CameraIcon /> : <CameraOffIcon />}
          </button>
        </div>
      </div>
      <LevelMeter stream={isMicrophoneOn ? microphone.stream : null} />
      {problems.length > 0 && (
        <div className="notice" role="status" data-testid="device-problem">
          {problems.map((problem) => (
            <p key={problem}>{problem}</p>
          ))}
          <p>You can join without and take part by listening, watching and writing.</p>
        </div>
      )}
    </section>
  );
};
