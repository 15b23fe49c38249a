/** Starts that are refused, late, too many, or that the database could not follow. */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { insertRecording, recordingsIn } from '../../../src/catalog/recordings.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { RecordingId } from '../../../src/domain/ids.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { catalog, code, config, system } from './rehearsed-workflow.ts';

test('refuses what cannot be, and leaves nothing behind', async () => {
  const { workflow, roomId, media } = await system();
  expect(await code(workflow.start({ roomId: 'nowhere', config }))).toBe('ROOM_NOT_FOUND');
  expect(await code(workflow.stop({ roomId, recordingId: null, reason: 'requested' }))).toBe('RECORDING_NOT_RUNNING');
  media.sessionRuns = false;
  expect(await code(workflow.start({ roomId, config }))).toBe('NO_ACTIVE_SESSION');
  media.sessionRuns = true;
  media.refuseStart = new RoomtapeError('DISK_FULL', 'No space.');
  expect(await code(workflow.start({ roomId, config }))).toBe('DISK_FULL');
  media.refuseStart = undefined;
  const started = await workflow.start({ roomId, config });
  expect(await code(workflow.start({ roomId, config }))).toBe('RECORDING_ALREADY_RUNNING');
  const elsewhere = { roomId, recordingId: newHexId<RecordingId>(), reason: 'requested' } as const;
  expect(await code(workflow.stop(elsewhere))).toBe('RECORDING_NOT_FOUND');
  await workflow.stop({ roomId, recordingId: started.id, reason: 'requested' });
});

test('the same start once more, under the id that it was to have: what the first run made is answered', async () => {
  const { workflow, roomId, restart, media } = await system();
  const id = newHexId<RecordingId>();
  const first = await workflow.start({ roomId, config, id });
  expect(first.id).toBe(id);
  expect((await restart().workflow.start({ roomId, config, id })).id).toBe(id);
  expect(media.active.size).toBe(1);
  await workflow.stop({ roomId, recordingId: id, reason: 'requested' });
  expect((await workflow.start({ roomId, config, id })).id).toBe(id);
  // While it is not known what became of the first run, nothing is promised.
  const starting = newHexId<RecordingId>();
  await insertRecording(catalog, { id: starting, roomId, sessionId: media.sessionId, config, dueAt: null });
  expect(await code(workflow.start({ roomId, config, id: starting }))).toBe('MEDIA_UNAVAILABLE');
  await workflow.reconcile([]);
  // It came to nothing: the second run starts another.
  expect((await workflow.start({ roomId, config, id: starting })).id).not.toBe(starting);
});

test('no more recordings run at once than are allowed, however many start at the same moment', async () => {
  const live = (await recordingsIn(catalog, ['starting', 'recording', 'paused', 'stopping'])).length;
  const { workflow, roomId } = await system(undefined, { mostRecordings: live + 2 });
  const composite = () => ({ kind: 'composite', participants: [], watermarks: [] }) as const;
  const starts = [1, 2, 3, 4, 5].map(() => workflow.start({ roomId, config, subject: composite }));
  const outcomes = await Promise.allSettled(starts);
  const accepted = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(accepted).toHaveLength(2);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    expect(outcome.reason).toMatchObject({
      code: 'TOO_MANY_RECORDINGS',
      status: 429,
      message: expect.stringContaining(`takes ${live + 2} at once (ROOMTAPE_MAX_RECORDINGS)`),
    });
  }
  // One that is over and only waits to be composed takes nobody's place.
  const subject = { kind: 'composite', key: '' } as const;
  await workflow.stop({ roomId, recordingId: accepted[0]?.id ?? null, subject, reason: 'requested' });
  await workflow.start({ roomId, config, subject: composite });
});

test('without room on the disk nothing starts, and the words say what is needed', async () => {
  const { workflow, roomId, media } = await system(undefined, { minFreeDiskBytes: 2 ** 60 });
  await expect(workflow.start({ roomId, config })).rejects.toMatchObject({
    code: 'DISK_FULL',
    status: 507,
    message: expect.stringMatching(/^\d+ MiB are free; no recording starts below 1099511627776 MiB/),
  });
  expect(media.active.size).toBe(0);
  expect(await recordingsIn(catalog, ['starting'])).toEqual([]);
});

test('a start whose answer comes too late is refused, and does not run behind the back of the caller', async () => {
  const { workflow, roomId, media } = await system();
  const start = media.startRecording.bind(media);
  media.startRecording = async (options) => {
    await start(options);
    throw new RoomtapeError('MEDIA_UNAVAILABLE', 'No answer within 10 s.');
  };
  expect(await code(workflow.start({ roomId, config }))).toBe('MEDIA_UNAVAILABLE');
  await expect.poll(() => media.active.size).toBe(0);
  expect(await recordingsIn(catalog, ['starting', 'recording'])).toEqual([]);
});

test('a start that the database could not follow is refused, and forgotten when it is back', async () => {
  const { workflow, roomId, media } = await system();
  const start = media.startRecording.bind(media);
  media.startRecording = async (options) => {
    // From here on nothing can be written, as when the database goes away.
    await sql`alter table recordings rename to recordings_away`.execute(catalog);
    return start(options);
  };
  media.stopRecording = async () => {
    throw new RoomtapeError('MEDIA_UNAVAILABLE', 'Away, too.');
  };
  try {
    expect(await code(workflow.start({ roomId, config }))).toMatch(/does not exist/);
  } finally {
    await sql`alter table recordings_away rename to recordings`.execute(catalog);
  }
  const stopped: string[] = [];
  media.stopRecording = async (recordingId) => {
    stopped.push(recordingId);
    return { stoppedNs: 25e9, stoppedAtMs: 26_000 };
  };
  await workflow.reconcile([...media.active.values()]);
  expect(stopped).toEqual([...media.active.keys()]);
  expect(await recordingsIn(catalog, ['starting', 'recording', 'composing', 'failed'])).not.toContainEqual(
    expect.objectContaining({ room_id: roomId }),
  );
});
