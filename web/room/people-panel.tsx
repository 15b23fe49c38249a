/** Who is here. */
import type { RoomSnapshot } from '../client/index.ts';
import { Avatar } from './avatar.tsx';
import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from './icons.tsx';
import { PinButton } from './pin-button.tsx';

interface Props {
  readonly room: RoomSnapshot;
  readonly pinnedHere: ReadonlySet<string>;
  readonly mayModerate: boolean;
  readonly onPin: (participantId: string, pinned: boolean) => void;
}

export const PeoplePanel = ({ room, pinnedHere, mayModerate, onPin }: Props) => (
  <ul className="people">
    {room.participants.map((participant) => {
      const { participantId, name, isSelf, camera, microphone } = participant;
      const isHeard = microphone !== null && !microphone.muted;
      const isSeen = camera !== null && !camera.muted;
      return (
        <li key={participantId} className="people__person">
          <Avatar name={name} seed={participantId} />
          <span className="people__name">
            {name}
            {isSelf && <span className="people__you"> (you)</span>}
            <span className="visually-hidden">
              {`, microphone ${isHeard ? 'on' : 'off'}, camera ${isSeen ? 'on' : 'off'}`}
            </span>
          </span>
          <PinButton
            name={name}
            isPinned={participant.pinned || pinnedHere.has(participantId)}
            isForEverybody={mayModerate}
            onPin={(pinned) => onPin(participantId, pinned)}
          />
          <span className="people__state" data-on={isHeard}>
            {isHeard ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
          </span>
          <span className="people__state" data-on={isSeen}>
            {isSeen ? <CameraIcon /> : <CameraOffIcon />}
          </span>
        </li>
      );
    })}
  </ul>
);
