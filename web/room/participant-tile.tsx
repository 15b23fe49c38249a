/** One participant's camera or screen, with name, microphone and pin. */
import { useMemo } from 'react';
import type { ParticipantSnapshot, RoomClient } from '../client/index.ts';
import type { Box } from './arrangement.ts';
import { Avatar } from './avatar.tsx';
import { MicrophoneOffIcon, ScreenIcon } from './icons.tsx';
import { PinButton } from './pin-button.tsx';
import { StreamVideo } from './stream-video.tsx';

interface Props {
  readonly client: RoomClient;
  readonly participant: ParticipantSnapshot;
  readonly source: 'camera' | 'screen-video';
  readonly box: Box;
  readonly isPinned: boolean;
  readonly mayModerate: boolean;
  readonly onPin: (participantId: string, pinned: boolean) => void;
}

export const ParticipantTile = ({ client, participant, source, box, isPinned, mayModerate, onPin }: Props) => {
  const { participantId, name, isSelf, isSpeaking, camera, microphone, screenVideo } = participant;
  const isScreen = source === 'screen-video';
  const track = isScreen ? screenVideo : camera;
  const stream = track === null || track.muted ? null : track.stream;
  const trackId = isSelf ? null : (track?.trackId ?? null);
  const watch = useMemo(
    () => (trackId === null ? undefined : (element: Element) => client.watchSize(trackId, element)),
    [client, trackId],
  );
  const isMuted = microphone === null || microphone.muted;
  const label = isScreen ? `${isSelf ? 'Your' : `${name}’s`} screen` : isSelf ? `${name} (you)` : name;
  return (
    <article
      className="tile"
      data-testid="tile"
      data-participant-id={participantId}
      data-source={source}
      data-speaking={isSpeaking && !isScreen && !isMuted}
      data-pinned={isPinned}
      aria-label={`${label}${isMuted && !isScreen ? ', microphone off' : ''}`}
      style={{ left: box.x, top: box.y, width: box.width, height: box.height }}
    >
      {!isScreen && <Avatar name={name} seed={participantId} />}
      {stream !== null && (
        <StreamVideo
          stream={stream}
          label={label}
          isMirrored={isSelf && !isScreen}
          isWhole={isScreen}
          {...(watch === undefined ? {} : { watch })}
        />
      )}
      <div className="tile__label" data-muted={isMuted && !isScreen}>
        {isScreen ? <ScreenIcon /> : isMuted && <MicrophoneOffIcon />}
        <span>{label}</span>
      </div>
      {!isScreen && (
        <div className="tile__pin">
          <PinButton
            name={name}
            isPinned={isPinned}
            isForEverybody={mayModerate}
            onPin={(pinned) => onPin(participantId, pinned)}
          />
        </div>
      )}
    </article>
  );
};
