import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../../../src/rooms/protocol.ts';
import { PinWishes } from '../../../web/client/pin-wishes.ts';

const joined = (...pins: [participantId: string, pinned: boolean][]): ServerMessage => ({
  type: 'joined',
  protocol: 1,
  participantId: 'me',
  sessionId: 's',
  roomId: 'r',
  name: 'Me',
  resumeToken: 't',
  resumed: true,
  permissions: [],
  participants: pins.map(([participantId, pinned]) => ({ participantId, name: participantId, pinned })),
  tracks: [],
  iceServers: [],
  recording: false,
  messages: [],
});

const wishes = () => {
  const sent: string[] = [];
  return { sent, pins: new PinWishes((participantId, pinned) => sent.push(`${participantId} ${pinned}`)) };
};

describe('a pin that is asked for', () => {
  it('is asked again by the next socket, where the former took it along', () => {
    const { sent, pins } = wishes();
    pins.ask('bob', true);
    pins.heard(joined(['bob', false], ['ada', false]));
    pins.heard({ type: 'pinned', participantId: 'bob', pinned: true });
    pins.heard(joined(['bob', false]));
    expect(sent).toEqual(['bob true', 'bob true']);
  });

  it('is not asked again where it arrived after all, or where its participant has gone', () => {
    const { sent, pins } = wishes();
    pins.ask('bob', true);
    pins.ask('eve', true);
    pins.heard(joined(['bob', true]));
    pins.heard(joined(['bob', false], ['eve', false]));
    pins.ask('bob', true);
    pins.heard({ type: 'participant-left', participantId: 'bob', reason: 'left' });
    pins.heard(joined(['bob', false]));
    expect(sent).toEqual(['bob true', 'eve true', 'bob true']);
  });

  it('counts as it was asked last; what others pin answers nothing', () => {
    const { sent, pins } = wishes();
    pins.ask('bob', true);
    pins.ask('bob', false);
    pins.heard({ type: 'pinned', participantId: 'bob', pinned: true });
    pins.heard(joined(['bob', true]));
    expect(sent).toEqual(['bob true', 'bob false', 'bob false']);
  });

  it('is over when it is refused', () => {
    const { sent, pins } = wishes();
    pins.ask('bob', true);
    pins.heard({ type: 'error', requestId: 'publish-1', code: 'INVALID_SDP', message: '' });
    pins.heard(joined(['bob', false]));
    pins.heard({ type: 'error', code: 'NOT_PERMITTED', message: '' });
    pins.heard(joined(['bob', false]));
    expect(sent).toEqual(['bob true', 'bob true']);
  });
});
