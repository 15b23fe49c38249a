/**
 * The one-m-line descriptions with which the WebRTC library is used as a pipe. It demultiplexes by declared SSRC as soon as there are
 * several m-lines, and then loses simulcast; with exactly one m-line every packet of the bundle reaches that one track. So it is
 * offered only credentials, and the real BUNDLE answer is ours (`sdp/`).
 */
import type { RemoteParameters } from './media-transport.ts';

/** The offer that stands for the peer's: `active`, so that the library takes the passive role. */
export const pipeOffer = (remote: RemoteParameters): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${remote.iceUfrag}`,
    `a=ice-pwd:${remote.icePwd}`,
    `a=fingerprint:${remote.fingerprint}`,
    'a=setup:active',
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:96 VP8/90000',
    '',
  ].join('\r\n');

const attribute = (sdp: string, name: string): string => {
  const value = new RegExp(`^a=${name}:(.*)$`, 'm').exec(sdp)?.[1]?.trim();
  if (!value) throw new Error(`The transport's own description has no "${name}".`);
  return value;
};

/** Our credentials out of the description that the library made. Throws if it made none. */
export const pipeCredentials = (sdp: string): { iceUfrag: string; icePwd: string; fingerprint: string } => ({
  iceUfrag: attribute(sdp, 'ice-ufrag'),
  icePwd: attribute(sdp, 'ice-pwd'),
  fingerprint: attribute(sdp, 'fingerprint'),
});
