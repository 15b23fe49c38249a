import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RecordingId } from '../../../src/domain/ids.ts';
import { openChunkPath } from '../../../src/journal/chunk-files.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { openJournalFeed } from '../../../src/processes/journal-feed.ts';
import type { Timeline } from '../../../src/timeline/timeline.ts';
import { sine, sound } from './media.ts';
import { chunkOf, RECORDING, Rehearsal, snapshotAfterGap } from './rehearsal.ts';
import { inFolder } from './rendering.ts';

const S = 1e9;

/** Everything that a recording's feed gives, read to its end. */
const heard = async (journalDir: string, recordingId: RecordingId) => {
  const feed = await openJournalFeed({ journalDir, recordingId, follow: false });
  while (await feed.advance());
  await feed.close();
  const timeline = feed.timeline as Timeline;
  timeline.finish();
  const streams = [...timeline.streams()].map(({ stream }) => timeline.audioPackets(stream, 0, 20 * S));
  return { events: timeline.events, streams, arrivalNs: timeline.arrivalNs };
};

test('a recording is read to the first gap behind its stop: the session goes on, what belongs to it does not change', () =>
  inFolder(async (folder) => {
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
    rehearsal.publishes({
      participant: 'ada',
      source: 'microphone',
      media: await sound(9, sine(440, 0.3)),
      fromMs: 200,
      toMs: 9000,
    });
    const next = 'dddddddddddddddddddddddd' as RecordingId;
    const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
    rehearsal.recorded(1000, 3000);
    rehearsal.event(6000, { type: 'recording-started', recording: { recordingId: next, startedNs: 6 * S, layout } });
    rehearsal.event(8000, { type: 'recording-stopped', recordingId: next, stoppedNs: 8 * S, reason: 'requested' });
    const all = rehearsal.records(9000);
    // Nothing that Ada sends is dated before the journal is closed.
    const before = all.filter(({ type, arrivalNs }) => arrivalNs < 3.7 * S && type !== 'sender-report');
    const after: JournalRecord[] = [
      snapshotAfterGap(all, 5.9 * S),
      ...all.filter(({ arrivalNs }) => arrivalNs > 5.9 * S),
    ];

    const live = join(folder, 'live');
    const later = join(folder, 'later');
    for (const directory of [live, later]) {
      await mkdir(directory);
      await writeFile(openChunkPath(directory, 1), chunkOf(before, 1));
    }
    await writeFile(openChunkPath(later, 2), chunkOf(after, 2));
    const first = await heard(later, RECORDING);
    expect(first).toEqual(await heard(live, RECORDING));
    expect(first.arrivalNs).toBeLessThan(3.7 * S);
    expect(first.streams.flat().length).toBeGreaterThan(100);
    // The other one reads on behind the gap, from the chunk before it.
    expect((await heard(later, next)).arrivalNs).toBeGreaterThan(8 * S);
  }));
