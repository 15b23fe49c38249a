/** Recordings of people apart, and what is merged of them. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RecordingRow } from '../../../src/catalog/catalog.ts';
import { filesOf } from '../../../src/catalog/files.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { ParticipantId, RecordingId } from '../../../src/domain/ids.ts';
import type { RecordingSubject } from '../../../src/domain/recording.ts';
import { Merges } from '../../../src/recordings/merges.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { catalog, code, config, folder, row, system } from './rehearsed-workflow.ts';

test('a participant, two tracks and the room are recorded at once, each once; a track may leave several files or none', async () => {
  const { workflow, compositions, roomId, works, settled } = await system();
  const ada = { participantId: 'ada' as ParticipantId, participantName: 'Ada' };
  const subjects: RecordingSubject[] = [
    { kind: 'participant', ...ada },
    { kind: 'track', source: 'microphone', ...ada },
    { kind: 'track', source: 'camera', ...ada },
  ];
  const room = await workflow.start({ roomId, config });
  const rows: RecordingRow[] = [];
  for (const subject of subjects) {
    const webm = { ...config, fileFormat: 'webm' } as const;
    rows.push(await workflow.start({ roomId, config: webm, subject: () => subject }));
    expect(await code(workflow.start({ roomId, config: webm, subject: () => subject }))).toBe(
      'RECORDING_ALREADY_RUNNING',
    );
  }
  const [participant, microphone, camera] = rows;
  if (!participant || !microphone || !camera) throw new Error('Not all were started.');
  expect(participant).toMatchObject({ kind: 'participant', subject: subjects[0], status: 'recording' });

  const stop = (kind: RecordingSubject['kind'], key: string) =>
    workflow.stop({ roomId, recordingId: null, subject: { kind, key }, reason: 'requested' });
  expect(await code(stop('participant', 'bob'))).toBe('RECORDING_NOT_RUNNING');
  expect((await stop('track', 'ada/microphone')).id).toBe(microphone.id);
  await workflow.stoppedByMedia(camera.id, { stoppedNs: 9e9, stoppedAtMs: 10_000, reason: 'participant-left' });
  expect((await stop('participant', 'ada')).id).toBe(participant.id);
  expect((await row(camera.id)).stop_reason).toBe('participant-left');
  expect((await row(room.id)).status).toBe('recording');

  await settled();
  const workOf = (id: RecordingId) => works.find((work) => work.recordingId === id) ?? expect.fail('No work.');
  expect(workOf(room.id).copy).toBeUndefined();
  const copy = { kind: 'track', participantId: 'ada', source: 'microphone', fileFormat: 'webm' };
  expect(workOf(microphone.id).copy).toEqual(copy);
  expect(workOf(participant.id).copy).toEqual({ ...copy, kind: 'participant', source: null });
  const { compositionId, artifactPath } = workOf(microphone.id);
  const facts = { bytes: 4, durationSeconds: 2, width: null, height: null, format: 'webm', videoBytes: 0 };
  const artifacts = [0, 7.5].map((offsetSeconds, i) => ({
    path: `${artifactPath}-${i}.webm`,
    offsetSeconds,
    ...facts,
  }));
  await compositions.copied(compositionId, artifacts);
  await compositions.copied(workOf(camera.id).compositionId, []);
  expect((await row(camera.id)).status).toBe('done');
  const files = await filesOf(catalog, [microphone.id]);
  expect(files.map(({ offset_seconds, type }) => [offset_seconds, type]).toSorted()).toEqual([
    [0, 'audio'],
    [7.5, 'audio'],
  ]);
  expect(new Set(files.map(({ id }) => id)).size).toBe(2);
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
});

test('composites run side by side; their watermarks are there before they start and gone when they are deleted', async () => {
  const { workflow, roomId, works, settled } = await system();
  const composite: RecordingSubject = {
    kind: 'composite',
    participants: [{ participantId: 'ada' as ParticipantId, sources: ['camera'] }],
    watermarks: [{ image: 'watermark-0', text: 'Logo', timezone: 'Asia/Kolkata', place: 'top-right' }],
  };
  const prepare = async (where: string) => writeFileSync(join(where, 'watermark-0'), 'png');
  const options = { roomId, config, subject: () => composite };
  const first = await workflow.start({ ...options, prepare });
  const second = await workflow.start(options);
  await settled();
  const recordings = join(folder, 'recordings');
  expect(works.find((work) => work.recordingId === first.id)).toMatchObject({
    config: {
      fixedLayout: true,
      participants: composite.participants,
      watermarks: [{ image: join(recordings, first.id, 'watermark-0'), startedAtMs: 6_000, place: 'top-right' }],
    },
  });
  const stop = (recordingId: RecordingId, kind: RecordingSubject['kind']) =>
    workflow.stop({ roomId, recordingId, subject: { kind, key: '' }, reason: 'requested' });
  expect(await code(stop(first.id, 'room'))).toBe('RECORDING_NOT_FOUND');
  expect((await stop(second.id, 'composite')).status).toBe('composing');
  await workflow.delete(first.id);
  expect(existsSync(join(recordings, first.id))).toBe(false);
  const broken = async () => {
    throw new RoomtapeError('DISK_FULL', 'No space.');
  };
  const before = readdirSync(recordings);
  expect(await code(workflow.start({ ...options, prepare: broken }))).toBe('DISK_FULL');
  expect(readdirSync(recordings)).toEqual(before);
});

test('what is done is merged from its files, each where it lies in the session', async () => {
  const { workflow, compositions, roomId, media, works, settled } = await system();
  const merges = new Merges(catalog, compositions);
  const sessionId: string = media.sessionId;
  const of = (participantId: string) => [{ participantId, recordingId: null, type: null }];
  const done = async (subject: RecordingSubject, offsets: readonly number[]): Promise<RecordingRow> => {
    const started = await workflow.start({ roomId, config, subject: () => subject });
    await workflow.stop({
      roomId,
      recordingId: started.id,
      subject: { kind: subject.kind, key: '' },
      reason: 'requested',
    });
    await settled();
    const work = works.find(({ recordingId }) => recordingId === started.id) ?? expect.fail('No work.');
    const facts = { bytes: 4, durationSeconds: 2, width: null, height: null, format: 'webm', videoBytes: 0 };
    const artifacts = offsets.map((offsetSeconds, i) => ({
      path: `${work.artifactPath}-${i}.webm`,
      offsetSeconds,
      ...facts,
    }));
    await compositions.copied(work.compositionId, artifacts);
    return row(started.id);
  };
  const ada = { participantId: 'ada' as ParticipantId, participantName: 'Ada' };
  const bob = { participantId: 'bob' as ParticipantId, participantName: 'Bob' };
  const request = { sessionId, channel1: of('ada'), channel2: of('bob') };
  expect(await code(merges.create({ ...request, sessionId: newHexId() }))).toBe('SESSION_NOT_FOUND');
  const whole = await done({ kind: 'participant', ...ada }, [0]);
  expect(await code(merges.create(request))).toBe('RECORDING_NOT_FOUND');
  await done({ kind: 'track', source: 'camera', ...bob }, [0]);
  expect(await code(merges.create(request))).toBe('RECORDING_NOT_FOUND');
  const running = await workflow.start({ roomId, config, subject: () => ({ kind: 'participant', ...bob }) });
  expect(await code(merges.create(request))).toBe('RECORDING_NOT_DONE');
  const voice = await done({ kind: 'track', source: 'microphone', ...bob }, [1.5, 4]);

  const merge = await merges.create(request);
  expect(merge).toMatchObject({ kind: 'merge', status: 'composing', journal_dir: null, session_id: sessionId });
  await settled();
  const work = works.find(({ recordingId }) => recordingId === merge.id);
  const file = (id: string, n: number) =>
    expect.stringMatching(new RegExp(`${folder}/recordings/${id}/files/.*-${n}.webm$`));
  expect(work).toMatchObject({
    finished: true,
    copy: {
      kind: 'merge',
      inputs: [
        { path: file(whole.id, 0), channel: 'left', offsetSeconds: 0 },
        { path: file(voice.id, 0), channel: 'right', offsetSeconds: 1.5 },
        { path: file(voice.id, 1), channel: 'right', offsetSeconds: 4 },
      ],
    },
  });
  await compositions.resume();
  await workflow.reconcile([...media.active.values()]);
  expect((await row(merge.id)).status).toBe('composing');
  await workflow.stop({
    roomId,
    recordingId: running.id,
    subject: { kind: 'participant', key: '' },
    reason: 'requested',
  });
});
