import { mkdir, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSound } from '../../../src/composition/audio-encoder.ts';
import { newPicture, planesOf } from '../../../src/composition/av.ts';
import { FragmentWriter } from '../../../src/composition/fragment-writer.ts';
import { newSoundBuffer } from '../../../src/composition/placement.ts';
import { ownedFrames } from '../../../src/composition/sound-grid.ts';
import { VideoEncoder } from '../../../src/composition/video-encoder.ts';
import { packageSegments, type SegmentInput } from '../../../src/packaging/package-segments.ts';
import { picturesOf, soundOf } from '../composition/rendering.ts';

const SIZE = { width: 160, height: 96 };
/** From this tick on the picture is white, and the sound is on. */
const MARK = 131;

let folder = '';
let scratch = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roomtape-packaging-'));
  scratch = join(folder, 'scratch');
  await mkdir(scratch);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A segment: black until the mark, with enough motion for B-frames. */
const segment = async (index: number, ticks: number, size = SIZE): Promise<SegmentInput> => {
  const video = join(folder, `${index}-${size.width}.mp4`);
  const audio = join(folder, `${index}-${size.width}.m4a`);
  const encoder = await VideoEncoder.open(size, 1);
  const writer = await FragmentWriter.open(video, encoder.context, 'video');
  const frame = newPicture(size);
  const { data } = planesOf(frame);
  for (let tick = index * 128; tick < index * 128 + ticks; tick++) {
    data[0].fill(tick >= MARK ? 235 : 16);
    data[0].fill(100, (tick % 90) * 100, (tick % 90) * 100 + 900);
    await encoder.encode(frame, tick, tick === index * 128, writer);
  }
  await encoder.finish(writer);
  await writer.finish();
  encoder.close();
  frame.free();
  const owned = ownedFrames({ index, ticks });
  const sound = newSoundBuffer((owned.first - 3) * 1024, (owned.end - owned.first + 5) * 1024);
  for (let i = 0; i < sound.left.length; i++) {
    const n = sound.start + i;
    sound.left[i] = n >= MARK * 1600 ? 0.5 * Math.sin((2 * Math.PI * 3000 * n) / 48_000) : 0;
    sound.right[i] = -(sound.left[i] ?? 0);
  }
  await encodeSound(sound, owned, audio);
  return { video, audio, ticks };
};

/** Top-level boxes of an MP4. */
const boxesOf = async (path: string): Promise<string[]> => {
  const bytes = await readFile(path);
  const boxes: string[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at))
    boxes.push(bytes.toString('latin1', at + 4, at + 8));
  return boxes;
};

describe('packageSegments', () => {
  test('joins segments: index in front, equal deltas, picture and sound where they were', async () => {
    const segments = [await segment(0, 128), await segment(1, 128), await segment(2, 47)];
    const facts = await packageSegments({ segments, scratchDir: scratch, artifactPath: join(folder, 'joined') });
    expect(facts).toMatchObject({
      path: join(folder, 'joined.mp4'),
      ...SIZE,
      format: 'mp4',
      durationSeconds: 303 / 30,
    });
    expect(facts.bytes).toBe((await readFile(facts.path)).length);
    expect(facts.videoBytes).toBeGreaterThan(0);
    expect(facts.videoBytes).toBeLessThan(facts.bytes);
    expect((await boxesOf(facts.path)).slice(0, 2)).toEqual(['ftyp', 'moov']);
    const bytes = await readFile(facts.path);
    expect(bytes.includes('avc1') && bytes.includes('mp4a')).toBe(true);

    const pictures = await picturesOf(facts.path);
    expect(pictures.length).toBe(303);
    for (const [i, { seconds }] of pictures.entries()) expect(seconds).toBeCloseTo(i / 30, 9);
    expect(pictures.findIndex((picture) => (picture.y.at(-1) ?? 0) > 128)).toBe(MARK);

    const { left, right } = await soundOf(facts.path);
    expect(left.length).toBe(303 * 1600);
    // Sound and picture change in the same instant: within a millisecond, the encoder's own rise included.
    const onset = left.findIndex((value) => Math.abs(value) > 0.2);
    expect(Math.abs(onset - MARK * 1600)).toBeLessThan(48);
    for (let n = 240_000; n < 260_000; n++) expect((left[n] ?? 0) + (right[n] ?? 0)).toBeCloseTo(0, 1);
    let worst = 0;
    for (let n = MARK * 1600 + 2400; n < left.length - 1100; n++) {
      worst = Math.max(worst, Math.abs((left[n] ?? 0) - 0.5 * Math.sin((2 * Math.PI * 3000 * n) / 48_000)));
    }
    expect(worst).toBeLessThan(0.05);
  });

  test('a recording that ends with its segment keeps the last of its sound', async () => {
    const facts = await packageSegments({
      segments: [await segment(0, 128), await segment(1, 128)],
      artifactPath: join(folder, 'whole'),
      scratchDir: scratch,
    });
    const { left } = await soundOf(facts.path);
    expect(left.length).toBe(256 * 1600);
    expect(Math.max(...left.subarray(-900))).toBeGreaterThan(0.4);
  });

  test.each([1, 2, 3, 4])(
    'a last segment of %i ticks, fewer than an encoder holds back, follows as evenly as a whole one',
    async (ticks) => {
      const segments = [await segment(0, 128), await segment(1, ticks)];
      const { path } = await packageSegments({
        segments,
        scratchDir: scratch,
        artifactPath: join(folder, `tail-${ticks}`),
      });
      const pictures = await picturesOf(path);
      expect(pictures.length).toBe(128 + ticks);
      for (const [i, { seconds }] of pictures.entries()) expect(seconds).toBeCloseTo(i / 30, 9);
      expect((await soundOf(path)).left.length).toBe((128 + ticks) * 1600);
    },
  );

  test('one tick makes a file', async () => {
    const facts = await packageSegments({
      segments: [await segment(0, 1)],
      scratchDir: scratch,
      artifactPath: join(folder, 'tick'),
    });
    expect((await picturesOf(facts.path)).length).toBe(1);
    expect((await soundOf(facts.path)).left.length).toBe(1600);
  });

  test('sound alone is an M4A', async () => {
    const segments = [await segment(0, 128), await segment(1, 10)].map((input) => ({ ...input, video: null }));
    const facts = await packageSegments({ segments, scratchDir: scratch, artifactPath: join(folder, 'sound') });
    expect(facts).toMatchObject({ path: join(folder, 'sound.m4a'), width: null, height: null, videoBytes: 0 });
    expect((await readFile(facts.path)).toString('latin1', 8, 12)).toBe('M4A ');
    expect((await soundOf(facts.path)).left.length).toBe(138 * 1600);
  });

  test.each([
    ['missing', async () => ({ video: join(folder, 'none.mp4'), audio: join(folder, 'none.m4a'), ticks: 128 })],
    ['of another size', () => segment(1, 20, { width: 320, height: 192 })],
    [
      'cut off',
      async () => {
        const whole = await segment(3, 20);
        await truncate(whole.video ?? '', 100);
        return whole;
      },
    ],
  ])('a segment that is %s is refused, and nothing is left behind', async (_, second) => {
    const segments = [await segment(0, 20), await second()];
    await expect(
      packageSegments({ segments, scratchDir: scratch, artifactPath: join(folder, 'refused') }),
    ).rejects.toThrow(/segment/);
    expect((await readdir(folder)).filter((name) => name.startsWith('refused'))).toEqual([]);
    expect(await readdir(scratch)).toEqual([]);
  });
});
