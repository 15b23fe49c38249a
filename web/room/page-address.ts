/**
 * What the page's address says: `/room/{roomId}?token=…`.
 *
 * For tests and bots, which have nobody to click:
 * - `autojoin=1` skips the preview and joins at once, with camera and microphone.
 * - `name=…` fills the name (a token that names the participant wins).
 * - `camera=0`, `microphone=0` join without the one or the other.
 * - `codec=vp8|h264|vp9|av1` chooses what video is sent as (default vp8).
 * The page's `RoomClient` is at `window.roomtapeRoom`. Stable hooks in the DOM: `data-testid` of controls (`name-field`,
 * `join-button`, `microphone-button`, `camera-button`, `share-button`, `record-button`, `leave-button`, `rejoin-button`,
 * `recording-indicator`), and tiles with `data-participant-id` and `data-source` (`camera` or `screen-video`).
 */
import type { VideoCodec } from '../client/index.ts';

export interface PageAddress {
  /** Empty where the address names none. */
  readonly roomId: string;
  readonly token: string;
  readonly autojoin: boolean;
  readonly name: string | null;
  readonly camera: boolean;
  readonly microphone: boolean;
  readonly videoCodec: VideoCodec;
}

const CODECS: readonly VideoCodec[] = ['vp8', 'h264', 'vp9', 'av1'];

export const readPageAddress = (address: URL): PageAddress => {
  const query = address.searchParams;
  const room = /^\/room\/([^/]+)\/?$/.exec(address.pathname)?.[1] ?? '';
  return {
    roomId: decoded(room),
    token: query.get('token') ?? '',
    autojoin: query.get('autojoin') === '1',
    name: query.get('name'),
    camera: query.get('camera') !== '0',
    microphone: query.get('microphone') !== '0',
    videoCodec: CODECS.find((codec) => codec === query.get('codec')) ?? 'vp8',
  };
};

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    // A mistyped link: the server will say that there is no such room.
    if (error instanceof URIError) return part;
    throw error;
  }
};
