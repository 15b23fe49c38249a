/** A disk that takes nothing for longer than the memory in front of it lasts: what that costs is counted, and everybody is told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../../src/support/scope.ts';
import { Crowd } from '../../support/crowd.ts';
import { diskImagesMissing } from '../../support/disk-image.ts';
import { fetchFile } from '../../support/fetch-file.ts';
import { framesOf } from '../../support/frames-of.ts';
import { journalOf } from '../../support/journal-facts.ts';
import { Service } from '../../support/service.ts';
import { waitFor } from '../../support/wait-for.ts';

const STALL_S = 4;
/** A second or two of four people. */
const BUFFER = '768KiB';
const PEOPLE = 4;

describe.skipIf(diskImagesMissing() !== null)('a disk that stalls for longer than memory lasts', () => {
  let service: Service;
  let scope: Scope;
  beforeAll(async () => {
    scope = new Scope();
    service = await Service.start(
      { ROOMTAPE_JOURNAL_BUFFER: BUFFER, ROOMTAPE_MIN_FREE_DISK: '64MiB' },
      { over: 'journals', mebibytes: 256 },
    );
  });
  afterAll(async () => {
    await scope.close();
    await service.close();
  });

  it('costs packets that the recording, the journal, the metrics and the log agree on, and nothing else', async () => {
    const roomId = await service.api.createRoom();
    const crowd = scope.own('crowd', new Crowd(), (own) => own.close());
    await crowd.join(service, roomId, PEOPLE, { size: { width: 640, height: 360 }, content: 'camera' });
    await waitFor('everybody to be heard and seen', 20_000, async () => {
      return (await service.metrics()).get('media_rooms_tracks') === 2 * PEOPLE;
    });
    const id = await service.api.startRecording(roomId, { quality: 'low' });
    await service.disk.freeze(STALL_S);
    const taken = (metrics: ReadonlyMap<string, number>) => metrics.get('media_journal_packets_total') ?? 0;
    const atThaw = taken(await service.metrics());
    await waitFor('packets to be taken again', 10_000, async () => taken(await service.metrics()) > atThaw + 300);
    const metrics = await service.metrics();
    await service.api.endRecording(roomId);
    const { lost } = await crowd.count();
    await crowd.leave();
    expect(lost).toEqual([]);

    const dropped = metrics.get('media_journal_dropped_packets_total') ?? 0;
    const bytes = metrics.get('media_journal_dropped_bytes_total') ?? 0;
    expect(dropped).toBeGreaterThan(0);
    expect(metrics.get('media_journal_stalls_total')).toBe(1);
    expect(metrics.get('media_journal_stalled')).toBe(0);
    expect(metrics.get('media_journal_buffer_limit_bytes')).toBe(768 * 1024);
    const log = await service.log();
    expect(log).toContain('The disk takes nothing; what is recorded is kept in memory.');
    expect(log).toContain('Packets are missing in the journal.');

    const recording = await service.api.finished(id);
    const { events, streams, spans, problems } = await journalOf(service.journals, id);
    expect(problems).toEqual([]);
    expect(events.flatMap(({ event }) => (event.type === 'dropped' ? [event] : []))).toMatchObject([
      { records: dropped, bytes, reason: expect.stringMatching(/disk did not keep up/) },
    ]);
    // Behind the gap the numbers go on where the snapshot says: nothing else is missing.
    expect(streams.map(({ missing }) => missing)).toEqual(streams.map(() => 0));
    // The recording tells it, too.
    expect(recording.incidents).toMatchObject([
      { type: 'packets-dropped', message: expect.stringContaining(`${dropped} packets (${bytes} bytes) are missing`) },
    ]);
    const { frames, even } = await framesOf(await fetchFile(service, recording));
    expect({ frames, even }).toEqual({ frames: Math.round(spans.secondsAt(Number.MAX_SAFE_INTEGER) * 30), even: true });
  });
});
