import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { expect, test } from 'vitest';
import { newPicture, planesOf } from '../../../src/composition/av.ts';
import type { WatermarkConfig } from '../../../src/composition/task.ts';
import { placeOf, Watermarks } from '../../../src/composition/watermarks.ts';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { chosen, selectRecords } from '../../../src/timeline/selection.ts';
import { camera, sine, sound } from './media.ts';
import { Rehearsal } from './rehearsal.ts';
import { inFolder, meanColour, picturesOf, renderFile, soundOf } from './rendering.ts';

const CANVAS = { width: 640, height: 360 };
const mark = (changes: Partial<WatermarkConfig>): WatermarkConfig => ({
  image: null,
  text: '',
  timezone: null,
  startedAtMs: Date.UTC(2026, 0, 1, 12, 0, 0, 700),
  place: 'top-right',
  ...changes,
});

/** A mid-grey picture with some structure, and its bytes. */
const grey = () => {
  const frame = newPicture(CANVAS);
  const planes = planesOf(frame);
  for (const [i, data] of planes.data.entries())
    for (let n = 0; n < data.length; n++) data[n] = 90 + ((n * (i + 3)) % 50);
  const bytes = () => Buffer.concat(planes.data.map((data) => Buffer.from(data)));
  return { frame, planes, bytes };
};

const redPng = (width: number, height: number): Buffer => {
  const canvas = createCanvas(width, height);
  const g = canvas.getContext('2d');
  g.fillStyle = '#ff0000';
  g.fillRect(0, 0, width, height);
  return canvas.toBuffer('image/png');
};

test('what is laid on a picture is lifted off again, to the byte, also where watermarks overlap', () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, 'logo'), redPng(300, 200));
    const configs = [
      mark({ image: join(folder, 'logo'), text: 'Confidential' }),
      mark({ text: 'Over it' }),
      mark({ text: 'W'.repeat(500), place: 'center' }),
    ];
    const watermarks = await Watermarks.open(configs, CANVAS);
    const { frame, planes, bytes } = grey();
    const before = bytes();
    for (const tick of [0, 1, 200]) {
      watermarks.lay(planes, tick);
      expect(bytes().equals(before)).toBe(false);
      watermarks.lift(planes);
      expect(bytes().equals(before)).toBe(true);
    }
    frame.free();
  }));

test('a clock shows another second when it is another second, and nothing else changes', async () => {
  const { frame, planes, bytes } = grey();
  const pictures = async (config: WatermarkConfig): Promise<Buffer[]> => {
    const watermarks = await Watermarks.open([config], CANVAS);
    return [0, 8, 9, 38, 39].map((tick) => {
      watermarks.lay(planes, tick);
      const picture = bytes();
      watermarks.lift(planes);
      return picture;
    });
  };
  // It begins 0.7 s into a second: the next one begins with tick 9.
  const [first, same, next, still, third] = await pictures(mark({ timezone: 'Asia/Kolkata' }));
  expect(first?.equals(same ?? Buffer.alloc(0))).toBe(true);
  expect(first?.equals(next ?? Buffer.alloc(0))).toBe(false);
  expect(next?.equals(still ?? Buffer.alloc(0))).toBe(true);
  expect(next?.equals(third ?? Buffer.alloc(0))).toBe(false);
  const [plain, later] = await pictures(mark({ text: 'plain' }));
  expect(plain?.equals(later ?? Buffer.alloc(0))).toBe(true);
  frame.free();
});

test('an image that cannot be drawn costs no recording', () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, 'logo'), redPng(30, 20).subarray(0, 60));
    const watermarks = await Watermarks.open([mark({ image: join(folder, 'logo'), text: 'Text' })], CANVAS);
    const { frame, planes, bytes } = grey();
    const before = bytes();
    watermarks.lay(planes, 0);
    expect(bytes().equals(before)).toBe(false);
    frame.free();
  }));

test('places are even, inside, and where they are called', () => {
  const size = { width: 100, height: 40 };
  expect(placeOf('top-left', size, CANVAS)).toEqual({ x: 12, y: 12, ...size });
  expect(placeOf('bottom-right', size, CANVAS)).toEqual({ x: 528, y: 308, ...size });
  expect(placeOf('center', size, CANVAS)).toEqual({ x: 270, y: 160, ...size });
  expect(placeOf('top-right', { width: 640, height: 360 }, CANVAS)).toMatchObject({ x: 0, y: 0 });
});

test('a composite of one, with a logo: the other is neither seen nor heard, and the logo stands from the first to the last picture', () =>
  inFolder(async (folder) => {
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
    const toMs = 7000;
    for (const [who, index, hz] of [
      ['ada', 0, 440],
      ['bob', 1, 1000],
    ] as const) {
      rehearsal.publishes({
        participant: who,
        source: 'camera',
        media: await camera('vp8', index, 7),
        fromMs: 200,
        toMs,
      });
      rehearsal.publishes({
        participant: who,
        source: 'microphone',
        media: await sound(7, sine(hz, 0.3)),
        fromMs: 200,
        toMs,
      });
    }
    await mkdir(join(folder, 'recording'));
    const image = join(folder, 'recording', 'watermark-0');
    await writeFile(image, redPng(100, 100));
    const participants = [{ participantId: 'ada' as ParticipantId, sources: ['camera', 'microphone'] as const }];
    const filter = selectRecords(chosen(participants));
    const records = rehearsal
      .recorded(1000, 6500)
      .records(7000)
      .flatMap((record) => filter(record) ?? []);
    const facts = await renderFile(records, folder, { participants, watermarks: [mark({ image })] });
    const pictures = await picturesOf(facts.path);
    expect(pictures).toHaveLength(165);
    const logo = { x: 590, y: 16, width: 30, height: 30 };
    for (const picture of pictures) expect(meanColour(picture, logo).v).toBeGreaterThan(200);
    // One tile, in the middle: whoever is alone is large.
    const edge = meanColour(pictures[60] as (typeof pictures)[number], { x: 40, y: 150, width: 20, height: 20 });
    expect(edge.y).toBeGreaterThan(25);
    const { left } = await soundOf(facts.path);
    const power = (hz: number): number => {
      let [re, im] = [0, 0];
      for (let i = 48_000; i < 96_000; i++) {
        re += (left[i] ?? 0) * Math.cos((2 * Math.PI * hz * i) / 48_000);
        im += (left[i] ?? 0) * Math.sin((2 * Math.PI * hz * i) / 48_000);
      }
      return (2 * Math.hypot(re, im)) / 48_000;
    };
    expect(power(440)).toBeGreaterThan(0.25);
    expect(power(1000)).toBeLessThan(0.005);
  }));

test('the newest text of a topic stands in the place of its own text', async () => {
  const watermarks = await Watermarks.open([mark({ topic: 'ticker', text: 'Soon' })], CANVAS);
  const { frame, planes, bytes } = grey();
  const shown = (said: ReadonlyMap<string, string>): string => {
    watermarks.lay(planes, 0, said);
    const seen = bytes().toString('base64');
    watermarks.lift(planes);
    return seen;
  };
  const first = shown(new Map());
  const told = shown(new Map([['ticker', 'Now, in more words']]));
  expect(told).not.toBe(first);
  expect(shown(new Map([['other', 'Not this']]))).toBe(first);
  expect(shown(new Map([['ticker', 'Now, in more words']]))).toBe(told);
  frame.free();
});
