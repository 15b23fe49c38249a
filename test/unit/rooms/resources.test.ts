import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sdpOffer } from './fake-engine.ts';
import { Rig, ROOM } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const claims = (participantId?: string) => ({
  roomId: ROOM,
  participantId,
  name: participantId,
  canModerate: false,
  hidden: false,
});
const refused = (promise: Promise<unknown>) => promise.then(() => 'accepted').catch((error) => error.code);

describe('WHIP', () => {
  test('publishes as a participant: first audio and video are the person, the second video its screen', async () => {
    const bob = await rig.join('bob');
    const { participantId, sessionId, answer } = await rig.rooms.publish(
      claims('cam'),
      sdpOffer('audio', 'video', 'video'),
    );
    expect({ participantId, sessionId, answer }).toEqual({
      participantId: 'cam',
      sessionId: bob.last('joined').sessionId,
      answer: 'answer of publish-0',
    });
    expect(bob.last('participant-joined').participant.participantId).toBe('cam');
    expect(bob.all('track-published').map(({ track }) => track.source)).toEqual([
      'microphone',
      'camera',
      'screen-video',
    ]);
  });

  test('opens a session of its own, and its media alone keeps it there', async () => {
    await rig.rooms.publish(claims(), sdpOffer('audio', 'video'));
    expect(rig.rooms.sessions()[0]?.participants).toMatchObject([{ name: 'Guest', hidden: false }]);
    const session = rig.connectedPublisher();
    const camera = session.openStream('camera');
    rig.pass(30_000, () => session.send(camera));
    expect(rig.rooms.sessions()).toHaveLength(1);
    rig.pass(8100);
    expect(rig.rooms.sessions()[0]?.participants).toEqual([]);
    rig.pass(2500);
    expect(rig.rooms.sessions()).toEqual([]);
    expect(session.ended).toBe(true);
  });

  test('that never connects is gone after 8 s', async () => {
    await rig.rooms.publish(claims('cam'), sdpOffer('audio'));
    rig.pass(8100);
    expect(rig.rooms.sessions()[0]?.participants).toEqual([]);
  });

  test('is ended by its resource, in its room only', async () => {
    const { resourceId } = await rig.rooms.publish(claims('cam'), sdpOffer('audio'));
    expect(rig.rooms.deleteResource('wxyz-efgh-1234', resourceId)).toBe(false);
    expect(rig.rooms.deleteResource(ROOM, resourceId)).toBe(true);
    expect(rig.rooms.deleteResource(ROOM, resourceId)).toBe(false);
    expect(rig.durablesOf('participant-left')).toMatchObject([{ participantId: 'cam', reason: 'left' }]);
  });

  test('of the same id and name goes on with its tracks', async () => {
    const bob = await rig.join('bob');
    const first = await rig.rooms.publish(claims('cam'), sdpOffer('audio', 'video'));
    const before = bob.all('track-published').map(({ track }) => track.trackId);
    rig.pass(6000, () => void bob.say({ type: 'ping' }));
    const second = await rig.rooms.publish(claims('cam'), sdpOffer('audio', 'video'));
    expect(rig.engine.published.map((session) => session.ended)).toEqual([true, false]);
    expect(bob.all('track-published').map(({ track }) => track.trackId)).toEqual(before);
    expect(bob.all('participant-left')).toEqual([]);
    expect(rig.rooms.deleteResource(ROOM, first.resourceId)).toBe(false);
    rig.pass(6000, () => void bob.say({ type: 'ping' }));
    expect(rig.rooms.deleteResource(ROOM, second.resourceId)).toBe(true);
  });

  test('of the id of somebody with a socket replaces them', async () => {
    const ada = await rig.join('ada');
    await rig.rooms.publish(claims('ada'), sdpOffer('audio'));
    expect(ada.last('bye').reason).toBe('replaced');
    expect(rig.durables.map((event) => event.type)).toEqual([
      'session-started',
      'participant-joined',
      'participant-left',
      'participant-joined',
    ]);
  });

  test('with a bad offer opens nothing', async () => {
    expect(await refused(rig.rooms.publish(claims('cam'), 'nonsense'))).toBe('INVALID_SDP');
    expect(await refused(rig.rooms.publish({ ...claims('cam'), hidden: true }, sdpOffer('audio')))).toBe(
      'NOT_PERMITTED',
    );
    expect(await refused(rig.rooms.publish({ ...claims('cam'), roomId: 'no room' }, sdpOffer('audio')))).toBe(
      'ROOM_NOT_FOUND',
    );
    expect(rig.durables).toEqual([]);
    expect(rig.engine.published.every((session) => session.ended)).toBe(true);
  });
});

describe('WHEP', () => {
  const publish = async (...kinds: string[]) => {
    await rig.rooms.publish(claims('cam'), sdpOffer(...kinds));
    const session = rig.connectedPublisher();
    const stream = session.openStream(kinds.includes('audio') ? 'microphone' : 'camera');
    return () => session.send(stream);
  };
  const watch = () => rig.rooms.watch(claims('viewer'), 'cam', sdpOffer('video', 'audio'));

  test('watches camera and microphone, and is nobody', async () => {
    await publish('audio', 'video', 'video');
    await watch();
    const feeds = rig.engine.subscribed[0]?.feeds;
    expect(feeds?.get('0')?.kind).toBe('video');
    expect(feeds?.get('1')?.kind).toBe('audio');
    expect(rig.rooms.sessions()[0]?.participants).toHaveLength(1);
    expect(rig.rooms.stats()).toMatchObject({ rooms_watchers: 1, rooms_participants: 1 });
  });

  test('watches the screen where there is no camera', async () => {
    const ada = await rig.join('ada');
    await ada.offer('publish', 'a', sdpOffer('video'), [{ mid: '0', source: 'screen-video' }]);
    await rig.rooms.watch(claims('viewer'), 'ada', sdpOffer('video', 'audio'));
    expect([...(rig.engine.subscribed[0]?.feeds.keys() ?? [])]).toEqual(['0']);
  });

  test('of nobody, of a hidden one or of one who publishes nothing yet is refused', async () => {
    expect(await refused(watch())).toBe('PARTICIPANT_NOT_FOUND');
    await rig.join('cam');
    expect(await refused(watch())).toBe('TRACK_NOT_FOUND');
    await rig.join('h', { hidden: true });
    expect(await refused(rig.rooms.watch(claims('viewer'), 'h', sdpOffer('video')))).toBe('PARTICIPANT_NOT_FOUND');
  });

  test('by the token of a page, which is good while its recording runs, is refused', async () => {
    await publish('audio', 'video');
    const page = { ...claims('page'), hidden: true };
    expect(await refused(rig.rooms.watch(page, 'cam', sdpOffer('video')))).toBe('NOT_PERMITTED');
  });

  test('that would carry nothing is refused, says why and leaves nothing behind', async () => {
    await publish('audio', 'video');
    const why = (offer: string) =>
      rig.rooms.watch(claims('viewer'), 'cam', offer).then(
        () => 'accepted',
        ({ code, message }) => `${code}: ${message}`,
      );
    expect(await why('v=0\r\nnonsense')).toMatch(/^INVALID_SDP/);
    expect(await why(sdpOffer('audio', 'video').replaceAll('sendrecv', 'sendonly'))).toMatch(
      /^INVALID_SDP: .*"a=recvonly"/,
    );
    expect(await why(sdpOffer('audio', 'video').replaceAll('VP8', 'SPEEX').replaceAll('opus', 'G729'))).toMatch(
      /^INVALID_SDP: .*Opus/,
    );
    expect(rig.engine.subscribed.every((session) => session.ended)).toBe(true);
    expect(rig.rooms.stats()).toMatchObject({ rooms_watchers: 0 });
  });

  test('of sound alone is refused where there is a picture alone', async () => {
    await publish('video');
    expect(await refused(rig.rooms.watch(claims('viewer'), 'cam', sdpOffer('audio')))).toBe('TRACK_NOT_FOUND');
    expect(await refused(rig.rooms.watch(claims('viewer'), 'cam', sdpOffer('audio', 'video')))).toBe('accepted');
  });

  test('takes an offer of one m-line without a mid', async () => {
    await publish('audio', 'video');
    await rig.rooms.watch(claims('viewer'), 'cam', sdpOffer('video').replace('a=mid:0\r\n', ''));
    expect([...(rig.engine.subscribed[0]?.feeds.values() ?? [])].map(({ kind }) => kind)).toEqual(['video']);
  });

  test('lives by its reports, and dies 15 s after the last', async () => {
    const publishes = await publish('audio');
    await watch();
    const watcher = rig.engine.subscribed[0]?.connect();
    rig.pass(60_000, () => {
      publishes();
      watcher?.heard();
    });
    expect(watcher?.ended).toBe(false);
    rig.pass(14_900, publishes);
    expect(watcher?.ended).toBe(false);
    rig.pass(200, publishes);
    expect(watcher?.ended).toBe(true);
  });

  test('ends with whom it watches, or by its resource', async () => {
    await publish('audio');
    const { resourceId } = await watch();
    await watch();
    expect(rig.rooms.deleteResource('wxyz-efgh-1234', resourceId)).toBe(false);
    expect(rig.rooms.deleteResource(ROOM, resourceId)).toBe(true);
    expect(rig.engine.subscribed.map((session) => session.ended)).toEqual([true, false]);
    rig.rooms.removeParticipant(ROOM, 'cam');
    rig.pass(100);
    expect(rig.engine.subscribed.map((session) => session.ended)).toEqual([true, true]);
  });
});
