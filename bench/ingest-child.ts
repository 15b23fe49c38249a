/**
 * The other side of the ingest benchmark: publishers with DTLS and SRTP, or senders of bare datagrams, all in one process; and, in a
 * process of its own, the bare socket that the media process is held against. Told by messages what to do.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { PeerConnection, type Track, Video } from 'node-datachannel';

/** One publisher: 1 Mbps in full packets, so that fifty fit a small machine. */
const PACKETS_PER_SECOND = 110;
const PACKET_BYTES = 1_150;
const PUMP_MS = 10;
const CONNECT_LIMIT_MS = 30_000;
const SSRC = 1111;
const PAYLOAD_TYPE = 96;

export type Order =
  | { readonly type: 'offers'; readonly count: number }
  | { readonly type: 'answers'; readonly answers: readonly string[] }
  | { readonly type: 'pump-tracks'; readonly seconds: number }
  | { readonly type: 'pump-datagrams'; readonly seconds: number; readonly port: number; readonly publishers: number }
  | { readonly type: 'listen' }
  | { readonly type: 'count' };
export type Reply =
  | { readonly type: 'offers'; readonly offers: readonly string[] }
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'count'; readonly packets: number }
  | { readonly type: 'connected' | 'done' }
  | { readonly type: 'failed'; readonly message: string };

const packetOf = (sequence: number): Buffer => {
  const packet = Buffer.alloc(PACKET_BYTES);
  packet.set([0x80, PAYLOAD_TYPE]);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 818) >>> 0, 4);
  packet.writeUInt32BE(SSRC, 8);
  packet.set([0x10, 0x01], 12);
  return packet;
};

let sequence = 0;

/** Sends at the pace of so many publishers until the time is over. */
const pump = async (publishers: number, seconds: number, send: (publisher: number, packet: Buffer) => void) => {
  const start = performance.now();
  let sent = 0;
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - start) / 1000) {
    for (; sent < elapsed * PACKETS_PER_SECOND; sent++) {
      const packet = packetOf(sequence++);
      for (let publisher = 0; publisher < publishers; publisher++) send(publisher, packet);
    }
    await delay(PUMP_MS);
  }
};

const peers: { readonly connection: PeerConnection; readonly track: Track }[] = [];

const offer = async (): Promise<string> => {
  const connection = new PeerConnection('bench', {
    iceServers: [],
    bindAddress: '127.0.0.1',
    disableAutoNegotiation: true,
    forceMediaTransport: true,
  });
  const video = new Video('0', 'SendOnly');
  video.addVP8Codec(PAYLOAD_TYPE);
  video.addSSRC(SSRC, 'bench', 'stream', 'video');
  peers.push({ connection, track: connection.addTrack(video) });
  await new Promise<void>((resolve) => {
    connection.onGatheringStateChange((state) => {
      if (state === 'complete') resolve();
    });
    connection.setLocalDescription('offer');
  });
  return connection.localDescription()?.sdp ?? '';
};

const connect = async (answers: readonly string[]): Promise<void> => {
  for (const [index, answer] of answers.entries()) peers[index]?.connection.setRemoteDescription(answer, 'answer');
  const limit = performance.now() + CONNECT_LIMIT_MS;
  while (!peers.every(({ track }) => track.isOpen())) {
    if (performance.now() > limit) throw new Error('Not every publisher connected.');
    await delay(PUMP_MS);
  }
};

let socket: Socket | undefined;
let received = 0;

const listen = async (): Promise<number> => {
  socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  socket.on('message', () => {
    received += 1;
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
};

const obey = async (order: Order): Promise<Reply> => {
  switch (order.type) {
    case 'offers': {
      const offers: string[] = [];
      for (let index = 0; index < order.count; index++) offers.push(await offer());
      return { type: 'offers', offers };
    }
    case 'answers':
      await connect(order.answers);
      return { type: 'connected' };
    case 'pump-tracks':
      await pump(peers.length, order.seconds, (publisher, packet) => peers[publisher]?.track.sendMessageBinary(packet));
      return { type: 'done' };
    case 'pump-datagrams': {
      const sender = createSocket('udp4');
      await pump(order.publishers, order.seconds, (_, packet) => sender.send(packet, order.port, '127.0.0.1'));
      sender.close();
      return { type: 'done' };
    }
    case 'listen':
      return { type: 'listening', port: await listen() };
    case 'count':
      return { type: 'count', packets: received };
  }
};

process.on('message', (order: Order) => {
  obey(order).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ type: 'failed', message: String(error) } satisfies Reply),
  );
});
process.on('disconnect', () => process.exit(0));
