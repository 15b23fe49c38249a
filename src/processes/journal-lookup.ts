/** What a session's journal on disk says of a recording, for the workflow's recovery. */
import { join } from 'node:path';
import { isWhole } from '../journal/retention.ts';
import { scanJournal } from '../journal/scan.ts';
import type { JournalLookup } from '../recordings/ports.ts';

export const journalLookup =
  (journalsDir: string): JournalLookup =>
  async (sessionId, recordingId) => {
    const summary = await scanJournal(join(journalsDir, sessionId));
    const recording = summary?.recordings.find((candidate) => candidate.recordingId === recordingId);
    if (!summary || !recording) return null;
    return {
      journalDir: summary.directory,
      startedNs: recording.startedNs,
      startedAtMs: recording.startedAtMs,
      stop: recording.stop,
      layout: recording.layout,
      pauses: (recording.pauses ?? []).map(({ pausedNs, resumedNs }) => ({
        startedAtMs: summary.wallTimeOf(pausedNs),
        endedAtMs: resumedNs === null ? null : summary.wallTimeOf(resumedNs),
      })),
      isWhole: isWhole(summary.chunks, recording.startedNs, recording.stop?.stoppedNs ?? summary.lastNs),
      lastNs: summary.lastNs,
      lastAtMs: summary.lastAtMs,
    };
  };
