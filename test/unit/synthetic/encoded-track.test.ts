import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cachedAudio, encodeAudio } from '../../../src/synthetic/encode.ts';
import { loadTrack } from '../../../src/synthetic/encoded-track.ts';

describe('encoded tracks', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tracks-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const options = { turn: { index: 0, of: 2 }, seconds: 2, dtx: false, silent: false };

  it('come out of the cache as they were encoded', async () => {
    const path = await cachedAudio(folder, options);
    expect(await cachedAudio(folder, options)).toBe(path);
    expect(await loadTrack(path)).toEqual(await encodeAudio(options));
  });

  it('tell levels: loud in the beep, silent between', async () => {
    const { frames } = await encodeAudio(options);
    expect(frames).toHaveLength(100);
    expect(frames.slice(0, 5).every(({ level }) => level < 25)).toBe(true);
    expect(frames.slice(5).every(({ level }) => level === 127)).toBe(true);
  });

  it('hardly exist in silence with discontinuous transmission', async () => {
    const { frames } = await encodeAudio({ ...options, dtx: true, silent: true });
    expect(frames.filter(({ data }) => data.length > 2).length).toBeLessThan(frames.length / 2);
  });

  it('are refused when they are something else', async () => {
    const path = join(folder, 'other');
    await writeFile(path, 'something else');
    await expect(loadTrack(path)).rejects.toThrow('is not an encoded track');
  });
});
