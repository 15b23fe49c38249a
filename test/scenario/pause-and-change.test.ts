import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gridRects } from '../../src/domain/grid.ts';
import type { Expectation, ExpectedScene } from '../support/oracle/expectation.ts';
import { judge } from '../support/oracle/verdict.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * One recording that is paused, goes on, gets another layout, and is composed again without one of its people. Flashes, beeps and the
 * numbers in the pictures tell across the cut whether picture and sound are where they belong.
 */
let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.close());

interface Composition {
  readonly status: string;
  readonly file: { readonly fileUrl: string } | null;
}

/** The same sitting without one participant, in a grid all the time. */
const without = (expected: Expectation, index: number): Expectation => ({
  ...expected,
  scenes: expected.scenes.map((scene): ExpectedScene => {
    const left = scene.tiles.filter(({ participant }) => participant !== index);
    const rects = gridRects(left.length, expected);
    return { ...scene, tiles: left.flatMap((tile, i) => (rects[i] ? [{ ...tile, rect: rects[i] }] : [])) };
  }),
  participants: expected.participants.map((who) =>
    who.index === index ? { ...who, flashes: [], beeps: [], audible: [] } : who,
  ),
});

it('is one file with a clean cut; the layout changes when it is told; and again without somebody', async () => {
  const sitting = await Sitting.open(service, 3);
  const size = { width: 640, height: 360 };
  const [ada, bob] = [await sitting.join({ size }), await sitting.join({ size, via: 'whip' })];
  sitting.grid([ada, bob], { fresh: true });
  const recordingId = await sitting.startRecording();
  await sitting.until(6);
  await sitting.pauseRecording();
  const { api } = service;
  expect(await api.recording(recordingId)).toMatchObject({ status: 'paused', pauses: [{ end: null }] });
  expect((await api.call('POST', `/v2/recordings/${recordingId}/pause`)).status).toBe(409);
  const cyd = await sitting.join({ size });
  await sitting.until(sitting.elapsed + 2);
  await sitting.resumeRecording();
  sitting.grid([ada, bob, cyd], { fresh: true });
  await sitting.until(sitting.elapsed + 6);
  await sitting.changeLayout({ gridSize: 1 });
  sitting.grid([ada]);
  await sitting.until(sitting.elapsed + 4);
  await sitting.endRecording();
  const { failures, text, finished, journal, report } = await sitting.judged();
  expect(failures, text).toEqual([]);
  expect(journal.writtenInPauses).toBe(0);
  expect(
    journal.streams.map(({ missing }) => missing),
    text,
  ).toEqual(Array(6).fill(0));
  expect(finished.recording).toMatchObject({
    config: { layout: { gridSize: 1 } },
    pauses: [{ start: expect.any(String), end: expect.any(String) }],
  });
  expect(report.file.video?.duration).toBeGreaterThan(14);
  expect(report.file.video?.duration).toBeLessThan(17);
  // Behind the cut there were flashes and beeps to be judged.
  for (const { flashes, beeps } of report.participants.slice(0, 1)) {
    expect(flashes.expected).toBeGreaterThanOrEqual(3);
    expect(beeps.expected).toBeGreaterThanOrEqual(3);
  }

  const leftOut = journal.people.find(({ name }) => name === `Participant ${bob.index}`)?.participantId;
  const config = { theme: 'LIGHT', layout: { gridSize: 4 }, excludeParticipants: [leftOut] };
  const asked = await api.call('POST', `/v2/recordings/${recordingId}/compositions`, { config });
  expect(asked.status).toBe(200);
  const { id } = (await asked.json()) as { id: string };
  const done = await waitFor('the composition to be done', 120_000, async () => {
    const listed = await api.call('GET', `/v2/recordings/${recordingId}`);
    const { compositions } = (await listed.json()) as { compositions: (Composition & { id: string })[] };
    const composition = compositions.find((each) => each.id === id);
    return composition?.status === 'done' ? composition : null;
  });
  const path = join(service.folder, `${id}.mp4`);
  const answer = await fetch(done.file?.fileUrl ?? '');
  await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  const scenes = finished.expectation.scenes.map((scene) =>
    scene.tiles.length === 1
      ? { ...scene, tiles: finished.expectation.scenes.find(({ tiles }) => tiles.length === 3)?.tiles ?? [] }
      : scene,
  );
  const again = await judge(path, without({ ...finished.expectation, scenes }, bob.index));
  expect(again.failures).toEqual([]);
  await sitting.leave();
});

it('keeps what was recorded before a pause in which the session ends, or the media process dies', async () => {
  for (const end of ['session', 'crash'] as const) {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({});
    sitting.grid([ada], { fresh: true });
    await sitting.startRecording();
    await sitting.until(5);
    await sitting.pauseRecording();
    await sitting.until(sitting.elapsed + 2);
    const media = await service.pidOf('media');
    if (end === 'session') await sitting.leave();
    else if (media !== null) process.kill(media, 'SIGKILL');
    const { failures, text, finished } = await sitting.judged();
    const reason = end === 'crash' ? 'media-process-lost' : 'session-ended';
    expect(finished.recording).toMatchObject({ stopReason: reason, pauses: [{ end: expect.any(String) }] });
    expect(failures, text).toEqual([]);
    expect(finished.recording.file?.meta.duration).toBeLessThan(6.5);
    if (end === 'crash') await waitFor('a media process', 20_000, async () => (await service.pidOf('media')) !== media);
  }
});
