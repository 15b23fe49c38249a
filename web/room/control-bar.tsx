/** The controls of a participant in the room. */
import type { ReactNode } from 'react';
import type { RecordingState, RoomClient, RoomSnapshot } from '../client/index.ts';
import {
  CameraIcon,
  CameraOffIcon,
  CaptionsIcon,
  ChatIcon,
  LeaveIcon,
  MicrophoneIcon,
  MicrophoneOffIcon,
  PauseIcon,
  PeopleIcon,
  RecordIcon,
  ResumeIcon,
  ScreenIcon,
  StopIcon,
} from './icons.tsx';
import { endRecording, pauseRecording, resumeRecording, startRecording } from './recording-calls.ts';
import { useRoomRecording } from './use-room-recording.ts';

export type Panel = 'people' | 'chat' | 'devices';

interface Props {
  readonly client: RoomClient;
  readonly room: RoomSnapshot;
  readonly roomId: string;
  readonly token: string;
  readonly panel: Panel | null;
  readonly unread: number;
  readonly hasCaptions: boolean;
  readonly onCaptions: () => void;
  readonly onPanel: (panel: Panel) => void;
  readonly onTrouble: (text: string) => void;
}

export const ControlBar = (props: Props) => {
  const { client, room, roomId, token, panel, unread, hasCaptions, onCaptions, onPanel, onTrouble } = props;
  const { camera, microphone, screen } = room.local;
  const isHeard = microphone.status === 'on';
  const isSeen = camera.status === 'on';
  const isSharing = screen.stream !== null;
  return (
    <nav className="controls" aria-label="Call controls">
      <div className="controls__group">
        <Control
          testId="microphone-button"
          label={isHeard ? 'Mute' : 'Unmute'}
          isOn={isHeard}
          isBusy={microphone.status === 'starting'}
          onClick={() => void client.setMicrophone(!isHeard)}
        >
          {isHeard ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
        </Control>
        <Control
          testId="camera-button"
          label={isSeen ? 'Stop camera' : 'Start camera'}
          isOn={isSeen}
          isBusy={camera.status === 'starting'}
          onClick={() => void client.setCamera(!isSeen)}
        >
          {isSeen ? <CameraIcon /> : <CameraOffIcon />}
        </Control>
        {canShareScreen() && (
          <Control
            testId="share-button"
            label={isSharing ? 'Stop sharing' : 'Share screen'}
            isActive={isSharing}
            onClick={() => {
              if (isSharing) client.stopScreenShare();
              else void client.startScreenShare();
            }}
          >
            <ScreenIcon />
          </Control>
        )}
        {room.permissions.includes('allow_mod') && (
          <RecordControls told={room.recording} roomId={roomId} token={token} onTrouble={onTrouble} />
        )}
      </div>
      <div className="controls__group">
        <Control
          testId="captions-button"
          label="Captions"
          title={hasCaptions ? 'Hide captions' : 'Show captions'}
          isActive={hasCaptions}
          isPressed={hasCaptions}
          onClick={onCaptions}
        >
          <CaptionsIcon />
        </Control>
        <Control
          testId="people-button"
          label="People"
          isOpen={panel === 'people'}
          badge={room.participants.length}
          onClick={() => onPanel('people')}
        >
          <PeopleIcon />
        </Control>
        <Control
          testId="chat-button"
          label="Chat"
          isOpen={panel === 'chat'}
          {...(unread > 0 ? { badge: unread } : {})}
          onClick={() => onPanel('chat')}
        >
          <ChatIcon />
        </Control>
      </div>
      <Control testId="leave-button" label="Leave" isDanger onClick={() => client.leave()}>
        <LeaveIcon />
      </Control>
    </nav>
  );
};

const canShareScreen = (): boolean => {
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  return devices !== undefined && 'getDisplayMedia' in devices;
};

interface RecordProps {
  readonly told: RecordingState;
  readonly roomId: string;
  readonly token: string;
  readonly onTrouble: (text: string) => void;
}

const RecordControls = ({ told, roomId, token, onTrouble }: RecordProps) => {
  const { recording, isBusy, act } = useRoomRecording(token, roomId, told, onTrouble);
  return (
    <>
      <Control
        testId="record-button"
        label={recording ? 'Stop recording' : 'Record'}
        isRecording={recording !== null}
        isBusy={isBusy}
        onClick={() => void act(() => (recording ? endRecording : startRecording)(token, roomId))}
      >
        {recording ? <StopIcon /> : <RecordIcon />}
      </Control>
      {recording && (
        <Control
          testId="pause-button"
          label={recording.isPaused ? 'Resume' : 'Pause'}
          title={recording.isPaused ? 'Resume the recording' : 'Pause the recording'}
          isActive={recording.isPaused}
          isBusy={isBusy}
          onClick={() => void act(() => (recording.isPaused ? resumeRecording : pauseRecording)(token, recording))}
        >
          {recording.isPaused ? <ResumeIcon /> : <PauseIcon />}
        </Control>
      )}
    </>
  );
};

interface ControlProps {
  readonly testId: string;
  readonly label: string;
  /** Says it in full where the label is too short to be understood alone. */
  readonly title?: string;
  readonly children: ReactNode;
  readonly onClick: () => void;
  /** A device that is on or off; off is marked. */
  readonly isOn?: boolean;
  /** Something that is going on. */
  readonly isActive?: boolean;
  /** A switch: said by screen readers. */
  readonly isPressed?: boolean;
  /** A panel that the control opens and closes. */
  readonly isOpen?: boolean;
  readonly isRecording?: boolean;
  readonly isDanger?: boolean;
  readonly isBusy?: boolean;
  readonly badge?: number;
}

const Control = ({
  testId,
  label,
  title,
  children,
  onClick,
  isOn,
  isActive,
  isPressed,
  isOpen,
  isRecording,
  isDanger,
  isBusy,
  badge,
}: ControlProps) => (
  <button
    type="button"
    className="control"
    data-testid={testId}
    title={title}
    aria-label={title}
    data-on={isOn}
    data-active={isActive === true || isOpen === true}
    data-recording={isRecording}
    data-danger={isDanger}
    aria-expanded={isOpen}
    aria-pressed={isPressed}
    aria-busy={isBusy}
    disabled={isBusy}
    onClick={onClick}
  >
    <span className="control__icon">
      {children}
      {badge !== undefined && (
        <span className="control__badge" aria-hidden="true">
          {badge}
        </span>
      )}
    </span>
    <span className="control__label">{label}</span>
  </button>
);
