/** A WebRTC client that is not a browser: sends and receives raw RTP on one video m-line, and repeats what a NACK asks for. */
import { PeerConnection, type Track, Video } from 'node-datachannel';
import { nackSequences, RTCP, RTP_FEEDBACK, rtcpParts } from '../../../src/rooms/rtp/rtcp-packet.ts';
import { isRtcp } from '../../../src/rooms/rtp/rtp-packet.ts';

export const CLIENT_SSRC = 1111;
export const CLIENT_PAYLOAD_TYPE = 96;
/** SRTP refuses what lies further back. */
const HISTORY = 1000;

export class RtpClient {
  readonly offer: string;
  readonly received: Buffer[] = [];
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #history = new Map<number, Buffer>();
  /** Decides of every packet, repeated ones too, whether the network loses it. */
  loses: () => boolean = () => false;
  keyframeRequests = 0;
  open = false;

  private constructor(connection: PeerConnection, track: Track, offer: string) {
    this.#connection = connection;
    this.#track = track;
    this.offer = offer;
    track.onOpen(() => {
      this.open = true;
    });
    track.onMessage((packet) => this.#receive(packet));
  }

  static async create(direction: 'SendOnly' | 'RecvOnly'): Promise<RtpClient> {
    const connection = new PeerConnection('client', {
      iceServers: [],
      bindAddress: '127.0.0.1',
      disableAutoNegotiation: true,
      forceMediaTransport: true,
    });
    const video = new Video('0', direction);
    video.addVP8Codec(CLIENT_PAYLOAD_TYPE);
    if (direction === 'SendOnly') video.addSSRC(CLIENT_SSRC, 'client', 'stream', 'video');
    const track = connection.addTrack(video);
    await new Promise<void>((resolve) => {
      connection.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
      connection.setLocalDescription('offer');
    });
    return new RtpClient(connection, track, connection.localDescription()?.sdp ?? '');
  }

  accept(answer: string): void {
    this.#connection.setRemoteDescription(answer, 'answer');
  }

  send(packet: Buffer): void {
    const sequence = packet.readUInt16BE(2);
    this.#history.set(sequence, packet);
    this.#history.delete((sequence - HISTORY) & 0xffff);
    if (!this.loses()) this.#track.sendMessageBinary(packet);
  }

  sendRtcp(packet: Buffer): void {
    this.#track.sendMessageBinary(packet);
  }

  close(): void {
    this.#track.close();
    this.#connection.close();
  }

  #receive(packet: Buffer): void {
    if (!isRtcp(packet)) {
      if (!this.loses()) this.received.push(packet);
      return;
    }
    for (const { type, count, packet: part } of rtcpParts(packet)) {
      if (type === RTCP.payloadFeedback && count === 1) this.keyframeRequests += 1;
      if (type !== RTCP.rtpFeedback || count !== RTP_FEEDBACK.nack) continue;
      for (const sequence of nackSequences(part)) {
        const sent = this.#history.get(sequence);
        if (sent && !this.loses()) this.#track.sendMessageBinary(sent);
      }
    }
  }
}

/** A VP8-shaped packet: every thirtieth begins a keyframe, of 64×48 pixels; picture ids count up. */
export const vp8Packet = (index: number, firstSequence: number): Buffer => {
  const keyframe = index % 30 === 0;
  const packet = Buffer.alloc(12 + 4 + 10 + 400);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(0x80 | CLIENT_PAYLOAD_TYPE, 1);
  packet.writeUInt16BE((firstSequence + index) & 0xffff, 2);
  packet.writeUInt32BE((index * 3000) >>> 0, 4);
  packet.writeUInt32BE(CLIENT_SSRC, 8);
  // X and S; I; fifteen bits of picture id; then the frame tag, start code and size.
  packet.writeUInt8(0x90, 12);
  packet.writeUInt8(0x80, 13);
  packet.writeUInt16BE(0x8000 | (index & 0x7fff), 14);
  packet.writeUInt8(keyframe ? 0x10 : 0x11, 16);
  packet.set([0x9d, 0x01, 0x2a, 64, 0, 48, 0], 19);
  packet.writeUInt32BE(index, 30);
  return packet;
};
