/** Recordings as WebM: VP9 and Opus, joined from segments of their own. Opus' frames do not divide a segment: a seam must not be heard. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { gridRects } from '../../../src/domain/grid.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { identityYuv } from '../../../src/synthetic/identity.ts';
import { camera, sine, sound } from './media.ts';
import { DELAY_MS, Rehearsal } from './rehearsal.ts';
import { CONFIG, inFolder, meanColour, picturesOf, renderFile, type SeenPicture, soundOf } from './rendering.ts';

const WEBM = { fileFormat: 'webm' } as const;
const START_MS = 1000;
/** Three segments: 282 ticks. */
const END_MS = 10_400;

const toneSession = async (sample: (n: number) => number): Promise<JournalRecord[]> => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
  const times = { fromMs: 200, toMs: 11_000 };
  for (const [i, participant] of ['ada', 'bob'].entries()) {
    rehearsal.publishes({ ...times, participant, source: 'camera', media: await camera('vp8', i, 11) });
  }
  rehearsal.publishes({ ...times, participant: 'ada', source: 'microphone', media: await sound(11, sample) });
  rehearsal.leaves('bob', 6000);
  return rehearsal.recorded(START_MS, END_MS).records(11_000);
};

const SEGMENT = '18538067';
const [INFO, TRACKS, CUES, CLUSTER] = ['1549a966', '1654ae6b', '1c53bb6b', '1f43b675'];
const DISCARD_PADDING = Buffer.from('75a2', 'hex');

/** An EBML number (RFC 8794 §4), and the bytes that it takes. */
const numberAt = (bytes: Buffer, at: number): { value: number; length: number } => {
  const length = Math.clz32(bytes[at] ?? 0) - 23;
  let value = (bytes[at] ?? 0) & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return { value, length };
};

/** Ids of what the file's segment holds, in order. */
const elementsOf = (bytes: Buffer): string[] => {
  const ids: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const idLength = numberAt(bytes, at).length;
    const id = bytes.toString('hex', at, at + idLength);
    const size = numberAt(bytes, at + idLength);
    at += idLength + size.length;
    if (id !== SEGMENT) {
      ids.push(id);
      at += size.value;
    }
  }
  return ids;
};

/** What is left of a tone that repeats itself every 1200 samples (440 Hz: eleven cycles). */
const roughest = (samples: Float32Array): number => {
  let most = 0;
  for (let n = 4800; n < samples.length - 3000; n++) {
    most = Math.max(most, Math.abs((samples[n] ?? 0) - (samples[n + 1200] ?? 0)));
  }
  return most;
};

describe('WebM', () => {
  test(
    'is whole, seekable, at a constant rate, and joined without a click',
    () =>
      inFolder(async (folder) => {
        const facts = await renderFile(await toneSession(sine(440, 0.3)), folder, WEBM);
        expect(facts).toMatchObject({ format: 'webm', width: 640, height: 360, durationSeconds: 9.4 });
        const bytes = await readFile(facts.path);
        expect(bytes.length).toBe(facts.bytes);
        expect(bytes.subarray(0, 64).includes('webm')).toBe(true);
        for (const codec of ['V_VP9', 'A_OPUS']) expect(bytes.includes(codec)).toBe(true);
        const elements = elementsOf(bytes);
        expect(elements.filter((id) => [INFO, TRACKS, CUES].includes(id))).toHaveLength(3);
        expect(elements.indexOf(CUES)).toBeLessThan(elements.indexOf(CLUSTER));

        const pictures = await picturesOf(facts.path);
        expect(pictures.length).toBe(282);
        // WebM counts milliseconds.
        for (const [i, { seconds }] of pictures.entries()) expect(Math.abs(seconds - i / 30)).toBeLessThan(0.001);
        for (const tick of [0, 128, 256]) expect(pictures[tick]?.keyframe).toBe(true);
        // Bob leaves at 5 s of the recording: where tiles move there is a keyframe.
        expect(pictures.slice(145, 156).some(({ keyframe }) => keyframe)).toBe(true);
        const [left] = gridRects(2, CONFIG) as [Rect, Rect];
        const part = { x: left.x + left.width * 0.03, y: left.y + left.height * 0.4, width: left.width * 0.15 };
        for (const tick of [5, 127, 128, 140]) {
          const seen = meanColour(pictures[tick] as SeenPicture, { ...part, height: left.height * 0.15 });
          const { u, v } = identityYuv(0);
          expect(Math.hypot(seen.u - u, seen.v - v)).toBeLessThan(24);
        }

        const { left: heard } = await soundOf(facts.path);
        expect(roughest(heard)).toBeLessThan(0.02);
        expect(Math.max(...heard.subarray(440_000, 448_000))).toBeGreaterThan(0.28);
      }),
    60_000,
  );

  test(
    'sound is where it was, and ends with the picture',
    () =>
      inFolder(async (folder) => {
        // Silence, then a tone from 6 s of the track's time on.
        const records = await toneSession((n) => (n >= 288_000 ? sine(1000, 0.5)(n) : 0));
        const facts = await renderFile(records, folder, { ...WEBM, mode: 'audio' });
        expect(facts).toMatchObject({ format: 'webm', width: null, height: null, videoBytes: 0, durationSeconds: 9.4 });
        expect((await readFile(facts.path)).includes(DISCARD_PADDING)).toBe(true);
        const { left } = await soundOf(facts.path);
        expect(Math.abs(left.length - 9.4 * 48_000)).toBeLessThanOrEqual(48);
        const onset = left.findIndex((value) => Math.abs(value) > 0.1);
        const expected = ((200 + 6000 + DELAY_MS - START_MS) / 1000) * 48_000;
        expect(Math.abs(onset - expected)).toBeLessThan(0.002 * 48_000);
      }),
    60_000,
  );

  test('one tick makes a file', () =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
      const facts = await renderFile(rehearsal.recorded(1000, 1034).records(2000), folder, WEBM);
      expect((await picturesOf(facts.path)).length).toBe(1);
    }));
});
