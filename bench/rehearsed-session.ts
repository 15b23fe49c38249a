/** Four people in a grid who were never there: their tracks, encoded once, and the journal that they would have left. */
import type { CompositionConfig } from '../src/composition/task.ts';
import { canvasSize, type Size } from '../src/domain/layout.ts';
import { renameSealed } from '../src/journal/chunk-files.ts';
import { cachedAudio, cachedVideo } from '../src/synthetic/encode.ts';
import { type EncodedTrack, loadTrack } from '../src/synthetic/encoded-track.ts';
import { DEFAULT_CACHE } from '../src/synthetic/participant.ts';
import type { PictureOptions } from '../src/synthetic/picture.ts';
import { Rehearsal, saveJournal } from '../test/unit/composition/rehearsal.ts';

export const PEOPLE = 4;
export const CANVAS = canvasSize('med', 'landscape');
const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Жанна Агузарова', 'Nguyễn Văn Minh'];
const LAYOUT = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;
export const CONFIG: CompositionConfig = { ...CANVAS, mode: 'video-and-audio', theme: 'DEFAULT', layout: LAYOUT };

export interface Person {
  readonly video: EncodedTrack;
  readonly audio: EncodedTrack;
}

export interface Material {
  readonly content: NonNullable<PictureOptions['content']>;
  readonly size: Size;
  /** Length of the encoded material. */
  readonly seconds: number;
}

/** VP8 at 30 fps and Opus of each person; encoded if the cache has them not. */
export const rehearse = async ({ content, size, seconds }: Material): Promise<Person[]> => {
  const people: Person[] = [];
  for (let index = 0; index < PEOPLE; index++) {
    const turn = { index, of: PEOPLE };
    const name = NAMES[index] ?? '';
    const video = await cachedVideo(DEFAULT_CACHE, { codec: 'vp8', size, fps: 30, turn, name, content, seconds });
    const audio = await cachedAudio(DEFAULT_CACHE, { turn, seconds, dtx: false, silent: false });
    people.push({ video: await loadTrack(video), audio: await loadTrack(audio) });
  }
  return people;
};

/** The track again and again, as a synthetic participant sends it. */
export const repeated = (track: EncodedTrack, times: number): EncodedTrack => ({
  ...track,
  duration: track.duration * times,
  frames: Array.from({ length: times }, (_, round) =>
    track.frames.map((frame) => ({ ...frame, time: frame.time + round * track.duration })),
  ).flat(),
});

/** Writes the finished journal of a session that was recorded from beginning to end; `CONFIG` composes it. */
export const saveSession = async (people: readonly Person[], seconds: number, directory: string): Promise<void> => {
  const rehearsal = new Rehearsal();
  const toMs = 200 + seconds * 1000;
  for (const [i, { video, audio }] of people.entries()) {
    const participant = `person-${i}`;
    rehearsal.joins(participant, NAMES[i] ?? '', 100);
    rehearsal.publishes({ participant, source: 'camera', media: video, fromMs: 200, toMs });
    rehearsal.publishes({ participant, source: 'microphone', media: audio, fromMs: 200, toMs });
  }
  await saveJournal(rehearsal.recorded(220, toMs, LAYOUT).records(toMs + 500), directory);
  await renameSealed(directory, 1);
};
