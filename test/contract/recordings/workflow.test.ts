/** The life of a recording, and what is made up for after every crash in it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compositionsOf } from '../../../src/catalog/compositions.ts';
import { filesOf } from '../../../src/catalog/files.ts';
import { findRecording, insertRecording, markRecordingDeleted, recordingsIn } from '../../../src/catalog/recordings.ts';
import { insertSession } from '../../../src/catalog/sessions.ts';
import type { RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { sessionsPort } from '../../../src/processes/api-ports.ts';
import { SessionBook } from '../../../src/recordings/session-book.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { catalog, code, config, events, folder, row, system } from './rehearsed-workflow.ts';

test('start, stop, composed: done, with its file; the scratch folder is gone', async () => {
  const { workflow, compositions, roomId, told, works, settled } = await system();
  const started = await workflow.start({ roomId: `custom-${roomId}`, config });
  expect(started).toMatchObject({ status: 'recording', started_at: new Date(6_000), started_ns: 5e9, config });
  await settled();
  expect(told).toEqual(['start live']);
  const stopped = await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  expect(stopped).toMatchObject({ status: 'composing', ended_at: new Date(26_000), stop_reason: 'requested' });
  await settled();
  expect(told).toEqual(['start live', 'finished']);
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  expect(work.config).toMatchObject({ width: 1280, height: 720 });
  mkdirSync(work.directory);
  const path = `${work.artifactPath}.mp4`;
  writeFileSync(path, 'film');
  await compositions.progressed(work.compositionId, 1, 2);
  expect((await row(started.id)).progress).toBe(0.5);
  const facts = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
  await compositions.composed(work.compositionId, { path, ...facts });
  expect(await row(started.id)).toMatchObject({ status: 'done', progress: 1 });
  const [file] = await filesOf(catalog, [started.id]);
  expect(file).toMatchObject({ bytes: 4, type: 'video', path: path.slice(folder.length + 1) });
  expect(existsSync(work.directory)).toBe(false);
  await compositions.composed(work.compositionId, { path, ...facts });
  expect(await filesOf(catalog, [started.id])).toHaveLength(1);
  expect(await events(started.id)).toEqual([
    'recording-starting',
    'recording-started',
    'recording-stopping',
    'recording-stopped',
  ]);
});

test('its session ends it; being told twice changes nothing', async () => {
  const { workflow, roomId, told, settled } = await system();
  const { id } = await workflow.start({ roomId, config });
  const end = { stoppedNs: 9e9, stoppedAtMs: 10_000, reason: 'session-ended' } as const;
  await workflow.stoppedByMedia(id, end);
  await workflow.stoppedByMedia(id, end);
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'session-ended', stopped_ns: 9e9 });
  await settled();
  expect(told).toEqual(['start live', 'finished']);
});

test('its maximum duration ends it', async () => {
  const { workflow, roomId } = await system();
  const { id } = await workflow.start({ roomId, config });
  await workflow.enforceMaximumDuration(new Date(Date.now() + 59_000));
  expect((await row(id)).status).toBe('recording');
  await workflow.enforceMaximumDuration(new Date(Date.now() + 61_000));
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'max-duration' });
});

test('a restarted server takes up what was live and what was being composed', async () => {
  const first = await system();
  const live = await first.workflow.start({ roomId: first.roomId, config });
  await first.settled();
  first.told.length = 0;
  const second = first.restart();
  await second.compositions.resume();
  await second.workflow.reconcile([...first.media.active.values()]);
  expect((await row(live.id)).status).toBe('recording');
  await second.workflow.stop({ roomId: first.roomId, recordingId: null, reason: 'requested' });
  await second.compositions.settled();
  const third = first.restart();
  await third.compositions.resume();
  expect(first.told.filter((word) => word.startsWith('start'))).toContain('start finished');
  const fences = (await compositionsOf(catalog, live.id)).map(({ fence }) => fence);
  expect(fences).toEqual([3]);
});

test('a server of an older lease can no longer finish a composition', async () => {
  const first = await system();
  const { id } = await first.workflow.start({ roomId: first.roomId, config });
  await first.workflow.stop({ roomId: first.roomId, recordingId: null, reason: 'requested' });
  await first.settled();
  const second = first.restart();
  await second.compositions.resume();
  const [work] = first.works;
  if (!work) throw new Error('Nothing was handed out.');
  await first.compositions.failed(work.compositionId, 'late');
  expect((await row(id)).status).toBe('composing');
});

test('killed between row and start record: failed, with a reason', async () => {
  const { workflow, roomId, media } = await system();
  const id = newHexId<RecordingId>();
  await insertSession(catalog, { id: media.sessionId, roomId, startedAt: new Date() });
  await insertRecording(catalog, { id, roomId, sessionId: media.sessionId, config, dueAt: null });
  await workflow.reconcile([]);
  expect(await row(id)).toMatchObject({
    status: 'failed',
    failure_reason: 'Nothing was recorded: the server ended before the recording had begun.',
  });
  expect(await events(id)).toEqual(['recording-starting', 'recording-failed']);
});

test('killed between start record and row: the recording goes on', async () => {
  const { workflow, roomId, media, told, settled } = await system();
  const id = newHexId<RecordingId>();
  await insertSession(catalog, { id: media.sessionId, roomId, startedAt: new Date() });
  await insertRecording(catalog, { id, roomId, sessionId: media.sessionId, config, dueAt: null });
  await media.startRecording({ recordingId: id, roomId });
  await workflow.reconcile([...media.active.values()]);
  expect((await row(id)).status).toBe('recording');
  await settled();
  expect(told).toEqual(['start live']);
  expect(await events(id)).toEqual(['recording-starting', 'recording-started']);
});

test('the media process died: what the journal has is composed', async () => {
  const { workflow, roomId, media, told, settled } = await system(async () => ({
    journalDir: join(folder, 'journals', 'x'),
    startedNs: 5e9,
    startedAtMs: 6_000,
    stop: null,
    lastNs: 12e9,
    lastAtMs: 13_000,
  }));
  const { id } = await workflow.start({ roomId, config });
  media.active.clear();
  await workflow.reconcile([]);
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'media-process-lost', stopped_ns: 12e9 });
  await settled();
  expect(told).toEqual(['start live', 'journal-ended']);
});

test('what the media process records without a promise is ended', async () => {
  const { workflow, roomId, media } = await system();
  await media.startRecording({ recordingId: newHexId(), roomId });
  await workflow.reconcile([...media.active.values()]);
  expect(media.active.size).toBe(0);
});

test('a database that refuses when the file is finished is made up for', async () => {
  const { workflow, compositions, roomId, works, settled, told } = await system();
  const { id } = await workflow.start({ roomId, config });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  const broken = { bytes: Number.NaN, durationSeconds: 1, width: 2, height: 2, format: 'mp4', videoBytes: 1 };
  await expect(
    compositions.composed(work.compositionId, { path: `${work.artifactPath}.mp4`, ...broken }),
  ).rejects.toThrow();
  expect((await row(id)).status).toBe('composing');
  told.length = 0;
  await compositions.resume();
  expect(told).toEqual(['start finished', 'finished']);
  await compositions.composed(work.compositionId, { path: `${work.artifactPath}.mp4`, ...broken, bytes: 4 });
  expect((await row(id)).status).toBe('done');
});

test('a composition that could not be handed out is handed out later', async () => {
  const { workflow, compositions, roomId, told, refusals, settled } = await system();
  refusals.starts = 1;
  await workflow.start({ roomId, config });
  await settled();
  expect(told).toEqual([]);
  await compositions.resume();
  expect(told).toEqual(['start live']);
});

test('one recording that can not be read or handed out keeps neither the others nor the server from going on', async () => {
  const unreadable = new Set<string>();
  const { workflow, compositions, media, roomId, told, refusals, settled, restart } = await system(
    async (sessionId) => {
      if (unreadable.has(sessionId)) throw new Error('EIO: i/o error, read');
      return null;
    },
  );
  const live = await workflow.start({ roomId, config });
  // An older one, of a session whose journal lies on a bad sector.
  const lost = newHexId<RecordingId>();
  const sessionId = newHexId<SessionId>();
  await insertSession(catalog, { id: sessionId, roomId: newRoomId<RoomId>(), startedAt: new Date(0) });
  await insertRecording(catalog, { id: lost, roomId: newRoomId<RoomId>(), sessionId, config, dueAt: new Date(0) });
  await catalog
    .updateTable('recordings')
    .set({ created_at: new Date(0) })
    .where('id', '=', lost)
    .execute();
  unreadable.add(sessionId);
  await settled();
  await workflow.reconcile([...media.active.values()]);
  expect((await row(live.id)).status).toBe('recording');
  expect((await row(lost)).status).toBe('starting');
  // It is over for both; one can be ended.
  await expect(workflow.enforceMaximumDuration(new Date(Date.now() + 61_000))).rejects.toThrow('can not be read');
  expect((await row(live.id)).status).toBe('composing');
  told.length = 0;
  await compositions.cancel(lost);
  const after = restart();
  refusals.starts = 1;
  await after.compositions.resume();
  expect(told.filter((one) => one.startsWith('start'))).toEqual([]);
  await after.compositions.resume();
  expect(told.filter((one) => one.startsWith('start'))).toEqual(['start finished']);
});

test('a server that lost its lease lets go of the work, touches none of it, and does not take it back from who has it', async () => {
  const first = await system();
  const { id } = await first.workflow.start({ roomId: first.roomId, config });
  await first.workflow.stop({ roomId: first.roomId, recordingId: null, reason: 'requested' });
  await first.settled();
  const second = first.restart();
  await second.compositions.resume();
  const [work] = first.works;
  if (!work) throw new Error('Nothing was handed out.');
  mkdirSync(work.directory, { recursive: true });
  first.told.length = 0;
  const path = `${work.artifactPath}.mp4`;
  const facts = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
  await first.compositions.progressed(work.compositionId, 1, 2);
  expect(first.told).toEqual(['cancel']);
  await first.compositions.resume();
  expect(first.told.filter((word) => word.startsWith('start'))).toEqual([]);
  const third = first.restart();
  await third.compositions.resume();
  await second.compositions.composed(work.compositionId, { path, ...facts });
  expect(existsSync(work.directory)).toBe(true);
  expect((await row(id)).status).toBe('composing');
  await third.compositions.composed(work.compositionId, { path, ...facts });
  expect(existsSync(work.directory)).toBe(false);
  expect((await row(id)).status).toBe('done');
});

test('killed between a file and the removal of its segments: the next server removes them', async () => {
  const { workflow, compositions, roomId, works, settled, restart } = await system();
  await workflow.start({ roomId, config });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  const path = `${work.artifactPath}.mp4`;
  const facts = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
  await compositions.composed(work.compositionId, { path, ...facts });
  mkdirSync(join(work.directory, 'segments'), { recursive: true });
  writeFileSync(path, 'film');
  // What is nobody's stays, and hinders nobody.
  writeFileSync(join(folder, 'recordings', 'notes.txt'), '');
  mkdirSync(join(folder, 'recordings', work.recordingId, 'of-somebody-else'));
  await restart().compositions.resume();
  expect(existsSync(work.directory)).toBe(false);
  expect(existsSync(path)).toBe(true);
  expect(existsSync(join(folder, 'recordings', work.recordingId, 'of-somebody-else'))).toBe(true);
});

test('delete ends, cancels, erases file and journal, and the recording is not found any more', async () => {
  const { workflow, roomId, told, works, settled } = await system();
  const started = await workflow.start({ roomId, config });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  await workflow.delete(started.id);
  expect(told).toContain('cancel');
  expect(existsSync(join(folder, 'recordings', started.id))).toBe(false);
  expect(existsSync(work.journalDir)).toBe(false);
  expect(await findRecording(catalog, started.id)).toBeNull();
  expect(await code(workflow.delete(started.id))).toBe('RECORDING_NOT_FOUND');
  // Whoever waits for its end hears of it.
  expect(await events(started.id)).toEqual([
    'recording-starting',
    'recording-started',
    'recording-stopping',
    'recording-failed',
  ]);
  expect((await recordingsIn(catalog, ['recording'])).map(({ id }) => id)).not.toContain(started.id);
});

test('killed while deleting: the next server erases what is left', async () => {
  const { workflow, compositions, roomId, works, settled, restart } = await system();
  const { id } = await workflow.start({ roomId, config });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  const path = `${work.artifactPath}.mp4`;
  writeFileSync(path, 'film');
  const facts = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
  await compositions.composed(work.compositionId, { path, ...facts });
  await markRecordingDeleted(catalog, id, new Date());
  await restart().compositions.resume();
  expect(existsSync(join(folder, 'recordings', id))).toBe(false);
  expect(await filesOf(catalog, [id])).toEqual([]);
});

test('what failed leaves no segments', async () => {
  const { workflow, compositions, roomId, works, settled } = await system();
  const { id } = await workflow.start({ roomId, config });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  await settled();
  const [work] = works;
  if (!work) throw new Error('Nothing was handed out.');
  mkdirSync(join(work.directory, 'segments'), { recursive: true });
  await compositions.failed(work.compositionId, 'It could not be.');
  expect(await row(id)).toMatchObject({ status: 'failed', failure_reason: 'It could not be.' });
  expect(existsSync(work.directory)).toBe(false);
});

test('the page that renders a recording is in no list of its session, and dates no end', async () => {
  const { media, roomId } = await system();
  const book = new SessionBook(catalog);
  const { sessionId } = media;
  await book.sessionStarted({ sessionId, roomId, startedAtMs: 1_000, participants: [] });
  const joins = (participantId: string, hidden: boolean) =>
    book.participantJoined(sessionId, { participantId, name: participantId, hidden, joinedAtMs: 2_000 });
  await joins('ada', false);
  await joins('page', true);
  const port = sessionsPort(catalog, media);
  const listed = async () => (await port.find(sessionId))?.participants.map(({ participantId }) => participantId);
  expect(await listed()).toEqual(['ada']);
  await book.participantLeft(sessionId, 'ada', 5_000);
  // Its end was seen by nobody; the page's stay is still open.
  await book.reconcile([], new Date(60_000));
  expect(await port.find(sessionId)).toMatchObject({ status: 'ended', end: new Date(5_000) });
  expect(await listed()).toEqual(['ada']);
});
