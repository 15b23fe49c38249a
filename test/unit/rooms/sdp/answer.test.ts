import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RoomtapeError } from '../../../../src/domain/errors.ts';
import type { TrackSource } from '../../../../src/domain/media.ts';
import { answerPublishLine, chooseFeedback, publishLines } from '../../../../src/rooms/publishing/publish-line.ts';
import { buildAnswer } from '../../../../src/rooms/sdp/answer.ts';
import { EXTENSION } from '../../../../src/rooms/sdp/header-extensions.ts';
import { parseOffer } from '../../../../src/rooms/sdp/offer.ts';

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}.sdp`, import.meta.url), 'utf8');
const local = {
  iceUfrag: 'ours',
  icePwd: 'ourpasswordourpassword00',
  fingerprint: 'sha-256 AA',
  candidates: [
    '1 1 udp 2130706431 127.0.0.1 5000 typ host',
    '2 1 tcp 1518280447 127.0.0.1 5000 typ host tcptype passive',
  ],
};
const publishAnswer = (
  sdp: string,
  sources: ReadonlyMap<string, TrackSource> | null = null,
  wish: 'transport-cc' | 'remb' = 'transport-cc',
): string[] => {
  const offer = parseOffer(sdp);
  const lines = publishLines(offer, sources, new Map());
  const feedback = chooseFeedback(offer, wish);
  const answer = (media: Parameters<typeof answerPublishLine>[0]) =>
    answerPublishLine(media, lines.get(media.mid), feedback);
  return buildAnswer({ offer, local, sessionId: 1, version: 1, answer }).split('\r\n');
};

describe('offers that publish nothing', () => {
  const base = fixture('chrome-publish');
  const refusal = (sdp: string): unknown => {
    try {
      return publishAnswer(sdp);
    } catch (error) {
      if (error instanceof RoomtapeError) return [error.code, error.message];
      throw error;
    }
  };

  it.each([
    ['recvonly', base.replaceAll(/a=(sendonly|sendrecv)/g, 'a=recvonly'), '"a=sendonly"'],
    ['inactive', base.replaceAll(/a=(sendonly|sendrecv)/g, 'a=inactive'), '"a=sendonly"'],
    ['codecs that nobody plays', base.replaceAll(/^(a=rtpmap:\d+) [A-Za-z0-9]+\//gm, '$1 SPEEX/'), 'VP8'],
    ['m-lines that are stopped', base.replaceAll(/^m=(\w+) \d+ /gm, 'm=$1 0 '), 'VP8'],
  ])('by WHIP are refused with the reason: %s', (_, sdp, part) => {
    expect(refusal(sdp)).toEqual(['INVALID_SDP', expect.stringContaining(part)]);
  });

  it('by a room socket only stop what was sent', () => {
    const lines = publishAnswer(base.replaceAll(/a=(sendonly|sendrecv)/g, 'a=inactive'), new Map());
    expect(lines.filter((line) => line === 'a=inactive')).toHaveLength(2);
  });

  it('on one m-line do not make the next of its kind a screen', () => {
    const [head = '', audio = '', video = ''] = base.split(/(?=^m=)/m);
    const idle = video.replace(/a=(sendonly|sendrecv)/, 'a=recvonly').replace(/a=mid:\S+/, 'a=mid:9');
    const offer = parseOffer([head.replace(/(a=group:BUNDLE.*?)(\r?\n)/, '$1 9$2'), audio, idle, video].join(''));
    const sources = [...publishLines(offer, null, new Map()).values()].map(({ mid, source, sending }) => [
      mid,
      sending && source,
    ]);
    expect(Object.fromEntries(sources)).toMatchObject({ 0: 'microphone', 1: 'camera' });
  });
});

describe('answers to publishers', () => {
  it('Chromium with simulcast: one transport, our extensions, NACK also for Opus', () => {
    const lines = publishAnswer(fixture('chrome-publish-simulcast'));
    expect(lines).toContain('a=group:BUNDLE 0 1');
    expect(lines).toContain('m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 108 109 116 117 45 46 98 99');
    expect(lines.filter((line) => line === 'a=setup:passive')).toHaveLength(2);
    expect(lines.filter((line) => line === 'a=recvonly')).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('a=candidate:'))).toHaveLength(2);
    expect(lines).toContain('a=rtcp-fb:111 nack');
    expect(lines).toContain('a=rtcp-fb:96 nack pli');
    expect(lines).toContain('a=rtcp-fb:96 transport-cc');
    expect(lines.some((line) => line.includes('goog-remb'))).toBe(false);
    expect(lines.some((line) => line.includes('video-orientation'))).toBe(false);
    expect(lines).toContain('a=simulcast:recv q;h;f');
    expect(lines).toContain('a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id');
    expect(lines.filter((line) => line.includes('color-space'))).toEqual([`a=extmap:8 ${EXTENSION.colourSpace}`]);
  });

  it('the journal is told under which id colours come', () => {
    const line = publishLines(parseOffer(fixture('chrome-publish')), null, new Map()).get('1');
    expect(line?.extensions[EXTENSION.colourSpace]).toBe(8);
  });

  it('with REMB the transport-wide extension is left out', () => {
    const lines = publishAnswer(fixture('chrome-publish'), null, 'remb');
    expect(lines).toContain('a=rtcp-fb:96 goog-remb');
    expect(lines.some((line) => line.includes('transport'))).toBe(false);
  });

  it('who offers only REMB gets REMB', () => {
    expect(publishAnswer(fixture('aiortc-publish'))).toContain('a=rtcp-fb:97 goog-remb');
  });

  it('keeps the order of m-lines and refuses with port 0 what is not taken', () => {
    const offer = fixture('chrome-publish').replace('BUNDLE 0 1', 'BUNDLE 0');
    const lines = publishAnswer(offer);
    expect(lines.filter((line) => line.startsWith('m='))).toEqual([
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      expect.stringMatching(/^m=video 0 /),
    ]);
    expect(lines).toContain('a=group:BUNDLE 0');
  });

  it('asks for stereo of what is shared with a screen', () => {
    const sources = new Map<string, TrackSource>([
      ['0', 'screen-audio'],
      ['1', 'screen-video'],
    ]);
    expect(publishAnswer(fixture('chrome-publish'), sources)).toContain(
      'a=fmtp:111 minptime=10;useinbandfec=1;stereo=1',
    );
  });

  it('asks for stereo of an encoder that says it would send it', () => {
    const offer = fixture('chrome-publish').replace('minptime=10;useinbandfec=1', 'sprop-stereo=1');
    expect(publishAnswer(offer)).toContain('a=fmtp:111 sprop-stereo=1;stereo=1');
  });

  it('an m-line that sends but was given no source is refused with a sentence', () => {
    expect(() => publishAnswer(fixture('chrome-publish'), new Map([['0', 'microphone']]))).toThrow('"1" sends video');
    expect(() => publishAnswer(fixture('chrome-publish'), new Map([['0', 'camera']]))).toThrow('cannot be a camera');
  });
});
