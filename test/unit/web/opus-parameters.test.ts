import { describe, expect, it } from 'vitest';
import { setOpusParameters } from '../../../web/client/opus-parameters.ts';

const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  'a=group:BUNDLE 0 1 2',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
  'a=rtpmap:96 VP8/90000',
  'm=audio 9 UDP/TLS/RTP/SAVPF 109',
  'a=mid:2',
  'a=rtpmap:109 opus/48000/2',
  '',
].join('\r\n');

describe('setOpusParameters', () => {
  it('merges into the fmtp that is there', () => {
    const sdp = setOpusParameters(SDP, (mid) => (mid === '0' ? { usedtx: 1, minptime: 20 } : null));
    expect(sdp).toContain('a=fmtp:111 minptime=20;useinbandfec=1;usedtx=1\r\n');
    expect(sdp.replace(/a=fmtp:111.*\r\n/, '')).toBe(SDP.replace(/a=fmtp:111.*\r\n/, ''));
  });

  it('adds an fmtp where there is none', () => {
    const sdp = setOpusParameters(SDP, (mid) => (mid === '2' ? { stereo: 1 } : null));
    expect(sdp).toContain('a=rtpmap:109 opus/48000/2\r\na=fmtp:109 stereo=1\r\n');
  });

  it('asks about audio only, and leaves what is not chosen as it was', () => {
    const asked: string[] = [];
    const sdp = setOpusParameters(SDP, (mid) => {
      asked.push(mid);
      return null;
    });
    expect(asked).toEqual(['0', '2']);
    expect(sdp).toBe(SDP);
  });
});
