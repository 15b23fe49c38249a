import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { type OfferedStream, readAnswer, writeOffer } from '../../../src/synthetic/offer-sdp.ts';

const TRANSPORT = {
  ufrag: 'abcd',
  pwd: 'efghijklmnopqrstuvwxyz',
  fingerprint: 'sha-256 00:11:22',
  candidates: ['1 1 UDP 2122317823 127.0.0.1 40000 typ host'],
};
const camera: OfferedStream = { mid: '1', codec: 'vp8', active: true, ssrc: 10, rtxSsrc: 11, rids: [] };
const microphone: OfferedStream = { mid: '0', codec: 'opus', active: true, ssrc: 20, rtxSsrc: null, rids: [] };

describe('an offer', () => {
  it('bundles its media, each with transport, codec, feedback and source', () => {
    const offer = parse(writeOffer(TRANSPORT, [microphone, camera], 'ada', 1));
    expect(offer.groups).toEqual([{ type: 'BUNDLE', mids: '0 1' }]);
    const [sound, picture] = offer.media;
    expect(sound?.rtp.map(({ codec }) => codec)).toEqual(['opus']);
    expect(picture?.rtp.map(({ codec }) => codec)).toEqual(['VP8', 'rtx']);
    expect(picture?.ssrcGroups).toEqual([{ semantics: 'FID', ssrcs: '10 11' }]);
    expect(picture?.candidates).toBeUndefined();
    expect(sound?.candidates).toHaveLength(1);
    for (const media of offer.media) expect(media.iceUfrag).toBe('abcd');
    expect(sound?.rtcpFb?.map(({ type }) => type)).toContain('nack');
  });

  it('tells simulcast layers apart by RID and names no source for them', () => {
    const layers: OfferedStream = { ...camera, ssrc: null, rtxSsrc: null, rids: ['q', 'h', 'f'] };
    const [picture] = parse(writeOffer(TRANSPORT, [layers], 'ada', 1)).media;
    expect(picture?.rids?.map(({ id }) => id)).toEqual(['q', 'h', 'f']);
    expect(picture?.simulcast).toMatchObject({ dir1: 'send', list1: 'q;h;f' });
    expect(picture?.ssrcs).toBeUndefined();
  });
});

describe('an answer', () => {
  it('is read back: transport, payload types, extensions, and what was refused', () => {
    const { transport, streams } = readAnswer(
      [
        'v=0',
        'o=- 1 1 IN IP4 127.0.0.1',
        's=-',
        't=0 0',
        'a=group:BUNDLE 0 1',
        'm=audio 9 UDP/TLS/RTP/SAVPF 111',
        'c=IN IP4 0.0.0.0',
        'a=ice-ufrag:server',
        'a=ice-pwd:serverpassword12345678',
        'a=fingerprint:sha-256 AA:BB',
        'a=candidate:1 1 UDP 1 127.0.0.1 20080 typ host',
        'a=mid:0',
        'a=recvonly',
        'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
        'a=rtpmap:111 opus/48000/2',
        'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
        'c=IN IP4 0.0.0.0',
        'a=mid:1',
        'a=recvonly',
        'a=rtpmap:96 VP8/90000',
        'a=rtpmap:97 rtx/90000',
        'm=video 0 UDP/TLS/RTP/SAVPF 96',
        'c=IN IP4 0.0.0.0',
        'a=mid:2',
        'a=inactive',
        '',
      ].join('\r\n'),
    );
    expect(transport).toEqual({
      ufrag: 'server',
      pwd: 'serverpassword12345678',
      fingerprint: 'sha-256 AA:BB',
      candidates: ['1 1 UDP 1 127.0.0.1 20080 typ host'],
    });
    expect(
      streams.map(({ mid, accepted, payloadType, rtxPayloadType }) => [mid, accepted, payloadType, rtxPayloadType]),
    ).toEqual([
      ['0', true, 111, null],
      ['1', true, 96, 97],
      ['2', false, 96, null],
    ]);
    expect([...(streams[0]?.extensions ?? [])]).toEqual([4]);
  });

  it('is refused where it names no way to connect', () => {
    expect(() => readAnswer('v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n')).toThrow('no ICE credentials');
  });
});
