/** What changes while it is recorded, and composing again. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compositionsOf } from '../../../src/catalog/compositions.ts';
import { journalUses } from '../../../src/catalog/recordings.ts';
import { openStay } from '../../../src/catalog/sessions.ts';
import type { RecordingId } from '../../../src/domain/ids.ts';
import type { JournalLookup } from '../../../src/recordings/ports.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { catalog, code, config, folder, row, system } from './rehearsed-workflow.ts';

test('another layout: the row has it, whoever tells first, and news that come late change nothing back', async () => {
  const { workflow, changes, roomId, media } = await system();
  const { id } = await workflow.start({ roomId, config });
  expect(await row(id)).toMatchObject({ layout: null, revision: 0, pauses: [] });
  const changed = await changes.changeLayout(id, { type: 'SIDEBAR' });
  const sidebar = { ...config.layout, type: 'SIDEBAR' };
  expect(changed).toMatchObject({ id, status: 'recording', layout: sidebar, revision: 1, config });
  const first = media.active.get(id);
  await media.changeLayout(id, { gridSize: 9 });
  const second = media.active.get(id);
  if (!first || !second) throw new Error('The media process knows the recording.');
  await changes.told(second);
  await changes.told(first);
  expect(await row(id)).toMatchObject({ layout: { ...sidebar, gridSize: 9 }, revision: 2 });
  await media.changeLayout(id, { gridSize: 1 });
  await workflow.reconcile([...media.active.values()]);
  expect(await row(id)).toMatchObject({ layout: { ...sidebar, gridSize: 1 }, revision: 3 });
  const last = media.active.get(id);
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  expect(await code(changes.changeLayout(id, { gridSize: 2 }))).toBe('RECORDING_NOT_RUNNING');
  expect(await code(changes.changeLayout(newHexId<RecordingId>(), { gridSize: 2 }))).toBe('RECORDING_NOT_FOUND');
  if (last) await changes.told({ ...last, revision: 4, layout: config.layout });
  expect(await row(id)).toMatchObject({ status: 'composing', layout: config.layout, revision: 4 });
});

test('paused and resumed: the row follows; the maximum duration goes on meanwhile', async () => {
  const { workflow, changes, roomId, media } = await system();
  const { id } = await workflow.start({ roomId, config });
  expect(await changes.pause(id)).toMatchObject({ status: 'paused', pauses: [{ end: null }] });
  expect(await code(workflow.start({ roomId, config }))).toBe('RECORDING_ALREADY_RUNNING');
  expect(await changes.resume(id)).toMatchObject({
    status: 'recording',
    pauses: [{ start: new Date(10_000).toISOString(), end: new Date(13_000).toISOString() }],
  });
  // The answer was lost: the next meeting of the two tells.
  await media.pauseRecording(id);
  await workflow.reconcile([...media.active.values()]);
  expect((await row(id)).status).toBe('paused');
  await workflow.enforceMaximumDuration(new Date(Date.now() + 61_000));
  expect(await row(id)).toMatchObject({ status: 'composing', stop_reason: 'max-duration' });
  expect((await row(id)).pauses).toHaveLength(2);
});

test('the media process died in a pause that the row has not heard of: the journal tells', async () => {
  let known: string | undefined;
  const layout = { ...config.layout, gridSize: 2 };
  const journal: JournalLookup = async (_sessionId, recordingId) =>
    recordingId === known
      ? {
          journalDir: join(folder, 'journals'),
          startedNs: 5e9,
          startedAtMs: 6_000,
          stop: null,
          lastNs: 20e9,
          lastAtMs: 21_000,
          layout,
          pauses: [{ startedAtMs: 10_000, endedAtMs: null }],
        }
      : null;
  const { workflow, roomId, media } = await system(journal);
  const { id } = await workflow.start({ roomId, config });
  known = id;
  media.active.clear();
  await workflow.reconcile([]);
  expect(await row(id)).toMatchObject({
    status: 'composing',
    stop_reason: 'media-process-lost',
    layout,
    pauses: [{ start: new Date(10_000).toISOString(), end: null }],
  });
});

/** A journal that knows every recording, until it is erased. */
const keptJournal = () => {
  const kept = { value: true };
  const stop = { stoppedNs: 25e9, stoppedAtMs: 26_000, reason: 'requested' } as const;
  const found = { journalDir: '', startedNs: 5e9, startedAtMs: 6_000, stop, lastNs: 26e9, lastAtMs: 27_000 };
  const journal: JournalLookup = async () => (kept.value ? found : null);
  return { kept, journal };
};
const artifact = { bytes: 4, durationSeconds: 20, width: 1280, height: 720, format: 'mp4', videoBytes: 3 };
const request = { config: { ...config, theme: 'LIGHT' as const }, fixedLayout: true, excludeParticipants: [] };

test('composed again: handed out beside the recording, whose state it does not touch, and kept from retention', async () => {
  const { kept, journal } = keptJournal();
  const { workflow, compositions, again, roomId, works, settled, restart } = await system(journal);
  const { id } = await workflow.start({ roomId, config });
  expect(await code(again.compose(id, request))).toBe('RECORDING_NOT_ENDED');
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  const composition = await again.compose(id, request);
  await settled();
  const [own, second] = works;
  if (!own || !second) throw new Error('Both were handed out.');
  expect(second).toMatchObject({
    compositionId: composition.id,
    finished: true,
    config: { theme: 'LIGHT', width: 1280, fixedLayout: true },
  });
  // The second is finished first; then the recording's own fails, and that only is the recording's failure.
  await compositions.progressed(second.compositionId, 1, 2);
  expect((await row(id)).progress).toBeNull();
  await compositions.composed(second.compositionId, { path: `${second.artifactPath}.mp4`, ...artifact });
  expect((await row(id)).status).toBe('composing');
  await compositions.composed(own.compositionId, { path: `${own.artifactPath}.mp4`, ...artifact });
  expect((await row(id)).status).toBe('done');
  const journalDir = (await row(id)).journal_dir;
  const use = async () => (await journalUses(catalog)).find((each) => each.journalDir === journalDir);
  expect((await use())?.releasedAt).toBeInstanceOf(Date);

  const third = await again.compose(id, { ...request, fixedLayout: false });
  await settled();
  expect((await use())?.releasedAt).toBeNull();
  const next = restart();
  await next.compositions.resume();
  expect(works.at(-1)).toMatchObject({ compositionId: third.id, finished: true });
  await next.compositions.failed(third.id, 'It could not be.');
  expect((await row(id)).status).toBe('done');
  expect((await compositionsOf(catalog, id)).map(({ status }) => status)).toEqual(['done', 'done', 'failed']);
  kept.value = false;
  expect(await code(next.again.compose(id, request))).toBe('RECORDING_JOURNAL_ERASED');
});

test('composed again: refuses strangers and too many at once; deleting the recording ends and erases all', async () => {
  const { journal } = keptJournal();
  const { workflow, again, roomId, told, works, settled } = await system(journal);
  const { id, session_id: sessionId } = await workflow.start({ roomId, config });
  await openStay(catalog, {
    sessionId,
    participantId: 'ada' as never,
    name: 'Ada',
    hidden: false,
    joinedAt: new Date(),
  });
  await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
  const without = (...excludeParticipants: string[]) => again.compose(id, { ...request, excludeParticipants });
  expect(await code(without('ada', 'eve'))).toBe('PARTICIPANT_NOT_FOUND');
  for (let i = 0; i < 9; i += 1) await without('ada');
  expect(await code(without('ada'))).toBe('TOO_MANY_REQUESTS');
  await settled();
  expect(works.at(-1)?.config).toMatchObject({ excludeParticipants: ['ada'] });
  await workflow.delete(id);
  expect(told.filter((word) => word === 'cancel')).toHaveLength(10);
  expect((await compositionsOf(catalog, id)).every(({ status }) => status === 'cancelled')).toBe(true);
  expect(existsSync(join(folder, 'recordings', id))).toBe(false);
  expect(await code(without('ada'))).toBe('RECORDING_NOT_FOUND');
});

test('composed again while it is deleted: refused, or cancelled with the rest; nothing stays', async () => {
  const { journal } = keptJournal();
  const { workflow, again, roomId, settled } = await system(journal);
  const outcomes = new Set<string>();
  for (let round = 0; round < 12; round += 1) {
    const { id } = await workflow.start({ roomId, config });
    await workflow.stop({ roomId, recordingId: null, reason: 'requested' });
    const asked = Array.from({ length: 3 }, () => code(again.compose(id, request)));
    const deleted = workflow.delete(id);
    for (const outcome of await Promise.all([...asked, code(again.compose(id, request))])) outcomes.add(outcome);
    await deleted;
    await settled();
    const left = await compositionsOf(catalog, id);
    expect(left.filter(({ status }) => status !== 'cancelled')).toEqual([]);
    expect(existsSync(join(folder, 'recordings', id))).toBe(false);
  }
  expect([...outcomes].filter((outcome) => outcome !== 'no refusal' && outcome !== 'RECORDING_NOT_FOUND')).toEqual([]);
});
