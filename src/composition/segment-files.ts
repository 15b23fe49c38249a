/**
 * A segment on disk: `NNNNNN.mp4` (picture), `NNNNNN.m4a` (sound), `NNNNNN.json` (what it is, and levels). All are written in a folder of
 * the writer's own and renamed when whole, the JSON last: where it lies, the segment is complete.
 */
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Levels } from '../timeline/speaker.ts';

export const segmentFacts = z.object({
  version: z.literal(1),
  index: z.number().int().min(0),
  ticks: z.number().int().min(1),
  /** Bytes of coded picture and sound. */
  videoBytes: z.number(),
  audioBytes: z.number(),
  /** By window of 100 ms that ends in this segment: dBFS of each participant's microphone; absent is silence. */
  levels: z.array(z.record(z.string(), z.number())).readonly(),
});
export type SegmentFacts = Omit<z.infer<typeof segmentFacts>, 'levels'> & { readonly levels: readonly Levels[] };

export interface SegmentPaths {
  readonly video: string;
  readonly audio: string;
  readonly facts: string;
}

export const segmentPaths = (directory: string, index: number): SegmentPaths => {
  const name = join(directory, String(index).padStart(6, '0'));
  return { video: `${name}.mp4`, audio: `${name}.m4a`, facts: `${name}.json` };
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** A file holds more than its media; one that is missing holds nothing. */
const holds = async (path: string, mediaBytes: number): Promise<boolean> => {
  if (mediaBytes === 0) return true;
  try {
    return (await stat(path)).size >= mediaBytes;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

/** What a finished segment says of itself; null if it is not there, or not whole: it is rendered again then. */
export const readFacts = async (directory: string, index: number): Promise<SegmentFacts | null> => {
  const paths = segmentPaths(directory, index);
  let text: string;
  try {
    text = await readFile(paths.facts, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  const { success, data: facts } = segmentFacts.safeParse(parseJson(text));
  if (!success || facts.index !== index) return null;
  const whole = (await holds(paths.video, facts.videoBytes)) && (await holds(paths.audio, facts.audioBytes));
  return whole ? (facts as SegmentFacts) : null;
};

/** Undefined for what is no JSON: a file that was cut off. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const syncFile = async (path: string): Promise<void> => {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Moves a whole segment from the writer's folder to where finished ones lie. */
export const publishSegment = async (scratchDir: string, segmentsDir: string, facts: SegmentFacts): Promise<void> => {
  const from = segmentPaths(scratchDir, facts.index);
  const to = segmentPaths(segmentsDir, facts.index);
  const file = await open(from.facts, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(facts));
    await file.sync();
  } finally {
    await file.close();
  }
  const media = facts.videoBytes > 0 ? (['video', 'audio'] as const) : (['audio'] as const);
  for (const kind of media) {
    await syncFile(from[kind]);
    await rename(from[kind], to[kind]);
  }
  await rename(from.facts, to.facts);
};
