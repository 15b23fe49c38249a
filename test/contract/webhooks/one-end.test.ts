/** Every recording is told to end exactly once, whoever is killed when; and nothing that is read from the list of events is ever missed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { transaction } from '../../../src/catalog/catalog.ts';
import { appendEvent, forgetEvents, listEvents } from '../../../src/catalog/events.ts';
import { findRecording, markRecordingDeleted, moveRecording } from '../../../src/catalog/recordings.ts';
import type { RecordingId } from '../../../src/domain/ids.ts';
import { seededRandom } from '../../unit/rooms/seeded-random.ts';
import { WebhookRig } from './rig.ts';

let rig: WebhookRig;
beforeAll(async () => {
  rig = await WebhookRig.start();
});
afterAll(() => rig.scope.close());
beforeEach(() => rig.clear());

const ALL = { after: null, limit: 100_000, roomId: null, sessionId: null, recordingId: null, types: [] };
const composite = { kind: 'composite', participants: [], watermarks: [] } as const;

it('over servers that race and are killed, each recording has one end, and its events are those of its way', async () => {
  const random = seededRandom(20_261_122);
  const roomId = await rig.room();
  const ids: RecordingId[] = [];
  for (let i = 0; i < 60; i += 1) ids.push((await rig.recording(roomId, { subject: composite })).id);
  const program = fileURLToPath(new URL('./move-and-die.ts', import.meta.url));
  const server = async (seed: number): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [program, rig.url, String(seed)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return child;
  };
  for (let round = 0; round < 3; round += 1) {
    const racing = await Promise.all([1, 2].map((n) => server(10 * round + n)));
    for (const child of racing) {
      await pause(20 + random() * 150);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  const moved = await Promise.all(ids.map((id) => findRecording(rig.catalog, id)));
  expect(new Set(moved.map((row) => row?.status)).size).toBeGreaterThan(1);
  for (const id of ids) {
    await moveRecording(rig.catalog, id, 'composing');
    await moveRecording(rig.catalog, id, 'done');
    await moveRecording(rig.catalog, id, 'failed', { failureReason: 'too late' });
  }
  const events = (await listEvents(rig.catalog, ALL)) ?? [];
  for (const id of ids) {
    const told = events
      .filter((event) => event.recording_id === id)
      .map(({ type }) => type.slice('composite-recording-'.length));
    const { status } = (await findRecording(rig.catalog, id)) ?? {};
    expect(told.join(' ')).toMatch(/^starting( started)?( stopping)? (stopped|failed)$/);
    expect(told.at(-1)).toBe(status === 'done' ? 'stopped' : 'failed');
  }
});

it('is read once and in order while others write, roll back and are slow', async () => {
  const roomId = await rig.room();
  const random = seededRandom(7);
  const committed: string[] = [];
  let writing = true;
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; i < 25; i += 1) {
      const [before, after, fails] = [random() * 4, random() * 8, random() < 0.2];
      const event = {
        type: 'session-started',
        roomId,
        sessionId: null,
        recordingId: null,
        data: { writer, i },
      } as const;
      await transaction(rig.catalog, async (trx) => {
        await pause(before);
        const { id } = await appendEvent(trx, event);
        await pause(after);
        if (fails) throw new Error('the power went');
        return id;
      }).then(
        (id) => committed.push(id),
        (error: Error) => expect(error.message).toBe('the power went'),
      );
    }
  };
  const seen: { id: string; writer: number; i: number }[] = [];
  const read = async (): Promise<void> => {
    for (let last = false; ; ) {
      const rows = (await listEvents(rig.catalog, { ...ALL, after: seen.at(-1)?.id ?? null, limit: 7 })) ?? [];
      seen.push(...rows.map(({ id, data }) => ({ id, ...JSON.parse(data) })));
      if (last && rows.length === 0) return;
      last = !writing;
    }
  };
  const reading = read();
  await Promise.all([1, 2, 3, 4, 5].map(write));
  writing = false;
  await reading;
  expect(committed.length).toBeGreaterThan(60);
  expect(seen.map(({ id }) => id).toSorted()).toEqual(committed.toSorted());
  for (const writer of [1, 2, 3, 4, 5]) {
    const own = seen.filter((event) => event.writer === writer).map(({ i }) => i);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
});

it('is forgotten when its time is over, but of recordings that are there, and what somebody is to be told', async () => {
  const receiver = await rig.receiver();
  const told = await rig.room({ endPoint: receiver.url(), events: ['session-*'] });
  const roomId = await rig.room();
  const kept = await rig.recording(roomId);
  const deleted = await rig.recording(roomId, { subject: composite });
  await markRecordingDeleted(rig.catalog, deleted.id, new Date());
  await rig.append({ type: 'session-started', roomId, recordingId: null });
  await rig.append({ type: 'session-started', roomId: told, recordingId: null });
  const left = async () =>
    ((await listEvents(rig.catalog, ALL)) ?? []).map((event) => event.recording_id ?? event.room_id);
  expect(await forgetEvents(rig.catalog, new Date(Date.now() - 1_000))).toBe(0);
  expect(await forgetEvents(rig.catalog, new Date(Date.now() + 1_000))).toBe(2);
  expect(await left()).toEqual([kept.id, told]);
  await rig.send(rig.sender());
  expect(await forgetEvents(rig.catalog, new Date(Date.now() + 1_000))).toBe(1);
  expect(await left()).toEqual([kept.id]);
  expect(await listEvents(rig.catalog, { ...ALL, after: 'f'.repeat(24) })).toBeNull();
});
