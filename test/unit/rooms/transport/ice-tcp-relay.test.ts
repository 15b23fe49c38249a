import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IceTcpRelay } from '../../../../src/rooms/transport/ice-tcp-relay.ts';

/** A STUN binding request without attributes. */
const STUN = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
const frame = (packet: Buffer): Buffer => {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(packet.length);
  return Buffer.concat([head, packet]);
};

let agent: UdpSocket;
let relay: IceTcpRelay;
let port: number;
const datagrams: { packet: Buffer; from: RemoteInfo }[] = [];
const sockets: Socket[] = [];

const dial = async (): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
};

/** Resolves when the other side ended the connection, politely or by reset. */
const closing = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });

beforeEach(async () => {
  datagrams.length = 0;
  agent = createSocket('udp4');
  agent.on('message', (packet, from) => datagrams.push({ packet, from }));
  agent.bind(0, '127.0.0.1');
  await once(agent, 'listening');
  port = agent.address().port;
  relay = await IceTcpRelay.listen({ bindAddress: '127.0.0.1', port });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await relay.close();
  agent.close();
});

describe('the ICE-TCP relay', () => {
  it('makes datagrams of frames however they are cut, and frames of datagrams', async () => {
    const socket = await dial();
    socket.setNoDelay(true);
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    const bytes = Buffer.concat([frame(STUN), frame(Buffer.from('second')), frame(Buffer.from('third'))]);
    for (const [from, to] of [
      [0, 1],
      [1, 9],
      [9, 26],
      [26, bytes.length],
    ]) {
      socket.write(bytes.subarray(from, to));
    }
    await vi.waitFor(() => expect(datagrams.map(({ packet }) => packet.length)).toEqual([20, 6, 5]));
    const peer = datagrams[0]?.from;
    agent.send(Buffer.from('answer'), peer?.port ?? 0, peer?.address);
    await vi.waitFor(() => expect(Buffer.concat(received)).toEqual(frame(Buffer.from('answer'))));
  });

  it('gives every connection a port of its own', async () => {
    for (let each = 0; each < 3; each++) (await dial()).write(frame(STUN));
    await vi.waitFor(() => expect(new Set(datagrams.map(({ from }) => from.port)).size).toBe(3));
    expect(relay.connections).toBe(3);
  });

  it.each([
    ['what does not begin with a STUN request', frame(Buffer.from('GET / HTTP/1.1'))],
    ['a frame that no media packet fills', Buffer.from([0xff, 0xff, 0, 0])],
  ])('cuts off %s', async (_, bytes) => {
    const socket = await dial();
    const closed = closing(socket);
    socket.write(bytes);
    await closed;
    await vi.waitFor(() => expect(relay.connections).toBe(0));
    expect(datagrams).toEqual([]);
  });

  it('ends its connections when it closes', async () => {
    const socket = await dial();
    const closed = closing(socket);
    socket.write(frame(STUN));
    await vi.waitFor(() => expect(relay.connections).toBe(1));
    await Promise.all([relay.close(), relay.close(), closed]);
    expect(relay.connections).toBe(0);
  });
});
