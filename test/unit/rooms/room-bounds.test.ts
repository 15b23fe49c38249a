/** Every message of the room protocol, sent by somebody of one room about what is in another: nothing in the other changes or is told. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RecordingId, RoomId } from '../../../src/domain/ids.ts';
import { clientMessage } from '../../../src/rooms/protocol.ts';
import { sdpOffer } from './fake-engine.ts';
import { GRID, Rig, ROOM, type TestSocket } from './rig.ts';

const OTHER = 'zzzz-yyyy-xxxx' as RoomId;
const AV = sdpOffer('audio', 'video');
const TRACKS = [
  { mid: '0', source: 'microphone' },
  { mid: '1', source: 'camera' },
];

let rig: Rig;
/** In the other room: who publishes, and who would see anything that happens there. */
let [victim, witness, intruder]: TestSocket[] = [];
let trackId: string;
beforeEach(async () => {
  rig = new Rig();
  victim = await rig.join('victim', { roomId: OTHER, canModerate: true });
  witness = await rig.join('witness', { roomId: OTHER });
  await victim.offer('publish', 'a', AV, TRACKS);
  trackId = victim.last('answer').tracks[1]?.trackId ?? '';
  // With every permission that a token can give, in a room of his own.
  intruder = await rig.join('intruder', { roomId: ROOM, canModerate: true });
});
afterEach(() => rig.close());

const REFUSED: Readonly<Record<string, () => Record<string, unknown>>> = {
  unpublish: () => ({ type: 'unpublish', trackId }),
  mute: () => ({ type: 'mute', trackId, muted: true }),
  pin: () => ({ type: 'pin', participantId: 'victim', pinned: true }),
  'offer to publish': () => ({
    type: 'offer',
    requestId: '1',
    transport: 'publish',
    connection: 'x',
    sdp: AV,
    tracks: [{ mid: '1', trackId }],
  }),
};
/** Taken, and about the own room alone. */
const TAKEN: Readonly<Record<string, () => Record<string, unknown>>> = {
  'offer to subscribe': () => ({
    type: 'offer',
    requestId: '1',
    transport: 'subscribe',
    connection: 'x',
    sdp: AV,
    tracks: [{ mid: '1', trackId }],
  }),
  view: () => ({ type: 'view', trackId, width: 640, height: 360 }),
  send: () => ({ type: 'send', topic: 'chat', payload: 'hello', persist: true }),
  'send a layout': () => ({ type: 'send', topic: 'RECORDING_LAYOUT', payload: '{"layout":{"type":"SIDEBAR"}}' }),
  ping: () => ({ type: 'ping' }),
  leave: () => ({ type: 'leave' }),
};

test('all messages are here', () => {
  const types = clientMessage.options.map(({ shape }) => shape.type.value);
  const here = [...Object.values(REFUSED), ...Object.values(TAKEN)].map((message) => message().type);
  expect([...new Set([...here, 'join'])].sort()).toEqual([...types].sort());
});

test.each(Object.keys({ ...REFUSED, ...TAKEN }))('%s', async (name) => {
  await rig.rooms.startRecording('abababababababababababab' as RecordingId, OTHER, GRID);
  const seen = [victim?.received.length, witness?.received.length];
  const message = (REFUSED[name] ?? TAKEN[name])?.() ?? {};
  await intruder?.say(message);
  if (REFUSED[name])
    expect(['TRACK_NOT_FOUND', 'PARTICIPANT_NOT_FOUND', 'INVALID_REQUEST']).toContain(intruder?.last('error').code);
  expect([victim?.received.length, witness?.received.length]).toEqual(seen);
  // Nothing of the other room came to the intruder, either.
  expect(JSON.stringify(intruder?.received.filter(({ type }) => type !== 'error'))).not.toContain('victim');
  const late = await rig.join('late', { roomId: OTHER });
  expect(late.last('joined')).toMatchObject({ messages: [], recording: true });
  expect(late.last('joined').tracks.map(({ muted }) => muted)).toEqual([false, false]);
  expect(late.last('joined').participants.map(({ participantId, pinned }) => [participantId, pinned])).toEqual([
    ['victim', false],
    ['witness', false],
    ['late', false],
  ]);
});

test('a resume token of another room makes nobody of it', async () => {
  const resumeToken = victim?.last('joined').resumeToken ?? '';
  const thief = rig.socket({ roomId: ROOM });
  await thief.say({ type: 'join', protocol: 1, resumeToken });
  expect(thief.last('joined')).toMatchObject({ roomId: ROOM, resumed: false });
  expect(thief.last('joined').participantId).not.toBe('victim');
  expect(victim?.closedBecause).toBeNull();
});
