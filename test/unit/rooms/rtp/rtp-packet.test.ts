import { describe, expect, it } from 'vitest';
import { undoRetransmission } from '../../../../src/rooms/rtp/retransmission.ts';
import { buildRtp, isRtcp, RtpView } from '../../../../src/rooms/rtp/rtp-packet.ts';
import { randomBytes, seededRandom } from '../seeded-random.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('RtpView', () => {
  it('reads header, one-byte extensions and payload', () => {
    // V2 X, M PT 96, seq 0x1234, ts 0x01020304, ssrc 0x0a0b0c0d, BEDE 2 words: id 3 two bytes, id 4 one byte, padding.
    const packet = hex('90e01234 01020304 0a0b0c0d bede0002 31abcd40 30000000 aabbcc');
    const view = new RtpView();
    expect(view.parse(packet)).toBe(true);
    expect(view).toMatchObject({ marker: true, payloadType: 96, sequence: 0x1234, timestamp: 0x01020304 });
    expect(view.ssrc).toBe(0x0a0b0c0d);
    expect(packet.readUInt16BE(view.extensionOffset(3))).toBe(0xabcd);
    expect(view.extensionText(packet, 4)).toBe('0');
    expect(view.extensionText(packet, 5)).toBeNull();
    expect(packet.subarray(view.payloadOffset, view.payloadEnd)).toEqual(hex('aabbcc'));
  });

  it('reads two-byte extensions, CSRCs and padding', () => {
    const packet = hex('b1600001 00000000 00000001 00000009 10000002 0703616263 000000 ff 00 00 03');
    const view = new RtpView();
    expect(view.parse(packet)).toBe(true);
    expect(view.extensionText(packet, 7)).toBe('abc');
    expect(packet.subarray(view.payloadOffset, view.payloadEnd)).toEqual(hex('ff'));
  });

  it('a padding-only packet has an empty payload', () => {
    const view = new RtpView();
    expect(view.parse(hex('a0600001 00000000 00000001 00000004'))).toBe(true);
    expect(view.payloadLength).toBe(0);
  });

  it('forgets the extensions of the packet before', () => {
    const view = new RtpView();
    view.parse(hex('90e01234 01020304 0a0b0c0d bede0001 31abcd00'));
    view.parse(hex('80600001 00000000 00000001'));
    expect(view.hasExtension(3)).toBe(false);
  });

  it.each([
    ['too short', '806000010000000000000'],
    ['version 1', '40600001 00000000 00000001'],
    ['CSRCs beyond the end', '8f600001 00000000 00000001'],
    ['extension beyond the end', '90600001 00000000 00000001 bede0005 00000000'],
    ['more padding than packet', 'a0600001 00000000 00000001 00000009'],
    ['padding of zero', 'a0600001 00000000 00000001 00000000'],
  ])('refuses %s', (_, bytes) => {
    expect(new RtpView().parse(hex(bytes))).toBe(false);
  });

  it('takes any bytes without throwing, and never reaches outside the packet', () => {
    const random = seededRandom(1);
    const view = new RtpView();
    for (let round = 0; round < 20_000; round++) {
      const packet = randomBytes(random, Math.floor(random() * 60));
      if (packet.length > 0 && random() < 0.8) packet[0] = 0x80 | ((packet[0] ?? 0) & 0x3f);
      if (packet.length > 16 && random() < 0.5) packet.writeUInt32BE(0xbede0001 + Math.floor(random() * 4), 12);
      if (!view.parse(packet)) continue;
      expect(view.payloadOffset).toBeLessThanOrEqual(view.payloadEnd);
      expect(view.payloadEnd).toBeLessThanOrEqual(packet.length);
      for (let id = 1; id < 16; id++) {
        expect(view.extensionOffset(id) + view.extensionLength(id)).toBeLessThanOrEqual(packet.length);
      }
    }
  });

  it('reads what buildRtp writes', () => {
    const packet = buildRtp({
      marker: true,
      payloadType: 111,
      sequence: 65_535,
      timestamp: 2 ** 32 - 1,
      ssrc: 2 ** 32 - 2,
      extensions: [{ id: 4, value: Buffer.from('mid1') }],
      payload: hex('0102'),
    });
    const view = new RtpView();
    expect(view.parse(packet)).toBe(true);
    expect(view).toMatchObject({ marker: true, payloadType: 111, sequence: 65_535, timestamp: 2 ** 32 - 1 });
    expect(view.extensionText(packet, 4)).toBe('mid1');
    expect(view.payloadLength).toBe(2);
  });

  it('tells RTCP from RTP with a marker', () => {
    expect(isRtcp(hex('80c80006'))).toBe(true);
    expect(isRtcp(hex('80e01234'))).toBe(false);
  });
});

describe('undoRetransmission', () => {
  it('restores payload type, SSRC and sequence number, and keeps the extensions', () => {
    const view = new RtpView();
    const repair = buildRtp({
      marker: true,
      payloadType: 97,
      sequence: 7,
      timestamp: 90_000,
      ssrc: 222,
      extensions: [{ id: 4, value: Buffer.from('0') }],
      payload: hex('1234 aabbcc'),
    });
    view.parse(repair);
    const original = undoRetransmission(repair, view, { ssrc: 111, payloadType: 96 });
    expect(original).toEqual(
      buildRtp({
        marker: true,
        payloadType: 96,
        sequence: 0x1234,
        timestamp: 90_000,
        ssrc: 111,
        extensions: [{ id: 4, value: Buffer.from('0') }],
        payload: hex('aabbcc'),
      }),
    );
  });

  it('finds nothing in a bandwidth probe', () => {
    const view = new RtpView();
    const probe = hex('a0610001 00000000 00000001 00000004');
    view.parse(probe);
    expect(undoRetransmission(probe, view, { ssrc: 1, payloadType: 96 })).toBeNull();
  });
});
