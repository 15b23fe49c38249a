/**
 * What receiving costs: CPU seconds of a process that takes 1, 10 and 50 publishers' packets off the network and writes them into the
 * journal, per 1000 packets, beside one that takes the same datagrams from a plain UDP socket and keeps nothing. The publishers run in
 * a process of their own. `node bench/ingest.ts [seconds]`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PeerConnection, type Track, Video } from 'node-datachannel';
import type { RoomId, SessionId } from '../src/domain/ids.ts';
import { createJournalSinkFactory } from '../src/journal/sink.ts';
import { openMediaEngine } from '../src/rooms/media-engine.ts';
import type { PublishedStream } from '../src/rooms/media-session.ts';
import { createLogger } from '../src/support/log.ts';

/** One publisher: 1 Mbps in full packets, so that fifty fit a small machine. */
const PACKETS_PER_SECOND = 110;
const PACKET_BYTES = 1_150;
const PUMP_MS = 10;
const CONNECT_LIMIT_MS = 30_000;
const PUBLISHERS = [1, 10, 50];

/** What the measuring process tells the publishing one, and hears from it. */
type Order =
  | { readonly type: 'offers'; readonly count: number }
  | { readonly type: 'answers'; readonly answers: readonly string[] }
  | { readonly type: 'pump-tracks'; readonly seconds: number }
  | { readonly type: 'pump-datagrams'; readonly seconds: number; readonly port: number; readonly publishers: number };
type Reply = { readonly type: 'offers'; readonly offers: readonly string[] } | { readonly type: 'connected' | 'done' };

const packetOf = (sequence: number): Buffer => {
  const packet = Buffer.alloc(PACKET_BYTES);
  packet.set([0x80, 96]);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 818) >>> 0, 4);
  packet.writeUInt32BE(1111, 8);
  packet.set([0x10, 0x01], 12);
  return packet;
};

/** Sends at the pace of so many publishers until the time is over. */
const pump = async (publishers: number, seconds: number, send: (publisher: number, packet: Buffer) => void) => {
  const start = performance.now();
  let sent = 0;
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - start) / 1000) {
    for (; sent < elapsed * PACKETS_PER_SECOND; sent++) {
      const packet = packetOf(sent);
      for (let publisher = 0; publisher < publishers; publisher++) send(publisher, packet);
    }
    await delay(PUMP_MS);
  }
};

const runPublishers = (): void => {
  const peers: { connection: PeerConnection; track: Track }[] = [];
  const reply = (message: Reply): void => {
    process.send?.(message);
  };
  const offer = async (): Promise<string> => {
    const connection = new PeerConnection('bench', {
      iceServers: [],
      bindAddress: '127.0.0.1',
      disableAutoNegotiation: true,
      forceMediaTransport: true,
    });
    const video = new Video('0', 'SendOnly');
    video.addVP8Codec(96);
    video.addSSRC(1111, 'bench', 'stream', 'video');
    peers.push({ connection, track: connection.addTrack(video) });
    await new Promise<void>((resolve) => {
      connection.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
      connection.setLocalDescription('offer');
    });
    return connection.localDescription()?.sdp ?? '';
  };
  const obey = async (order: Order): Promise<void> => {
    if (order.type === 'offers') {
      for (const { connection } of peers.splice(0)) connection.close();
      const offers: string[] = [];
      for (let index = 0; index < order.count; index++) offers.push(await offer());
      reply({ type: 'offers', offers });
    } else if (order.type === 'answers') {
      for (const [index, answer] of order.answers.entries()) {
        peers[index]?.connection.setRemoteDescription(answer, 'answer');
      }
      const limit = performance.now() + CONNECT_LIMIT_MS;
      while (!peers.every(({ track }) => track.isOpen())) {
        if (performance.now() > limit) throw new Error('Not every publisher connected.');
        await delay(PUMP_MS);
      }
      reply({ type: 'connected' });
    } else if (order.type === 'pump-tracks') {
      await pump(peers.length, order.seconds, (publisher, packet) => peers[publisher]?.track.sendMessageBinary(packet));
      reply({ type: 'done' });
    } else {
      const socket = createSocket('udp4');
      await pump(order.publishers, order.seconds, (_, packet) => socket.send(packet, order.port, '127.0.0.1'));
      socket.close();
      reply({ type: 'done' });
    }
  };
  process.on('message', (order: Order) => void obey(order));
};

const ask = async (child: ChildProcess, order: Order): Promise<Reply> => {
  child.send(order);
  const [reply] = (await once(child, 'message')) as [Reply];
  return reply;
};

/** CPU seconds of this process, all threads, per 1000 packets. */
const measured = async (run: () => Promise<void>, packets: () => number): Promise<number> => {
  const before = { cpu: process.cpuUsage(), packets: packets() };
  await run();
  const { user, system } = process.cpuUsage(before.cpu);
  return (user + system) / 1e6 / ((packets() - before.packets) / 1000);
};

const ours = async (child: ChildProcess, publishers: number, seconds: number): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-bench-'));
  const log = createLogger('bench', 'warn');
  const sink = await createJournalSinkFactory({ root: folder, log }).open({
    sessionId: '0123456789abcdef01234567' as SessionId,
    roomId: 'aaaa-bbbb-cccc' as RoomId,
    snapshot: () => ({ participants: [], tracks: [], streams: [], pins: [], recordings: [] }),
    onKeyframesWanted: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  const engine = await openMediaEngine({
    bindAddress: '127.0.0.1',
    port: 0,
    announcedAddresses: [],
    tcp: false,
    congestionFeedback: 'transport-cc',
    maxPublishBitrateBps: 3_000_000,
    log,
  });
  try {
    const numbers = new Map<PublishedStream, number>();
    let packets = 0;
    const offered = await ask(child, { type: 'offers', count: publishers });
    const answers: string[] = [];
    for (const offer of offered.type === 'offers' ? offered.offers : []) {
      const { answer } = await engine.publish({
        offer,
        sources: null,
        handlers: {
          onStreamOpened: (stream) => numbers.set(stream, numbers.size + 1),
          onStreamClosed: () => undefined,
          onPacket: (stream, packet, _view, arrivalNs, keyframe) => {
            packets += 1;
            sink.rtp(numbers.get(stream) ?? 0, packet, arrivalNs, keyframe);
          },
          onSenderReport: () => undefined,
          onEnd: () => undefined,
        },
      });
      answers.push(answer);
    }
    await ask(child, { type: 'answers', answers });
    return await measured(
      async () => {
        await ask(child, { type: 'pump-tracks', seconds });
      },
      () => packets,
    );
  } finally {
    await engine.close();
    await sink.close();
    await rm(folder, { recursive: true, force: true });
  }
};

const plainSocket = async (child: ChildProcess, publishers: number, seconds: number): Promise<number> => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  let packets = 0;
  socket.on('message', () => {
    packets += 1;
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const cost = await measured(
    async () => {
      await ask(child, { type: 'pump-datagrams', seconds, port, publishers });
    },
    () => packets,
  );
  socket.close();
  return cost;
};

const main = async (): Promise<void> => {
  const seconds = Number(process.argv[2] ?? 8);
  const child = fork(fileURLToPath(import.meta.url), ['publishers']);
  try {
    console.log(`Receiving and journaling, CPU seconds per 1000 packets (${seconds} s each)`);
    console.log('publishers   received, journaled   plain UDP socket');
    for (const publishers of PUBLISHERS) {
      const cost = await ours(child, publishers, seconds);
      const peer = await plainSocket(child, publishers, seconds);
      console.log(`${String(publishers).padEnd(13)}${cost.toFixed(4).padEnd(22)}${peer.toFixed(4)}`);
    }
  } finally {
    child.kill();
  }
};

if (process.argv[2] === 'publishers') runPublishers();
else {
  await main();
  process.exit(0);
}
