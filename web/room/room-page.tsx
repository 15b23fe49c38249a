/** The page as a whole: door, room, or a plain page that says why one is not in it. */
import { useEffect, useState } from 'react';
import { JoinError, type RoomClient, type RoomEnd } from '../client/index.ts';
import { CallScreen } from './call-screen.tsx';
import { EndScreen, UnsupportedScreen } from './end-screen.tsx';
import { JoinScreen } from './join-screen.tsx';
import type { PageAddress } from './page-address.ts';
import { useRoom } from './use-room.ts';

const isSupported = (): boolean =>
  typeof RTCPeerConnection === 'function' &&
  'addTransceiver' in RTCPeerConnection.prototype &&
  'ResizeObserver' in window;

const INCOMPLETE: RoomEnd = { reason: 'token-missing', detail: '' };

interface Props {
  readonly client: RoomClient;
  readonly address: PageAddress;
}

export const RoomPage = ({ client, address }: Props) => {
  const room = useRoom(client);
  const [dismissed, setDismissed] = useState<RoomEnd | null>(null);
  const [speakerId, setSpeakerId] = useState<string | null>(null);
  const isComplete = address.roomId !== '' && address.token !== '';
  const joinsByItself = address.autojoin && isComplete && isSupported();

  useEffect(() => {
    if (joinsByItself) void joinAtOnce(client, address);
  }, [joinsByItself, client, address]);

  if (!isSupported()) return <UnsupportedScreen />;
  if (!isComplete) return <EndScreen end={INCOMPLETE} onRejoin={null} />;
  if (room.phase === 'joined' || room.phase === 'reconnecting') {
    return (
      <CallScreen
        client={client}
        room={room}
        roomId={address.roomId}
        token={address.token}
        speakerId={speakerId}
        onSpeaker={setSpeakerId}
      />
    );
  }
  if (room.end !== null && room.end !== dismissed) {
    return <EndScreen end={room.end} onRejoin={() => setDismissed(room.end)} />;
  }
  if (joinsByItself && dismissed === null)
    return (
      <main className="plain-page" aria-busy="true">
        Joining…
      </main>
    );
  return <JoinScreen client={client} room={room} address={address} speakerId={speakerId} onSpeaker={setSpeakerId} />;
};

const joinAtOnce = async (client: RoomClient, { camera, microphone, name }: PageAddress): Promise<void> => {
  if (camera && microphone) await client.openDevices();
  else if (camera) await client.setCamera(true);
  else if (microphone) await client.setMicrophone(true);
  try {
    await client.join(name === null ? {} : { name });
  } catch (error) {
    // The page shows the end that the snapshot holds.
    if (!(error instanceof JoinError)) throw error;
  }
};
