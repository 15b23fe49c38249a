/** The page that renders a recording, as the room has it: there to watch, and for nobody to see. */
import { cpSync } from 'node:fs';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ParticipantId, RecordingId } from '../../../src/domain/ids.ts';
import { sealAbandonedJournals } from '../../../src/journal/resume.ts';
import { interruptedSessions } from '../../../src/processes/interrupted-sessions.ts';
import { MOST_PARTICIPANTS } from '../../../src/rooms/joining.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { sdpOffer } from './fake-engine.ts';
import { GRID, Rig, ROOM, type TestSocket } from './rig.ts';

const PAGE = 'page' as ParticipantId;
const recordingId = newHexId<RecordingId>();
/** What `mintPageToken` says. */
const MINTED = { hidden: true, recordingId };
const silent = pino({ level: 'silent' });

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const record = (id: RecordingId = recordingId, pageParticipantId: ParticipantId = PAGE) =>
  rig.rooms.startRecording(id, ROOM, GRID, { pageParticipantId });
/** A caller's own token that names nobody: the page asks for the id that its address gives it. */
const joinByAddress = async (participantId: string, resumeToken?: string): Promise<TestSocket> => {
  const socket = rig.socket({ canModerate: true });
  await socket.say({ type: 'join', protocol: 1, participantId, ...(resumeToken === undefined ? {} : { resumeToken }) });
  return socket;
};
const hiddenOf = (): [string, boolean][] =>
  (rig.rooms.sessionOf(ROOM)?.participants ?? []).map(({ participantId, hidden }) => [participantId, hidden]);

describe.each([
  ['with a token of ours', () => rig.join('page', MINTED), (resume: string) => rig.join('page', MINTED, resume)],
  [
    "with a caller's token that names it",
    () => rig.join('page', { canModerate: true }),
    (resume: string) => rig.join('page', { canModerate: true }, resume),
  ],
  [
    "with a caller's token that names nobody",
    () => joinByAddress('page'),
    (resume: string) => joinByAddress('page', resume),
  ],
])('a page %s', (_how, joins, joinsAgain) => {
  test('sees everybody, and nobody is told of it', async () => {
    const ada = await rig.join('ada');
    const { sessionId } = ada.last('joined');
    await record();
    const page = await joins();
    expect(page.last('joined')).toMatchObject({ participantId: 'page', permissions: ['allow_join'] });
    expect(page.last('joined').participants.map(({ participantId }) => participantId)).toEqual(['ada']);
    const bob = await rig.join('bob');
    expect(page.last('participant-joined').participant.participantId).toBe('bob');
    expect(bob.last('joined').participants.map(({ participantId }) => participantId)).toEqual(['ada', 'bob']);
    expect(hiddenOf()).toEqual([
      ['ada', false],
      ['page', true],
      ['bob', false],
    ]);
    expect(rig.durablesOf('participant-joined').map(({ participant }) => participant.hidden)).toEqual([
      false,
      true,
      false,
    ]);
    expect(rig.rooms.stats()).toMatchObject({ rooms_participants: 2 });
    expect(rig.rooms.removeParticipant(ROOM, 'page')).toBe(false);
    page.drop();
    rig.pass(9000, () => void Promise.all([ada.say({ type: 'ping' }), bob.say({ type: 'ping' })]));
    expect(hiddenOf().map(([id]) => id)).toEqual(['ada', 'bob']);
    for (const person of [ada, bob]) {
      const told = JSON.stringify(person.received.filter(({ type }) => type.startsWith('participant')));
      expect(told).not.toContain('page');
    }
    await rig.rooms.close();
    const joined = (await rig.journal(sessionId)).flatMap((record) =>
      record.type === 'event' && record.event.type === 'participant-joined' ? [record.event.participant] : [],
    );
    expect(joined).toEqual([
      { participantId: 'page', name: expect.any(String), hidden: true },
      { participantId: 'bob', name: 'bob', hidden: false },
    ]);
  });

  test('says and shows nothing', async () => {
    const ada = await rig.join('ada');
    await record();
    const page = await joins();
    const before = ada.received.length;
    await page.offer('publish', 'a', sdpOffer('video'), [{ mid: '0', source: 'camera' }]);
    expect(page.last('error')).toMatchObject({ code: 'NOT_PERMITTED', requestId: 'publish a' });
    for (const message of [
      { type: 'send', topic: 'chat', payload: 'x' },
      { type: 'send', topic: 'RECORDING_LAYOUT', payload: '{"layout":{"type":"SIDEBAR"}}' },
      { type: 'pin', participantId: 'ada', pinned: true },
    ]) {
      await page.say(message);
      expect(page.all('error').at(-1)?.message).toContain(`"${message.type}" is not for it`);
    }
    expect(page.all('error')).toHaveLength(4);
    expect(ada.received).toHaveLength(before);
    expect(rig.engine.published).toHaveLength(0);
  });

  test('comes back as what it was', async () => {
    const ada = await rig.join('ada');
    await record();
    const page = await joins();
    page.drop();
    rig.pass(1000);
    const again = await joinsAgain(page.last('joined').resumeToken);
    expect(again.last('joined')).toMatchObject({ participantId: 'page', resumed: true });
    again.drop();
    rig.pass(9000, () => void ada.say({ type: 'ping' }));
    const late = await joinsAgain(page.last('joined').resumeToken);
    expect(late.last('joined')).toMatchObject({ participantId: 'page', resumed: false });
    expect(hiddenOf()).toEqual([
      ['ada', false],
      ['page', true],
    ]);
    expect(ada.all('participant-joined')).toEqual([]);
    expect(ada.all('participant-left')).toEqual([]);
  });

  test('is seen out when its recording ends, and not let in again', async () => {
    await rig.join('ada');
    await record();
    const page = await joins();
    await rig.rooms.stopRecording(recordingId, 'requested');
    expect(page.last('bye').reason).toBe('removed');
    expect(hiddenOf()).toEqual([['ada', false]]);
    const late = await joinsAgain(page.last('joined').resumeToken);
    expect(late.last('error').code).toBe('NOT_PERMITTED');
    expect(hiddenOf()).toEqual([['ada', false]]);
  });

  test('keeps no session alive', async () => {
    const ada = await rig.join('ada');
    await record();
    const page = await joins();
    await ada.say({ type: 'leave' });
    rig.pass(2500, () => void page.say({ type: 'ping' }));
    await rig.rooms.close();
    expect(page.last('bye').reason).toBe('room-closed');
    expect(rig.durablesOf('recording-stopped')).toMatchObject([{ reason: 'session-ended' }]);
  });

  test('is the same after the media process died', async () => {
    await rig.join('ada');
    await record();
    const page = await joins();
    rig.clock.move(500);
    const dead = rig;
    rig = new Rig();
    cpSync(dead.folder, rig.folder, { recursive: true });
    rig.clock.move(Number(dead.clock.monotonicNs() - rig.clock.monotonicNs()) / 1e6 + 2000);
    await dead.close();
    await sealAbandonedJournals(rig.folder, silent);
    await rig.rooms.goOn(await interruptedSessions(rig.folder, rig.clock.wallMs(), silent));
    const again = await joinsAgain(page.last('joined').resumeToken);
    expect(again.last('joined').participantId).toBe('page');
    expect(hiddenOf()).toEqual([
      ['ada', false],
      ['page', true],
    ]);
    // A page that came back is nobody who came back: where no person does, the session was over when the process died.
    rig.pass(23_000, () => void again.say({ type: 'ping' }));
    await rig.rooms.close();
    expect(rig.durablesOf('recording-stopped')).toMatchObject([{ recordingId, reason: 'media-process-lost' }]);
  });
});

describe('a token for the page of a recording', () => {
  test('is good for that recording alone', async () => {
    await rig.join('ada');
    const early = await rig.join('page', MINTED);
    expect(early.last('error')).toMatchObject({ code: 'NOT_PERMITTED', message: expect.stringContaining(recordingId) });
    await record(newHexId<RecordingId>());
    expect((await rig.join('page', MINTED)).last('error').code).toBe('NOT_PERMITTED');
    expect(hiddenOf()).toEqual([['ada', false]]);
  });

  test('puts nobody out who is there for all to see', async () => {
    const ada = await rig.join('ada');
    await record(recordingId, 'ada' as ParticipantId);
    expect((await rig.join('ada', MINTED)).last('error').message).toContain('for all to see');
    expect(ada.closedBecause).toBeNull();
    expect(hiddenOf()).toEqual([['ada', false]]);
    // Her own reconnecting makes her no page, either.
    ada.drop();
    await rig.join('ada', {}, ada.last('joined').resumeToken);
    expect(hiddenOf()).toEqual([['ada', false]]);
  });
});

test('nobody else chooses his own id', async () => {
  await rig.join('ada');
  await record();
  const asked = await joinByAddress('ada');
  expect(asked.last('joined').participantId).not.toBe('ada');
  expect(hiddenOf().map(([, hidden]) => hidden)).toEqual([false, false]);
});

test('a page does not publish by WHIP, and is no subject of a recording', async () => {
  await rig.join('ada');
  await record();
  const claims = { roomId: ROOM, participantId: 'page', canModerate: false, hidden: false };
  await expect(rig.rooms.publish(claims, sdpOffer('audio'))).rejects.toMatchObject({ code: 'NOT_PERMITTED' });
  await rig.join('page', MINTED);
  await expect(
    rig.rooms.startRecording(newHexId<RecordingId>(), ROOM, GRID, { participantId: PAGE }),
  ).rejects.toMatchObject({ code: 'PARTICIPANT_NOT_FOUND' });
});

test('a full room has a place for the page', async () => {
  for (let count = 0; count < MOST_PARTICIPANTS; count++) await rig.join(`person-${count}`);
  await record();
  expect((await rig.join('page', MINTED)).last('joined').participantId).toBe('page');
  expect((await rig.join('one-more')).last('error').code).toBe('ROOM_FULL');
});
