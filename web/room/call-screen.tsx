/** In the room: tiles, control bar, panel, notices, everybody's sound. */
import { useCallback, useEffect, useState } from 'react';
import type { RecordingState, RoomClient, RoomSnapshot } from '../client/index.ts';
import { CaptionLines } from './captions.tsx';
import { ChatPanel } from './chat-panel.tsx';
import { ControlBar, type Panel } from './control-bar.tsx';
import { DevicePickers } from './device-pickers.tsx';
import { SettingsIcon } from './icons.tsx';
import { Notices, useNotices } from './notices.tsx';
import { PeoplePanel } from './people-panel.tsx';
import { RecordingIndicator } from './recording-indicator.tsx';
import { RoomSound } from './room-sound.tsx';
import { SidePanel } from './side-panel.tsx';
import { TileGrid } from './tile-grid.tsx';
import { useChat } from './use-chat.ts';
import { Wordmark } from './wordmark.tsx';

interface Props {
  readonly client: RoomClient;
  readonly room: RoomSnapshot;
  readonly roomId: string;
  readonly token: string;
  readonly speakerId: string | null;
  readonly onSpeaker: (deviceId: string) => void;
}

export const CallScreen = ({ client, room, roomId, token, speakerId, onSpeaker }: Props) => {
  const [panel, setPanel] = useState<Panel | null>(null);
  const [pinnedHere, setPinnedHere] = useState<ReadonlySet<string>>(new Set());
  const [hasCaptions, setHasCaptions] = useState(false);
  const { notices, tell } = useNotices(client, room);
  const chat = useChat(client, room, panel === 'chat');
  const mayModerate = room.permissions.includes('allow_mod');

  const togglePin = useCallback(
    (participantId: string, pinned: boolean) => {
      if (mayModerate) client.pin(participantId, pinned);
      else setPinnedHere(pinned ? new Set([participantId]) : new Set());
    },
    [client, mayModerate],
  );
  const close = useCallback(() => setPanel(null), []);

  useEffect(() => {
    document.title = titleOf(room.recording);
  }, [room.recording]);

  return (
    <div className="call" data-phase={room.phase}>
      <header className="call__header">
        <Wordmark />
        <span className="call__room">{roomId}</span>
        <RecordingIndicator recording={room.recording} />
        <button
          type="button"
          className="header-button"
          data-testid="settings-button"
          aria-label="Devices"
          aria-expanded={panel === 'devices'}
          onClick={() => setPanel(panel === 'devices' ? null : 'devices')}
        >
          <SettingsIcon />
        </button>
      </header>
      <main className="call__main">
        <TileGrid client={client} room={room} pinnedHere={pinnedHere} mayModerate={mayModerate} onPin={togglePin} />
        <CaptionLines token={token} roomId={roomId} isShown={hasCaptions} />
        <Notices room={room} notices={notices} />
      </main>
      {panel === 'people' && (
        <SidePanel title={`People (${room.participants.length})`} onClose={close}>
          <PeoplePanel room={room} pinnedHere={pinnedHere} mayModerate={mayModerate} onPin={togglePin} />
        </SidePanel>
      )}
      {panel === 'chat' && (
        <SidePanel title="Chat" onClose={close}>
          <ChatPanel lines={chat.lines} onSend={chat.send} />
        </SidePanel>
      )}
      {panel === 'devices' && (
        <SidePanel title="Devices" onClose={close}>
          <DevicePickers client={client} room={room} speakerId={speakerId} onSpeaker={onSpeaker} />
        </SidePanel>
      )}
      <ControlBar
        client={client}
        room={room}
        roomId={roomId}
        token={token}
        panel={panel}
        unread={chat.unread}
        hasCaptions={hasCaptions}
        onCaptions={() => setHasCaptions(!hasCaptions)}
        onPanel={(wanted) => setPanel(panel === wanted ? null : wanted)}
        onTrouble={tell}
      />
      <RoomSound room={room} speakerId={speakerId} />
    </div>
  );
};

const titleOf = (recording: RecordingState): string => {
  if (!recording.active) return 'Roomtape';
  return recording.pausedAtMs === null ? '● Recording · Roomtape' : '○ Recording paused · Roomtape';
};
