import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RoomtapeError } from '../../../../src/domain/errors.ts';
import { answerPublishLine, publishLines } from '../../../../src/rooms/publishing/publish-line.ts';
import { buildAnswer } from '../../../../src/rooms/sdp/answer.ts';
import { type OfferedMedia, parseOffer } from '../../../../src/rooms/sdp/offer.ts';
import { seededRandom } from '../seeded-random.ts';

const folder = new URL('../fixtures/', import.meta.url);
const fixture = (name: string): string => readFileSync(new URL(`${name}.sdp`, folder), 'utf8');
const mediaOf = (sdp: string): OfferedMedia[] =>
  parseOffer(sdp).lines.flatMap((line) => (line.refused ? [] : [line.media]));
const codecsOf = (media: OfferedMedia | undefined): string[] =>
  (media?.codecs ?? []).map(({ codec, payloadType, rtxPayloadType }) => `${codec} ${payloadType} ${rtxPayloadType}`);
const local = { iceUfrag: 'ours', icePwd: 'ourpasswordourpassword00', fingerprint: 'sha-256 AA', candidates: [] };
/** Reads and answers an offer as a WHIP publisher's. */
const answer = (sdp: string): string => {
  const offer = parseOffer(sdp);
  const lines = publishLines(offer, null, new Map());
  const line = (media: OfferedMedia) => answerPublishLine(media, lines.get(media.mid), 'transport-cc');
  return buildAnswer({ offer, local, sessionId: 1, version: 1, answer: line });
};
const refusal = (sdp: string): string => {
  try {
    for (const line of answer(sdp).split('\r\n')) expect(line).toMatch(/^([a-z]=[ -~]+)?$/);
  } catch (error) {
    if (error instanceof RoomtapeError && error.code === 'INVALID_SDP') return error.message;
    throw error;
  }
  return 'accepted';
};

describe('offers of real clients', () => {
  it('Chromium, camera and microphone', () => {
    const [audio, video] = mediaOf(fixture('chrome-publish'));
    expect(codecsOf(audio)).toEqual(['opus 111 null']);
    expect(codecsOf(video)).toEqual([
      'vp8 96 97',
      'h264 102 103',
      'h264 108 109',
      'h264 116 117',
      'av1 45 46',
      'vp9 98 99',
    ]);
    expect(video).toMatchObject({ mid: '1', direction: 'sendonly', sendRids: [], reducedSizeRtcp: true });
    expect(video?.ssrcs).toHaveLength(1);
    expect([...(video?.repairs.values() ?? [])]).toEqual(video?.ssrcs);
    expect(video?.extensions.get('urn:ietf:params:rtp-hdrext:sdes:mid')).toBe(4);
    expect(video?.codecs[0]).toMatchObject({ pli: true, fir: true, transportCc: true, remb: true });
  });

  it('Chromium and Firefox, three simulcast layers', () => {
    for (const name of ['chrome-publish-simulcast', 'firefox-publish-simulcast']) {
      expect(mediaOf(fixture(name))[1]?.sendRids).toEqual(['q', 'h', 'f']);
    }
  });

  it('Firefox, whose second m-line is bundle-only with port 0', () => {
    const [audio, video] = mediaOf(fixture('firefox-publish'));
    expect(codecsOf(audio)).toEqual(['opus 109 null']);
    expect(codecsOf(video)).toContain('vp8 120 124');
    expect(codecsOf(video)).toContain('av1 99 100');
  });

  it('browsers that receive', () => {
    for (const name of ['chrome-subscribe', 'firefox-subscribe']) {
      const media = mediaOf(fixture(name));
      expect(media.map(({ kind, direction }) => `${kind} ${direction}`)).toEqual([
        'audio recvonly',
        'video recvonly',
        'audio recvonly',
        'video recvonly',
      ]);
    }
  });

  it('aiortc, which names other ICE credentials for every m-line of the bundle', () => {
    const offer = parseOffer(fixture('aiortc-publish'));
    expect(offer.remote.iceUfrag).toBe(/a=ice-ufrag:(\S+)/.exec(fixture('aiortc-publish'))?.[1]);
    expect(mediaOf(fixture('aiortc-publish'))[1]?.repairs.size).toBe(1);
  });

  it('GStreamer and libdatachannel, with SSRC lines and without the MID extension', () => {
    for (const name of ['gstreamer-publish', 'libdatachannel-publish']) {
      const media = mediaOf(fixture(name));
      expect(media.map((each) => each.kind).sort()).toEqual(['audio', 'video']);
      for (const each of media) {
        expect(each.ssrcs).toHaveLength(1);
        expect(each.extensions.has('urn:ietf:params:rtp-hdrext:sdes:mid')).toBe(false);
      }
    }
  });
});

describe('m-lines that are not taken', () => {
  const base = fixture('chrome-publish');

  it('a data channel, a stopped m-line and one outside the bundle are refused in place', () => {
    const withData = `${base.replace('BUNDLE 0 1', 'BUNDLE 0 1 2')}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n`;
    expect(parseOffer(withData).lines[2]).toEqual({
      refused: true,
      head: 'application 0 UDP/DTLS/SCTP webrtc-datachannel',
      mid: '2',
    });
    expect(parseOffer(base.replace(/m=video \d+/, 'm=video 0')).lines[1]).toMatchObject({ refused: true, mid: '1' });
    expect(parseOffer(base.replace('BUNDLE 0 1', 'BUNDLE 0')).lines[1]).toMatchObject({ refused: true, mid: '1' });
  });

  it('profiles and modes beyond ours, RED and FEC are left out', () => {
    const codecs = mediaOf(base).flatMap((media) => media.codecs);
    const left = new Set([63, 104, 114, 39, 100, 118, 120]);
    expect(codecs.filter(({ payloadType }) => left.has(payloadType))).toEqual([]);
  });
});

describe('offers that are refused say why', () => {
  const base = fixture('chrome-publish');
  it.each([
    ['no description', 'hello', 'does not begin with "v=0"'],
    ['no m-line', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n', 'no m-line'],
    ['no bundle', base.replace(/a=group:.*\r\n/, ''), 'no BUNDLE group'],
    ['a passive client', base.replaceAll('setup:actpass', 'setup:passive'), 'always passive'],
    ['no ice-ufrag', base.replace(/a=ice-ufrag:.*\r\n/g, ''), 'ice-ufrag'],
    ['a short ice-pwd', base.replace(/a=ice-pwd:.*/g, 'a=ice-pwd:short'), 'ice-pwd'],
    [
      'a fingerprint of the wrong length',
      base.replace(/a=fingerprint:.*/g, 'a=fingerprint:sha-256 AA:BB'),
      'fingerprint',
    ],
    ['the same mid twice', base.replace('a=mid:1', 'a=mid:0'), 'two m-lines'],
    ['no rtcp-mux', base.replace(/a=rtcp-mux\r\n/g, ''), 'rtcp-mux'],
    ['a malformed rid', `${base}a=rid:abcdefghijklmnopqrst send\r\n`, 'rid'],
  ])('%s', (_, sdp, part) => {
    expect(refusal(sdp)).toContain(part);
  });
});

describe('hostile text', () => {
  const originals = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));

  it('is accepted or refused with a sentence, never anything else', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 1500; round++) {
      const original = originals[round % originals.length] ?? '';
      const lines = original.split('\r\n');
      for (let change = 0; change < 1 + random() * 4; change++) {
        const at = Math.floor(random() * lines.length);
        const line = lines[at] ?? '';
        const kind = Math.floor(random() * 5);
        if (kind === 0) lines.splice(at, 1);
        else if (kind === 1) lines.splice(at, 0, lines[Math.floor(random() * lines.length)] ?? '');
        else if (kind === 2) lines[at] = line.slice(0, Math.floor(random() * line.length));
        else if (kind === 3) lines[at] = line.replace(/[a-z]+(?=[ /])/i, '7');
        else lines[at] = line.replace(/\d+/, String(Math.floor(random() * 1e12)));
      }
      refusal(lines.join('\r\n').slice(0, random() < 0.2 ? Math.floor(random() * original.length) : undefined));
    }
  });
});
