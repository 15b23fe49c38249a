import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientMessage } from '../../../src/rooms/protocol.ts';
import { MediaConnection, type MediaHealth, restartDelayMs } from '../../../web/client/media-connection.ts';

type Offer = Extract<ClientMessage, { type: 'offer' }>;

/** As much of a browser's connection as negotiation touches; like the real one, its promises stay pending once it is closed. */
class BrowserPeer {
  static made: BrowserPeer[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  localDescription: { sdp: string } | null = null;
  remote: string[] = [];
  onconnectionstatechange: (() => void) | null = null;
  #isClosed = false;

  constructor() {
    BrowserPeer.made.push(this);
  }

  #step<Value>(value: Value): Promise<Value> {
    return new Promise((resolve) => {
      setTimeout(() => {
        if (!this.#isClosed) resolve(value);
      }, 1);
    });
  }

  createOffer(): Promise<{ sdp: string }> {
    return this.#step({ sdp: 'v=0' });
  }

  setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    return this.#step(undefined);
  }

  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.remote.push(sdp);
    return this.#step(undefined);
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.#isClosed = true;
    this.connectionState = 'closed';
  }
}

const setUp = (isWanted = true) => {
  const offers: Offer[] = [];
  const health: MediaHealth[] = [];
  const link = { isOpen: true };
  let answered = 0;
  const connection = new MediaConnection({
    transport: 'publish',
    plan: {
      forget: () => undefined,
      prepare: () => isWanted,
      describe: () => [{ mid: '0', source: 'camera' }],
      answered: () => {
        answered += 1;
      },
      tuneOffer: (sdp) => sdp,
      tuneAnswer: (sdp) => sdp,
    },
    iceServers: () => [],
    send: (message) => {
      if (link.isOpen && message.type === 'offer') offers.push(message);
      return link.isOpen;
    },
    onHealth: (state) => health.push(state),
  });
  const answer = (offer: Offer | undefined): void => {
    const requestId = offer?.requestId ?? '';
    connection.receive({ type: 'answer', requestId, transport: 'publish', sdp: 'answer', tracks: [] });
  };
  const refuse = (offer: Offer | undefined): void => {
    connection.receive({ type: 'error', requestId: offer?.requestId ?? '', code: 'INVALID_SDP', message: 'No.' });
  };
  return { connection, offers, health, link, answer, refuse, answers: () => answered };
};
const pass = (ms = 20): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('RTCPeerConnection', BrowserPeer);
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  BrowserPeer.made = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('MediaConnection', () => {
  it('offers once, applies the answer, and renegotiates on the same connection', async () => {
    const { connection, offers, answer, answers } = setUp();
    connection.negotiate();
    await pass();
    answer(offers[0]);
    await pass();
    connection.negotiate();
    await pass();
    expect(offers).toHaveLength(2);
    expect(offers[1]?.connection).toBe(offers[0]?.connection);
    expect(answers()).toBe(1);
    expect(BrowserPeer.made).toHaveLength(1);
  });

  it('makes no connection where nothing is wanted', async () => {
    const { connection, offers, health } = setUp(false);
    connection.negotiate();
    await pass();
    expect(offers).toEqual([]);
    expect(health.at(-1)).toBe('idle');
    expect(connection.peer).toBeNull();
  });

  it('negotiates again after it was stopped in the middle of an offer', async () => {
    const { connection, offers } = setUp();
    connection.negotiate();
    connection.stop();
    await pass();
    connection.negotiate();
    await pass();
    expect(offers).toHaveLength(1);
  });

  it('begins a new connection at once when the transport failed, then ever later', async () => {
    const { connection, offers, health } = setUp();
    connection.negotiate();
    await pass();
    for (let failure = 0; failure < 3; failure += 1) {
      BrowserPeer.made.at(-1)?.become('failed');
      await pass(restartDelayMs(failure) + 20);
    }
    expect(new Set(offers.map((offer) => offer.connection)).size).toBe(4);
    expect(health.at(-1)).toBe('blocked');
    BrowserPeer.made.at(-1)?.become('connected');
    expect(health.at(-1)).toBe('connected');
  });

  it('waits a moment for a connection that is disturbed', async () => {
    const { connection, offers, answer } = setUp();
    connection.negotiate();
    await pass();
    answer(offers[0]);
    const [peer] = BrowserPeer.made;
    peer?.become('connected');
    peer?.become('disconnected');
    await pass(1000);
    peer?.become('connected');
    await pass(20_000);
    expect(BrowserPeer.made).toHaveLength(1);
    peer?.become('disconnected');
    await pass(2000);
    expect(BrowserPeer.made).toHaveLength(2);
  });

  it('asks again, on the same connection, for an answer that the socket lost', async () => {
    const { connection, offers, link } = setUp();
    connection.negotiate();
    await pass();
    link.isOpen = false;
    connection.socketLost();
    await pass();
    link.isOpen = true;
    connection.resume();
    await pass();
    expect(offers).toHaveLength(2);
    expect(offers[1]?.connection).toBe(offers[0]?.connection);
    expect(offers[1]?.requestId).not.toBe(offers[0]?.requestId);
  });

  it('leaves a live connection alone when the socket comes back', async () => {
    const { connection, offers, answer } = setUp();
    connection.negotiate();
    await pass();
    answer(offers[0]);
    await pass();
    BrowserPeer.made[0]?.become('connected');
    connection.socketLost();
    connection.resume();
    await pass();
    expect(offers).toHaveLength(1);
  });

  it('takes a new connection after an offer was refused', async () => {
    const { connection, offers, refuse } = setUp();
    connection.negotiate();
    await pass();
    refuse(offers[0]);
    await pass(restartDelayMs(0) + 20);
    expect(offers).toHaveLength(2);
    expect(offers[1]?.connection).not.toBe(offers[0]?.connection);
  });
});
