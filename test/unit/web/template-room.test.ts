/** What a template page makes of the room's client, which is played here: the real one needs a browser. */
import { beforeEach, describe, expect, test } from 'vitest';
import { JoinError, type RoomClientEvents } from '../../../web/client/room-client.ts';
import type { RoomEnd } from '../../../web/client/room-end.ts';
import { composeSnapshot, type RoomSnapshot } from '../../../web/client/room-snapshot.ts';
import { EMPTY_ROOM, type RoomState } from '../../../web/client/room-state.ts';
import { Template, type TemplateClient } from '../../../web/client/template.ts';
import { TypedEvents } from '../../../web/client/typed-events.ts';

const OFF = { status: 'off', stream: null, deviceId: null, problem: null } as const;
const snapshotOf = (room: Partial<RoomState>): RoomSnapshot =>
  composeSnapshot({
    link: { status: 'joined' },
    wasJoined: true,
    health: [],
    room: { ...EMPTY_ROOM, self: { participantId: 'page', name: 'Guest', permissions: ['allow_join'] }, ...room },
    local: { camera: OFF, microphone: OFF, screen: OFF },
    streams: new Map(),
  });
const person = (participantId: string) => ({ participantId, name: participantId.toUpperCase(), pinned: false });

class PlayedClient implements TemplateClient {
  readonly events = new TypedEvents<RoomClientEvents>();
  snapshot = snapshotOf({ participants: [person('page'), person('ada'), person('bob')], activeSpeaker: 'bob' });
  /** What the next attempts to join come to; null: it is in. */
  readonly ends: (RoomEnd | null)[] = [];
  joins = 0;
  left = 0;

  on: TemplateClient['on'] = (name, listener) => this.events.on(name, listener);
  watchSize = () => () => undefined;

  async join(): Promise<void> {
    this.joins += 1;
    const end = this.ends.shift() ?? null;
    if (end === null) return;
    this.events.emit('ended', end);
    throw new JoinError(end);
  }

  leave(): void {
    this.left += 1;
    this.events.emit('ended', { reason: 'left', detail: '' });
  }
}

const UNREACHABLE: RoomEnd = { reason: 'unreachable', detail: '' };
const REMOVED: RoomEnd = { reason: 'removed', detail: '' };

let client: PlayedClient;
let template: Template;
let ended: RoomEnd[];
beforeEach(() => {
  client = new PlayedClient();
  template = new Template(client, { sound: false });
  ended = [];
  template.on('ended', (end) => void ended.push(end));
});

test('the page is not among those whom it sees', () => {
  expect(template.participants.map(({ participantId }) => participantId)).toEqual(['ada', 'bob']);
  expect(template.activeSpeaker?.name).toBe('BOB');
  client.snapshot = snapshotOf({ participants: [person('page')], activeSpeaker: null });
  expect(template.participants).toEqual([]);
  expect(template.activeSpeaker).toBeNull();
});

test('a layout that is asked for is told with it, and what was kept is known from the start', () => {
  const message = (type: string) => ({
    topic: 'RECORDING_LAYOUT',
    payload: JSON.stringify({ layout: { type } }),
    participantId: 'ada',
    at: '2026-01-06T13:01:40.814Z',
  });
  client.snapshot = snapshotOf({ messages: [message('SIDEBAR')] });
  template = new Template(client, { sound: false });
  expect(template.layout).toEqual({ type: 'SIDEBAR' });
  const told: unknown[] = [];
  template.on('layout', (layout) => told.push(layout));
  template.on('changed', () => told.push('changed'));
  client.events.emit('message', message('SPOTLIGHT'));
  client.events.emit('message', { ...message('GRID'), topic: 'chat' });
  expect(told).toEqual([{ type: 'SPOTLIGHT' }, 'changed']);
});

describe('a server that can not be reached', () => {
  test('is tried until it is there, and nobody is told of an end', async () => {
    client.ends.push(UNREACHABLE, UNREACHABLE, null);
    client.events.emit('ended', UNREACHABLE);
    await expect.poll(() => client.joins).toBe(3);
    expect(ended).toEqual([]);
    client.events.emit('ended', UNREACHABLE);
    await expect.poll(() => client.joins).toBe(4);
  });

  test('may have ended the recording meanwhile', async () => {
    client.ends.push(UNREACHABLE, { reason: 'not-permitted', detail: '' });
    client.events.emit('ended', UNREACHABLE);
    await expect.poll(() => ended).toEqual([{ reason: 'not-permitted', detail: '' }]);
    expect(client.joins).toBe(2);
  });

  test('is not tried by who has left', async () => {
    template.leave();
    client.events.emit('ended', UNREACHABLE);
    await Promise.resolve();
    expect([client.joins, client.left, ended.length]).toEqual([0, 1, 2]);
  });
});

test('every other end is told, and is one', async () => {
  client.events.emit('ended', REMOVED);
  await Promise.resolve();
  expect([ended, client.joins]).toEqual([[REMOVED], 0]);
});
