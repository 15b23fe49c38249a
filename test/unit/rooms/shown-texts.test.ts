import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RecordingId } from '../../../src/domain/ids.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { Rig, ROOM } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

test('what is said is journaled where a recording shows its topic and is not paused, and nowhere else', async () => {
  const ada = await rig.join('ada');
  const { sessionId, participantId } = ada.last('joined');
  const say = (topic: string, payload: string) => ada.say({ type: 'send', topic, payload, persist: false });
  const plain = newHexId<RecordingId>();
  const showing = newHexId<RecordingId>();
  const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
  await rig.rooms.startRecording(plain, ROOM, layout);
  await say('ticker', 'too early');
  await rig.rooms.startRecording(showing, ROOM, layout, { topics: ['ticker'] });
  await say('ticker', 'x'.repeat(5000));
  await say('chat', 'between us');
  await rig.rooms.pauseRecording(showing);
  await say('ticker', 'off the record');
  await rig.rooms.resumeRecording(showing);
  await say('ticker', 'on it');
  await rig.rooms.stopRecording(showing, 'requested');
  await say('ticker', 'too late');
  await rig.rooms.stopRecording(plain, 'requested');
  await rig.rooms.endSession(ROOM, 'room-closed');
  const events = (await rig.journal(sessionId)).flatMap((record) => (record.type === 'event' ? [record.event] : []));
  expect(events.filter(({ type }) => type === 'text-shown')).toEqual([
    { type: 'text-shown', participantId, topic: 'ticker', text: 'x'.repeat(300) },
    { type: 'text-shown', participantId, topic: 'ticker', text: 'on it' },
  ]);
  expect(JSON.stringify(events)).not.toMatch(/too early|between us|off the record|too late/);
  expect(ada.all('message')).toHaveLength(6);
});
