/** A disk that fills up while people are recorded, and has room again later. All of the data folder lies on it, the database, too. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskImagesMissing } from '../../support/disk-image.ts';
import { fetchFile } from '../../support/fetch-file.ts';
import { framesOf } from '../../support/frames-of.ts';
import { Service } from '../../support/service.ts';
import { Sitting } from '../../support/sitting.ts';
import { waitFor } from '../../support/wait-for.ts';

const DISK_MIB = 512;
/** Recordings start above it, end below half of it, and are composed down to an eighth. */
const LEAST_MIB = 128;
const BELOW_HALF_MIB = 40;
const BELOW_AN_EIGHTH_MIB = 8;

describe.skipIf(diskImagesMissing() !== null)('a disk that fills up', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({ ROOMTAPE_MIN_FREE_DISK: `${LEAST_MIB}MiB` }, { over: '', mebibytes: DISK_MIB });
  });
  afterAll(() => service.close());

  const floor = async (): Promise<number | undefined> => (await service.metrics()).get('disk_floor');

  it('ends recordings in order with what they have, and takes new ones when it has room again', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ via: 'whip' });
    const bob = await sitting.join({ via: 'whip' });
    sitting.grid([ada, bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(3);
    await service.disk.leave(BELOW_HALF_MIB);
    const id = sitting.recordingId;
    const ended = await service.api.status(id, ['composing', 'done'], 20_000);
    expect(ended.stopReason).toBe('disk-full');

    // Everybody is told, and nobody is served worse than he must be.
    const refused = await service.api.call('POST', '/v2/recordings/start', { roomId: sitting.roomId });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([507, '60']);
    expect(await refused.json()).toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringMatching(/^\d+ MiB are free; no recording starts below 128 MiB .* make room/),
    });
    expect((await fetch(new URL('/health', service.url))).status).toBe(503);
    // The media process sees it first, and ends recordings without asking.
    await waitFor('the server to see it, too', 10_000, async () => (await floor()) === 2);
    expect((await service.metrics()).get('starts_refused_total')).toBe(1);

    // What is left of the room is for composing it.
    const { failures, text, journal } = await sitting.judged(60_000);
    expect(failures, text).toEqual([]);
    expect(journal.streams.map(({ missing }) => missing)).toEqual([0, 0, 0, 0]);
    expect([ada.lost, bob.lost]).toEqual([null, null]);

    // With next to no room compositions wait, for as long as it takes.
    await service.disk.leave(BELOW_AN_EIGHTH_MIB);
    await waitFor('the server to see it', 10_000, async () => (await floor()) === 3);
    const asked = await service.api.call('POST', `/v2/recordings/${id}/compositions`, { config: { theme: 'LIGHT' } });
    expect(asked.status).toBe(200);
    await waitFor('it to be taken up', 10_000, async () => (await service.metrics()).get('compositions') === 1);
    expect((await service.metrics()).get('compositor_processes')).toBe(0);

    // Room again: what waited goes on by itself, and recordings start.
    await service.disk.leave(DISK_MIB);
    await waitFor('it to be composed', 60_000, async () => (await service.metrics()).get('compositions') === 0);
    await waitFor('the server to be healthy', 10_000, async () => (await fetch(new URL('/health', service.url))).ok);
    expect(await floor()).toBe(0);
    const next = await service.api.startRecording(sitting.roomId);
    await waitFor('a second of it', 10_000, async () => {
      const { start } = await service.api.recording(next);
      return start !== null && start !== undefined && Date.now() - Date.parse(start) > 1000;
    });
    await service.api.endRecording(sitting.roomId);
    expect(await framesOf(await fetchFile(service, await service.api.finished(next)))).toMatchObject({ even: true });
    await sitting.leave();
    const log = await service.log();
    expect(log).toContain('recordings that run are ended');
    expect(log).toContain('compositions wait for it');
    expect(log).toContain('There is room on the disk again');
  });
});

/** No floor, and no mercy: journals, segments and the database meet a disk without a byte. */
describe.skipIf(diskImagesMissing() !== null)('a disk that is full to the last byte', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({ ROOMTAPE_MIN_FREE_DISK: '0' }, { over: '', mebibytes: DISK_MIB });
  });
  afterAll(() => service.close());

  it('ends the recording with what was written; its file is made when there is room', async () => {
    const sitting = await Sitting.open(service, 1);
    const ada = await sitting.join({ via: 'whip' });
    sitting.grid([ada], { fresh: true });
    await sitting.startRecording();
    await sitting.until(3);
    await service.disk.fill();
    await waitFor('the journal to say so', 30_000, async () => {
      return (await service.metrics()).get('media_rooms_recordings') === 0;
    });
    expect(ada.lost).toBeNull();
    await service.disk.leave(DISK_MIB);
    const ended = await service.api.status(sitting.recordingId, ['composing', 'done'], 30_000);
    expect(ended.stopReason).toBe('disk-full');
    const { failures, text } = await sitting.judged();
    expect(failures, text).toEqual([]);
    await service.api.startRecording(sitting.roomId);
    await service.api.endRecording(sitting.roomId);
    await sitting.leave();
  });
});
