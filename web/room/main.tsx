/** Entry of the room page: reads the address, makes the room client, draws. */
import { createRoot } from 'react-dom/client';
import { RoomClient } from '../client/index.ts';
import { CrashBoundary } from './crash-boundary.tsx';
import { readPageAddress } from './page-address.ts';
import { RoomPage } from './room-page.tsx';
import './styles/base.css';
import './styles/door.css';
import './styles/call.css';

declare global {
  interface Window {
    /** For tests and bots. */
    roomtapeRoom?: RoomClient;
  }
}

const address = readPageAddress(new URL(location.href));
const client = new RoomClient({ roomId: address.roomId, token: address.token, videoCodec: address.videoCodec });
window.roomtapeRoom = client;

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root to draw into.');
createRoot(root).render(
  <CrashBoundary>
    <RoomPage client={client} address={address} />
  </CrashBoundary>,
);
