/** A whole composition in this process: from a finished journal to a finished file. For tests, benchmarks and the command line. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Composer } from '../composition/composer.ts';
import { segmentPaths } from '../composition/segment-files.ts';
import type { CompositionConfig } from '../composition/task.ts';
import type { RecordingId } from '../domain/ids.ts';
import type { Incident } from '../domain/incidents.ts';
import type { ArtifactFacts } from '../packaging/facts.ts';
import { packageSegments, type SegmentInput } from '../packaging/package-segments.ts';
import { chosen, selectRecords } from '../timeline/selection.ts';
import { openJournalFeed } from './journal-feed.ts';

export interface ComposeJournalOptions {
  readonly journalDir: string;
  readonly recordingId: RecordingId;
  readonly config: CompositionConfig;
  /** Folder for segments; kept. Segments that lie there finished are taken as they are. */
  readonly workDir: string;
  /** Absolute path of the file without its extension. */
  readonly artifactPath: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** What befell the recording, as the journal shows it. */
  readonly onIncident?: (incident: Incident) => void;
  readonly onSegment?: (index: number, ticks: number) => void;
}

/** Input of the packager for a finished segment. */
export const segmentInput = (
  segmentsDir: string,
  index: number,
  ticks: number,
  mode: CompositionConfig['mode'],
): SegmentInput => {
  const paths = segmentPaths(segmentsDir, index);
  return { video: mode === 'audio' ? null : paths.video, audio: paths.audio, ticks };
};

/** Composes and packages. Rejects with `NothingToComposeError` if the journal knows no such recording. */
export const composeJournal = async (options: ComposeJournalOptions): Promise<ArtifactFacts> => {
  const segmentsDir = `${options.workDir}/segments`;
  const scratchDir = `${options.workDir}/scratch`;
  await mkdir(segmentsDir, { recursive: true, mode: 0o700 });
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  const feed = await openJournalFeed({
    journalDir: options.journalDir,
    recordingId: options.recordingId,
    follow: false,
    ...(options.onIncident ? { onIncident: options.onIncident } : {}),
    ...(options.config.participants && { filter: selectRecords(chosen(options.config.participants)) }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const composer = new Composer({
    feed,
    recordingId: options.recordingId,
    config: options.config,
    segmentsDir,
    scratchDir,
    threads: options.threads ?? Math.min(4, availableParallelism()),
  });
  try {
    const segments: SegmentInput[] = [];
    for (let ticks = await composer.render(0); ticks !== null; ticks = await composer.render(segments.length)) {
      options.onSegment?.(segments.length, ticks);
      segments.push(segmentInput(segmentsDir, segments.length, ticks, options.config.mode));
    }
    const { artifactPath, config } = options;
    return await packageSegments({ segments, artifactPath, scratchDir, fileFormat: config.fileFormat ?? 'mp4' });
  } finally {
    composer.close();
    await feed.close();
  }
};
