import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import { TrackFeed } from '../../../src/rooms/forwarding/track-feed.ts';
import { openMediaEngine } from '../../../src/rooms/media-engine.ts';
import type { PublishedStream, PublishHandlers } from '../../../src/rooms/media-session.ts';
import { RtpView } from '../../../src/rooms/rtp/rtp-packet.ts';
import { RtpClient, vp8Packet } from './rtp-client.ts';
import { randomBytes, seededRandom } from './seeded-random.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const openEngine = async () => {
  const engine = await openMediaEngine({
    bindAddress: '127.0.0.1',
    port: 0,
    announcedAddresses: [],
    tcp: true,
    congestionFeedback: 'transport-cc',
    maxPublishBitrateBps: 3_000_000,
    log: pino({ level: 'silent' }),
  });
  closers.push(() => engine.close());
  return engine;
};

const client = async (direction: 'SendOnly' | 'RecvOnly'): Promise<RtpClient> => {
  const made = await RtpClient.create(direction);
  closers.push(() => made.close());
  return made;
};

const newFeed = (): TrackFeed =>
  new TrackFeed({ trackId: 'track' as TrackId, participantId: 'alice' as ParticipantId, kind: 'video' });

/** Hands everything to a feed and notes what came. */
const recorder = (feed: TrackFeed) => {
  const indexes: number[] = [];
  const ends: string[] = [];
  const streams: PublishedStream[] = [];
  const handlers: PublishHandlers = {
    onStreamOpened: (stream) => {
      streams.push(stream);
      feed.openStream(stream);
    },
    onStreamClosed: (stream) => feed.closeStream(stream),
    onPacket: (stream, packet, view, arrivalNs, keyframe) => {
      indexes.push(packet.readUInt32BE(30));
      feed.packet(stream, packet, view, arrivalNs, keyframe);
    },
    onSenderReport: (stream) => feed.senderReport(stream),
    onEnd: (reason) => ends.push(reason),
  };
  return { indexes, ends, streams, handlers };
};

/** Sends `count` packets, ten every 10 ms or so. */
const publishPackets = (publisher: RtpClient, count: number, firstSequence: number): Promise<void> =>
  new Promise((resolve) => {
    let next = 0;
    const timer = setInterval(() => {
      for (let burst = 0; burst < 10 && next < count; burst++, next++) publisher.send(vp8Packet(next, firstSequence));
      if (next < count) return;
      clearInterval(timer);
      resolve();
    }, 10);
  });

describe('a publisher and a subscriber on one engine', () => {
  it('lose nothing at 5 % loss each way, and the subscriber gets one continuous stream', async () => {
    const engine = await openEngine();
    const feed = newFeed();
    const recorded = recorder(feed);
    const publisher = await client('SendOnly');
    const published = await engine.publish({ offer: publisher.offer, sources: null, handlers: recorded.handlers });
    publisher.accept(published.answer);
    const subscriber = await client('RecvOnly');
    const onConnected = vi.fn();
    const subscribed = await engine.subscribe({
      offer: subscriber.offer,
      feeds: new Map([['0', feed]]),
      handlers: { onConnected, onEnd: () => undefined },
    });
    subscriber.accept(subscribed.answer);
    expect(subscribed.session.media).toEqual([{ mid: '0', kind: 'video', trackId: 'track', inactive: null }]);
    await vi.waitFor(() => expect(publisher.open && onConnected.mock.calls.length === 1).toBe(true), 5_000);

    const random = seededRandom(5);
    publisher.loses = () => random() < 0.05;
    const count = 900;
    const lastIndex = count - 1;
    await publishPackets(publisher, count, 65_000);
    publisher.loses = () => false;
    publisher.send(vp8Packet(count, 65_000));
    await vi.waitFor(() => expect(new Set(recorded.indexes).size).toBe(count + 1), 4_000);

    expect(recorded.indexes).toHaveLength(count + 1);
    expect(recorded.streams).toHaveLength(1);
    expect(recorded.streams[0]).toMatchObject({ codec: 'vp8', payloadType: 96, ssrc: 1111, rid: null });
    expect(engine.stats()).toMatchObject({ rtp_packets_lost_total: 0, rtp_packets_malformed_total: 0 });
    const view = new RtpView();
    await vi.waitFor(() => {
      const indexes = subscriber.received.map((packet) => {
        view.parse(packet);
        return packet.readUInt32BE(view.payloadOffset + 18);
      });
      expect(new Set(indexes)).toContain(lastIndex);
      expect(new Set(indexes).size).toBe(indexes.length);
      expect(indexes.length).toBe(count + 1);
    }, 4_000);
    const sequences = subscriber.received
      .map((packet) => packet.readUInt16BE(2))
      .map((each, _, all) => (each - (all[0] ?? 0)) & 0xffff);
    expect([...sequences].sort((a, b) => a - b)).toEqual(Array.from({ length: count + 1 }, (_, index) => index));

    published.session.close();
    expect(recorded.ends).toEqual(['closed']);
    expect(feed.layers).toEqual([]);
  });
});

describe('the port', () => {
  it('is refused with a sentence when it is taken', async () => {
    const engine = await openEngine();
    const options = {
      bindAddress: '127.0.0.1',
      port: engine.port,
      announcedAddresses: [],
      tcp: true,
      congestionFeedback: 'remb',
      maxPublishBitrateBps: 1,
      log: pino({ level: 'silent' }),
    } as const;
    await expect(openMediaEngine(options)).rejects.toThrow(`UDP port ${engine.port}`);
  });

  it('refuses to announce what is no address', async () => {
    await expect(
      openMediaEngine({
        bindAddress: '127.0.0.1',
        port: 0,
        announcedAddresses: ['media.example.com'],
        tcp: false,
        congestionFeedback: 'remb',
        maxPublishBitrateBps: 1,
        log: pino({ level: 'silent' }),
      }),
    ).rejects.toThrow('media.example.com');
  });

  it('survives garbage on UDP and TCP, and still connects a client', async () => {
    const engine = await openEngine();
    const random = seededRandom(11);
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    for (let each = 0; each < 2_000; each++) {
      const packet = randomBytes(random, 20 + Math.floor(random() * 200));
      if (each % 4 === 1) {
        // A STUN binding request for a user that nobody knows.
        packet.writeUInt32BE(0x0001_0000 + ((packet.length - 20) & 0xfffc), 0);
        packet.writeUInt32BE(0x2112a442, 4);
      }
      if (each % 4 === 2) packet.writeUInt16BE(0x8060, 0);
      socket.send(packet, engine.port, '127.0.0.1');
    }
    const closed = await Promise.all(
      [randomBytes(random, 3_000), Buffer.from([0xff, 0xff]), Buffer.from('GET / HTTP/1.1\r\n\r\n')].map(
        (bytes) =>
          new Promise<boolean>((resolve) => {
            const tcp = connect(engine.port, '127.0.0.1', () => tcp.end(bytes));
            tcp.on('error', () => resolve(true));
            tcp.on('close', () => resolve(true));
          }),
      ),
    );
    expect(closed).toEqual([true, true, true]);
    await vi.waitFor(() => expect(engine.stats().ice_tcp_connections).toBe(0), 2_000);
    const recorded = recorder(newFeed());
    const publisher = await client('SendOnly');
    const { answer } = await engine.publish({ offer: publisher.offer, sources: null, handlers: recorded.handlers });
    publisher.accept(answer);
    await vi.waitFor(() => expect(publisher.open).toBe(true), 5_000);
  });
});
