import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sdpOffer } from './fake-engine.ts';
import { Rig, ROOM } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const CAMERA_AND_MICROPHONE = [
  { mid: '0', source: 'microphone' },
  { mid: '1', source: 'camera' },
];
const AV = sdpOffer('audio', 'video');

describe('joining', () => {
  test('opens a session, tells the others and the server process', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    const joined = bob.last('joined');
    expect(joined).toMatchObject({
      participantId: 'bob',
      name: 'bob',
      roomId: ROOM,
      resumed: false,
      recording: false,
      permissions: ['allow_join'],
    });
    expect(joined.sessionId).toBe(ada.last('joined').sessionId);
    expect(joined.participants.map((participant) => participant.participantId)).toEqual(['ada', 'bob']);
    expect(ada.last('participant-joined').participant).toEqual({ participantId: 'bob', name: 'bob', pinned: false });
    expect(bob.all('participant-joined')).toEqual([]);
    expect(rig.durables.map((event) => event.type)).toEqual([
      'session-started',
      'participant-joined',
      'participant-joined',
    ]);
  });

  test('makes up an id and takes the asked name where the token says nothing', async () => {
    const socket = rig.socket();
    await socket.say({ type: 'join', protocol: 1, name: '  Grace ' });
    expect(socket.last('joined').participantId).toMatch(/^[a-z0-9]{8}$/);
    expect(socket.last('joined').name).toBe('Grace');
  });

  test('takes no characters of a name that a label or a database cannot take', async () => {
    const names = async (claimed: string | undefined, asked: string): Promise<string> => {
      const socket = rig.socket(claimed === undefined ? {} : { name: claimed });
      await socket.say({ type: 'join', protocol: 1, name: asked });
      return socket.last('joined').name;
    };
    expect(await names(undefined, 'Ada\u0000\nLovelace')).toBe('Ada Lovelace');
    expect(await names('Grace\u0000', 'x')).toBe('Grace');
    expect(await names('\u0000', '\u0007')).toBe('Guest');
    expect(await names(undefined, 'half \ud83d')).toBe('half \ufffd');
  });

  test('comes first, once, and with an id that can be one', async () => {
    const socket = rig.socket();
    await socket.say({ type: 'send', topic: 'chat', payload: 'x' });
    expect(socket.last('error').code).toBe('NOT_JOINED');
    await socket.say({ type: 'join', protocol: 1 });
    await socket.say({ type: 'join', protocol: 1 });
    expect(socket.last('error').code).toBe('INVALID_REQUEST');
    const odd = rig.socket({ participantId: 'a b' });
    await odd.say({ type: 'join', protocol: 1 });
    expect(odd.last('error')).toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining('a b') });
  });

  test('hidden is served but seen by nobody, and opens no session', async () => {
    const early = rig.socket({ hidden: true });
    await early.say({ type: 'join', protocol: 1 });
    expect(early.last('error').code).toBe('NO_ACTIVE_SESSION');
    const ada = await rig.join('ada');
    const watcher = await rig.join('watcher', { hidden: true });
    expect(watcher.last('joined').participants.map((participant) => participant.participantId)).toEqual(['ada']);
    expect(ada.all('participant-joined')).toEqual([]);
    await watcher.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    expect(watcher.last('error')).toMatchObject({ code: 'NOT_PERMITTED', requestId: 'publish a' });
    await ada.say({ type: 'leave' });
    rig.pass(2500);
    expect(watcher.last('bye').reason).toBe('room-closed');
  });

  test('must come within 30 s, and not after the room was deactivated', async () => {
    const idle = rig.socket();
    const late = rig.socket();
    await late.say({ type: 'ping' });
    await rig.rooms.endSession('wxyz-wxyz-wxyz', 'room-deactivated');
    expect(late.closedBecause).toBeNull();
    await rig.rooms.endSession(ROOM, 'room-closed');
    expect(late.closedBecause).toBeNull();
    rig.pass(29_900);
    const other = await rig.join('ada');
    rig.pass(200, () => other.say({ type: 'ping' }));
    expect(idle.closedBecause).toBe('timeout');
    expect(late.closedBecause).toBe('timeout');
    expect(other.closedBecause).toBeNull();
    const waiting = rig.socket();
    await rig.rooms.endSession(ROOM, 'room-deactivated');
    expect(waiting.closedBecause).toBe('room-closed');
    await waiting.say({ type: 'join', protocol: 1 });
    expect(rig.rooms.sessions()).toEqual([]);
  });

  test('is refused when the room is full', async () => {
    for (let n = 0; n < 200; n++) await rig.join(`p${n}`);
    const late = await rig.join('late');
    expect(late.last('error').code).toBe('ROOM_FULL');
  });
});

describe('leaving', () => {
  test('is told to everybody, and the session ends 2 s after the last', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await bob.say({ type: 'leave' });
    expect(bob.last('bye').reason).toBe('left');
    expect(bob.closedBecause).toBe('left');
    expect(ada.last('participant-left')).toMatchObject({ participantId: 'bob', reason: 'left' });
    await ada.say({ type: 'leave' });
    rig.pass(1900);
    expect(rig.rooms.sessions()).toHaveLength(1);
    rig.pass(300);
    expect(rig.rooms.sessions()).toEqual([]);
    await expect.poll(() => rig.durablesOf('session-ended')).toHaveLength(1);
  });

  test('and coming back within the grace is the same session; later it is another', async () => {
    const first = await rig.join('ada');
    await first.say({ type: 'leave' });
    rig.pass(1500);
    const second = await rig.join('ada');
    expect(second.last('joined').sessionId).toBe(first.last('joined').sessionId);
    await second.say({ type: 'leave' });
    rig.pass(2500);
    const third = await rig.join('ada');
    expect(third.last('joined').sessionId).not.toBe(first.last('joined').sessionId);
  });

  test('is a matter of 8 s without a ping', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    for (let n = 0; n < 6; n++) {
      rig.pass(2000);
      await ada.say({ type: 'ping' });
      if (n === 0) await bob.say({ type: 'ping' });
    }
    expect(ada.all('pong')).toHaveLength(6);
    expect(ada.last('participant-left')).toMatchObject({ participantId: 'bob', reason: 'timeout' });
    expect(bob.all('bye')).toEqual([]);
    expect(bob.closedBecause).toBe('timeout');
    expect(rig.durablesOf('participant-left')).toMatchObject([{ participantId: 'bob', reason: 'timeout' }]);
  });

  test('does not come of a time in which this process did not run', async () => {
    const ada = await rig.join('ada');
    rig.pass(5000);
    rig.clock.move(20_000);
    rig.rooms.tick();
    rig.pass(2900);
    expect(ada.closedBecause).toBeNull();
    rig.pass(100);
    expect(ada.closedBecause).toBe('timeout');
  });

  test('can be made to happen', async () => {
    const ada = await rig.join('ada');
    expect(rig.rooms.removeParticipant(ROOM, 'nobody')).toBe(false);
    expect(rig.rooms.removeParticipant(ROOM, 'ada')).toBe(true);
    expect(ada.last('bye').reason).toBe('removed');
  });

  test('happens to all when the session is ended', async () => {
    const ada = await rig.join('ada');
    expect(await rig.rooms.endSession(ROOM, 'requested')).toBe(true);
    expect(await rig.rooms.endSession(ROOM, 'requested')).toBe(false);
    expect(ada.last('bye').reason).toBe('room-closed');
    expect(rig.durables.map((event) => event.type)).toEqual([
      'session-started',
      'participant-joined',
      'participant-left',
      'session-ended',
    ]);
  });
});

describe('a media process that ends', () => {
  test('says goodbye, then takes nobody any more', async () => {
    const ada = await rig.join('ada');
    const waiting = rig.socket({ participantId: 'bob' });
    await rig.rooms.close();
    expect(ada.last('bye').reason).toBe('room-closed');
    await waiting.say({ type: 'join', protocol: 1 });
    expect(waiting.last('error').code).toBe('MEDIA_UNAVAILABLE');
    expect(() => rig.socket()).toThrow('shutting down');
    await expect(rig.rooms.publish({ roomId: ROOM, canModerate: false, hidden: false }, AV)).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
    });
  });
});

describe('a dropped socket', () => {
  test('removes nobody whose media flows, and is reopened with the resume token', async () => {
    const ada = await rig.join('ada');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const session = rig.connectedPublisher();
    const camera = session.openStream('camera');
    const { resumeToken, sessionId } = ada.last('joined');
    ada.drop();
    rig.pass(30_000, () => session.send(camera));
    const again = await rig.join('ada', {}, resumeToken);
    expect(again.last('joined')).toMatchObject({ resumed: true, participantId: 'ada', sessionId });
    expect(again.last('joined').tracks.map((track) => track.source)).toEqual(['microphone', 'camera']);
    expect(session.ended).toBe(false);
    expect(rig.durablesOf('participant-left')).toEqual([]);
  });

  test('is 8 s from being a departure where no media flows', async () => {
    const ada = await rig.join('ada');
    const { resumeToken } = ada.last('joined');
    ada.drop();
    rig.pass(7900);
    const again = await rig.join('ada', {}, resumeToken);
    expect(again.last('joined').resumed).toBe(true);
    again.drop();
    rig.pass(8100);
    const late = await rig.join('ada', {}, resumeToken);
    expect(late.last('joined')).toMatchObject({ resumed: false, participantId: 'ada' });
  });

  test('that was only half dropped is told that another took its place', async () => {
    const ada = await rig.join('ada');
    const again = await rig.join('ada', {}, ada.last('joined').resumeToken);
    expect(ada.last('bye').reason).toBe('replaced');
    expect(ada.closedBecause).toBe('replaced');
    ada.drop();
    expect(again.closedBecause).toBeNull();
    rig.pass(3000);
    await again.say({ type: 'send', topic: 'chat', payload: 'still here' });
    expect(again.last('message').payload).toBe('still here');
  });

  test('gives its name to who comes with its token and none of its own, in this room only', async () => {
    const first = rig.socket();
    await first.say({ type: 'join', protocol: 1 });
    const { participantId, resumeToken } = first.last('joined');
    const again = rig.socket();
    await again.say({ type: 'join', protocol: 1, resumeToken });
    expect(again.last('joined')).toMatchObject({ participantId, resumed: true });
    const elsewhere = rig.socket({ roomId: 'wxyz-efgh-1234' });
    await elsewhere.say({ type: 'join', protocol: 1, resumeToken });
    expect(elsewhere.last('joined').resumed).toBe(false);
    expect(elsewhere.last('joined').participantId).not.toBe(participantId);
    const other = await rig.join('other', {}, resumeToken);
    expect(other.last('joined')).toMatchObject({ participantId: 'other', resumed: false });
  });

  test('keeps the identity through a restart of the media process', async () => {
    const first = rig.socket();
    await first.say({ type: 'join', protocol: 1 });
    const { participantId, resumeToken, sessionId } = first.last('joined');
    const restarted = new Rig();
    try {
      const socket = restarted.socket();
      await socket.say({ type: 'join', protocol: 1, resumeToken });
      expect(socket.last('joined')).toMatchObject({ participantId, resumed: false });
      expect(socket.last('joined').sessionId).not.toBe(sessionId);
    } finally {
      await restarted.close();
    }
  });

  test('without the token is somebody else of that name: the former is replaced', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const second = await rig.join('ada');
    expect(second.last('joined')).toMatchObject({ resumed: false, tracks: [] });
    expect(ada.last('bye').reason).toBe('replaced');
    expect(rig.engine.published[0]?.ended).toBe(true);
    expect(bob.last('participant-left')).toMatchObject({ participantId: 'ada', reason: 'replaced' });
    expect(bob.all('track-unpublished')).toHaveLength(2);
    expect(bob.last('participant-joined').participant.participantId).toBe('ada');
  });
});

describe('while the server process is away', () => {
  test('nobody is missed who had only a socket; 8 s after its return they are', async () => {
    const ada = await rig.join('ada');
    const { resumeToken } = ada.last('joined');
    await rig.join('bob');
    rig.rooms.serverLeft();
    rig.pass(60_000);
    expect(rig.rooms.sessions()[0]?.participants).toHaveLength(2);
    rig.rooms.serverCame();
    rig.pass(7000);
    const again = await rig.join('ada', {}, resumeToken);
    expect(again.last('joined').resumed).toBe(true);
    rig.pass(1500);
    expect(rig.durablesOf('participant-left')).toMatchObject([{ participantId: 'bob', reason: 'timeout' }]);
  });

  test('a publisher whose network dies is gone after 8 s all the same', async () => {
    const ada = await rig.join('ada');
    await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const session = rig.connectedPublisher();
    const camera = session.openStream('camera');
    rig.rooms.serverLeft();
    rig.pass(20_000, () => session.send(camera));
    expect(rig.rooms.sessions()[0]?.participants).toHaveLength(2);
    rig.pass(8100);
    expect(rig.rooms.sessions()[0]?.participants.map((participant) => participant.participantId)).toEqual(['bob']);
    expect(session.ended).toBe(true);
  });
});

describe('publishing', () => {
  test('makes one track per source and tells everybody', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const answer = ada.last('answer');
    expect(answer).toMatchObject({ requestId: 'publish a', transport: 'publish', sdp: 'answer of publish-0' });
    expect(bob.all('track-published').map(({ track }) => [track.trackId, track.source, track.muted])).toEqual(
      answer.tracks.map(({ mid, trackId }) => [trackId, mid === '0' ? 'microphone' : 'camera', false]),
    );
    expect(bob.last('joined').tracks).toEqual([]);
    expect((await rig.join('late')).last('joined').tracks).toHaveLength(2);
  });

  test('from a new connection goes on with the same tracks as new streams, and closes the former', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'first', AV, CAMERA_AND_MICROPHONE);
    const first = rig.connectedPublisher();
    first.openStream('camera');
    const before = ada.last('answer').tracks;
    await ada.offer('publish', 'second', AV, [
      { mid: '0', source: 'microphone' },
      { mid: '1', trackId: before[1]?.trackId ?? '' },
    ]);
    expect(ada.last('answer').tracks).toEqual(before);
    expect(first.ended).toBe(true);
    expect(rig.connectedPublisher().ended).toBe(false);
    expect(bob.all('track-published')).toHaveLength(2);
    expect(bob.all('track-unpublished')).toEqual([]);
  });

  test('again on the same connection renegotiates: what is no longer sent is gone, what is new is there', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const session = rig.connectedPublisher();
    const camera = session.openStream('camera');
    const cameraTrack = ada.last('answer').tracks[1]?.trackId;
    await ada.offer('publish', 'a', sdpOffer('audio', '-video', 'video'), [
      { mid: '0', source: 'microphone' },
      { mid: '2', source: 'screen-video' },
    ]);
    expect(rig.engine.published).toHaveLength(1);
    expect(bob.last('track-unpublished').trackId).toBe(cameraTrack);
    expect(bob.last('track-published').track.source).toBe('screen-video');
    expect(session.streams).not.toContain(camera);
  });

  test('again after unpublishing on a connection whose packets never stopped is a new track', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const session = rig.connectedPublisher();
    const camera = session.openStream('camera');
    const trackId = ada.last('answer').tracks[1]?.trackId ?? '';
    await ada.say({ type: 'unpublish', trackId });
    expect(bob.last('track-unpublished').trackId).toBe(trackId);
    session.send(camera);
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const again = ada.last('answer').tracks[1]?.trackId ?? '';
    expect(again).not.toBe(trackId);
    await bob.offer('subscribe', 'b', sdpOffer('video'), [{ mid: '0', trackId: again }]);
    expect(rig.engine.subscribed[0]?.feeds.get('0')?.layers.map((layer) => layer.stream)).toEqual([camera]);
  });

  test.each([
    ['no source and no track', [{ mid: '0' }], 'INVALID_REQUEST'],
    [
      'a source twice',
      [
        { mid: '0', source: 'camera' },
        { mid: '1', source: 'camera' },
      ],
      'INVALID_REQUEST',
    ],
    [
      'an m-line twice',
      [
        { mid: '0', source: 'camera' },
        { mid: '0', source: 'microphone' },
      ],
      'INVALID_REQUEST',
    ],
  ])('with %s is refused', async (_what, tracks, code) => {
    const ada = await rig.join('ada');
    await ada.offer('publish', 'a', AV, tracks);
    expect(ada.last('error')).toMatchObject({ code, requestId: 'publish a' });
    expect(rig.engine.published).toEqual([]);
  });

  test('a bad description costs nothing that is there', async () => {
    const ada = await rig.join('ada');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    await ada.offer('publish', 'b', 'nonsense', CAMERA_AND_MICROPHONE);
    expect(ada.last('error')).toMatchObject({ code: 'INVALID_SDP', requestId: 'publish b' });
    await ada.offer('publish', 'a', 'nonsense', CAMERA_AND_MICROPHONE);
    expect(ada.last('error')).toMatchObject({ code: 'INVALID_SDP', requestId: 'publish a' });
    expect(rig.engine.published[0]?.ended).toBe(false);
    expect((await rig.join('bob')).last('joined').tracks).toHaveLength(2);
  });

  test("cannot take over somebody else's track", async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const trackId = ada.last('answer').tracks[1]?.trackId ?? '';
    await bob.offer('publish', 'b', AV, [{ mid: '1', trackId }]);
    expect(bob.last('error').code).toBe('NOT_PERMITTED');
    await bob.say({ type: 'mute', trackId, muted: true });
    expect(bob.last('error').code).toBe('NOT_PERMITTED');
    await bob.say({ type: 'unpublish', trackId });
    expect(bob.last('error').code).toBe('NOT_PERMITTED');
    await bob.say({ type: 'mute', trackId: 'none', muted: true });
    expect(bob.last('error').code).toBe('TRACK_NOT_FOUND');
  });

  test('whose answer comes after its participant has left is undone', async () => {
    const ada = await rig.join('ada');
    await rig.join('bob');
    const offered = ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const left = ada.say({ type: 'leave' });
    await Promise.all([offered, left]);
    expect(ada.all('answer')).toEqual([]);
    expect(rig.engine.published.every((session) => session.ended)).toBe(true);
  });
});

describe('subscribing', () => {
  test('carries tracks, leaves out those that have ended, and remembers sizes for the next connection', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const [microphone = '', camera = ''] = ada.last('answer').tracks.map((track) => track.trackId);
    await bob.offer('subscribe', 'one', sdpOffer('audio', 'video', 'video'), [
      { mid: '0', trackId: microphone },
      { mid: '1', trackId: camera },
      { mid: '2', trackId: 'gone' },
    ]);
    expect(bob.last('answer').tracks).toEqual([
      { mid: '0', trackId: microphone },
      { mid: '1', trackId: camera },
    ]);
    await bob.say({ type: 'view', trackId: camera, width: 320, height: 180 });
    await bob.say({ type: 'view', trackId: 'gone', width: 320, height: 180 });
    await bob.offer('subscribe', 'two', sdpOffer('video'), [{ mid: '0', trackId: camera }]);
    const [one, two] = rig.engine.subscribed;
    expect([...(one?.views ?? [])]).toEqual([[camera, '320x180']]);
    expect([...(two?.views ?? [])]).toEqual([[camera, '320x180']]);
    expect([one?.ended, two?.ended]).toEqual([true, false]);
    expect(bob.all('error')).toEqual([]);
  });

  test('gets the packets of the publisher through reconnects', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    await bob.offer('subscribe', 'b', sdpOffer('video'), [
      { mid: '0', trackId: ada.last('answer').tracks[1]?.trackId ?? '' },
    ]);
    const feed = rig.engine.subscribed[0]?.feeds.get('0');
    const seen: number[] = [];
    feed?.listen({
      onPacket: (layer) => seen.push(layer.stream.ssrc),
      onSenderReport: () => undefined,
      onLayersChanged: () => undefined,
    });
    const first = rig.connectedPublisher();
    first.send(first.openStream('camera', 11));
    await ada.offer('publish', 'again', AV, CAMERA_AND_MICROPHONE);
    const second = rig.connectedPublisher();
    second.send(second.openStream('camera', 22));
    expect(seen).toEqual([11, 22]);
    expect(feed?.layers.map((layer) => layer.stream.ssrc)).toEqual([22]);
  });
});

describe('everybody is told', () => {
  test('of mutes, and who asks also when nothing changed', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const trackId = ada.last('answer').tracks[0]?.trackId ?? '';
    await ada.say({ type: 'mute', trackId, muted: true });
    await ada.say({ type: 'mute', trackId, muted: true });
    expect(bob.all('track-muted')).toEqual([{ type: 'track-muted', trackId, muted: true }]);
    expect(ada.all('track-muted')).toHaveLength(2);
    expect((await rig.join('late')).last('joined').tracks[0]?.muted).toBe(true);
  });

  test('of pins by those who may pin', async () => {
    const ada = await rig.join('ada');
    const chair = await rig.join('chair', { canModerate: true });
    expect(chair.last('joined').permissions).toContain('allow_mod');
    await ada.say({ type: 'pin', participantId: 'ada', pinned: true });
    expect(ada.last('error').code).toBe('NOT_PERMITTED');
    await chair.say({ type: 'pin', participantId: 'nobody', pinned: true });
    expect(chair.last('error').code).toBe('PARTICIPANT_NOT_FOUND');
    await chair.say({ type: 'pin', participantId: 'ada', pinned: true });
    expect(ada.last('pinned')).toEqual({ type: 'pinned', participantId: 'ada', pinned: true });
    const late = await rig.join('late');
    expect(late.last('joined').participants.map((participant) => participant.pinned)).toEqual([true, false, false]);
    await ada.say({ type: 'leave' });
    const again = await rig.join('ada');
    expect(again.last('joined').participants.some((participant) => participant.pinned)).toBe(false);
  });

  test('of messages, of kept ones also later, and not of a flood', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.say({ type: 'send', topic: 'chat', payload: 'hello', persist: true });
    await ada.say({ type: 'send', topic: 'hand', payload: 'up' });
    expect(bob.all('message').map((message) => message.payload)).toEqual(['hello', 'up']);
    expect(ada.all('message')).toHaveLength(2);
    expect((await rig.join('late')).last('joined').messages).toMatchObject([
      { topic: 'chat', payload: 'hello', participantId: 'ada' },
    ]);
    for (let n = 0; n < 30; n++) await bob.say({ type: 'send', topic: 'chat', payload: `${n}` });
    expect(bob.all('error').map((error) => error.code)).toEqual(Array.from({ length: 10 }, () => 'TOO_MANY_REQUESTS'));
    rig.pass(1000);
    await bob.say({ type: 'send', topic: 'chat', payload: 'calm' });
    expect(ada.last('message').payload).toBe('calm');
  });

  test('of who speaks, those who join too; a muted microphone does not speak', async () => {
    const ada = await rig.join('ada');
    const bob = await rig.join('bob');
    await ada.offer('publish', 'a', AV, CAMERA_AND_MICROPHONE);
    const session = rig.connectedPublisher();
    const microphone = session.openStream('microphone');
    rig.pass(1000, () => session.speak(microphone, 20));
    expect(bob.all('active-speaker')).toEqual([{ type: 'active-speaker', participantId: 'ada' }]);
    expect((await rig.join('late')).last('active-speaker').participantId).toBe('ada');
    await ada.say({ type: 'mute', trackId: ada.last('answer').tracks[0]?.trackId ?? '', muted: true });
    rig.pass(1000, () => session.speak(microphone, 20));
    expect(bob.last('active-speaker').participantId).toBeNull();
  });
});
