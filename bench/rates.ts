/**
 * What rate control is chosen by: bytes, CPU and likeness (SSIM against what went into the encoder) of one segment at every quality,
 * for four cameras in a grid and for a page of 12-pixel text that scrolls, around the setting in use. Slow, and of use only to whoever
 * chooses settings: it runs when it is named.
 */
import { execFile } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newPicture, type Planes, planesOf } from '../src/composition/av.ts';
import { VideoDecoder } from '../src/composition/decoder.ts';
import { FragmentWriter } from '../src/composition/fragment-writer.ts';
import { type RateControl, rateOf } from '../src/composition/rate-control.ts';
import { containRect, TileScaler } from '../src/composition/scale.ts';
import { VideoEncoder } from '../src/composition/video-encoder.ts';
import { gridRects } from '../src/domain/grid.ts';
import { canvasSize, type Quality, type Size } from '../src/domain/layout.ts';
import { FRAME_RATE, SEGMENT_TICKS } from '../src/domain/media-time.ts';
import { shareRects } from '../src/domain/stage.ts';
import { TextPage } from '../src/synthetic/text-page.ts';
import { PEOPLE, rehearse } from './rehearsed-session.ts';
import { type BenchOptions, type Row, temporaryFolder } from './row.ts';

const QUICK_TICKS = 16;
/** Cameras in the layer that fills a quarter of the canvas. */
const LAYERS: Record<Quality, Size> = {
  low: { width: 480, height: 270 },
  med: { width: 640, height: 360 },
  high: { width: 960, height: 540 },
  ultra: { width: 1920, height: 1080 },
};
const SCREEN = { width: 1920, height: 1080 };
const FONT_PIXELS = 12;
const WHITE = 235;

/** Draws the picture of a tick on the canvas. */
type Draw = (tick: number, planes: Planes) => Promise<void>;

/** Four cameras as they come out of their decoders, in their tiles. */
const cameras = async (quality: Quality, size: Size): Promise<Draw> => {
  const seconds = Math.ceil(SEGMENT_TICKS / FRAME_RATE);
  const people = await rehearse({ content: 'camera', size: LAYERS[quality], seconds });
  const rects = gridRects(PEOPLE, size);
  const lanes = await Promise.all(
    people.map(async () => ({ decoder: await VideoDecoder.open('vp8'), scaler: new TileScaler() })),
  );
  return async (tick, planes) => {
    for (const [i, { decoder, scaler }] of lanes.entries()) {
      const frame = people[i]?.video.frames[tick];
      const rect = rects[i];
      if (!frame || !rect) throw new Error(`Camera ${i} has no picture for tick ${tick}.`);
      await decoder.decode({
        stream: i,
        timeNs: 0,
        data: frame.data,
        keyframe: frame.keyframe,
        decodable: true,
        size: null,
      });
      if (decoder.picture) await scaler.draw(decoder.picture, planes, rect, 'cover');
    }
  };
};

/** Stands for 1.3 s, scrolls for a second, stands. */
const scrollAt = (tick: number): number => 12 * Math.max(0, Math.min(30, tick - 40));

/** A page of text on the stage, alone. */
const page = async (_: Quality, size: Size): Promise<Draw> => {
  const text = new TextPage({ size: SCREEN, fontPixels: FONT_PIXELS });
  const picture = newPicture(SCREEN);
  const { data, strides } = planesOf(picture);
  const scaler = new TileScaler();
  const stage = shareRects(0, size, 1).stage[0];
  if (!stage) throw new Error('A share has no stage.');
  return async (tick, planes) => {
    text.draw(scrollAt(tick), { data, linesize: strides });
    await scaler.draw(picture, planes, containRect(SCREEN, stage), 'contain', { matrix: 'bt601', range: 'limited' });
  };
};

const CONTENTS = { cameras, 'page of text': page };

/** What goes into the encoder, tick by tick, as a raw file. */
const writeReference = async (path: string, size: Size, ticks: number, draw: Draw): Promise<void> => {
  const frame = newPicture(size);
  const planes = planesOf(frame);
  for (const [plane, data] of planes.data.entries()) data.fill(plane === 0 ? WHITE / 6 : 128);
  const file = await open(path, 'w');
  try {
    for (let tick = 0; tick < ticks; tick++) {
      await draw(tick, planes);
      for (const [plane, data] of planes.data.entries()) {
        const shift = plane === 0 ? 0 : 1;
        const [stride = 0, width] = [planes.strides[plane], size.width >> shift];
        const rows = Array.from({ length: size.height >> shift }, (_, row) =>
          data.subarray(row * stride, row * stride + width),
        );
        await file.write(Buffer.concat(rows));
      }
    }
  } finally {
    await file.close();
    frame.free();
  }
};

const readPicture = async (file: FileHandle, planes: Planes): Promise<void> => {
  for (const [plane, data] of planes.data.entries()) {
    const shift = plane === 0 ? 0 : 1;
    const [stride = 0, width] = [planes.strides[plane], planes.width >> shift];
    const rows = Buffer.alloc(width * (planes.height >> shift));
    await file.read(rows, 0, rows.length);
    for (let row = 0; row < planes.height >> shift; row++)
      rows.copy(data, row * stride, row * width, (row + 1) * width);
  }
};

interface Setting {
  readonly name: string;
  readonly rate: RateControl;
}

interface Encoded {
  readonly bytes: number;
  readonly cpuSeconds: number;
}

const encode = async (
  reference: string,
  path: string,
  size: Size,
  ticks: number,
  rate: RateControl,
): Promise<Encoded> => {
  const encoder = await VideoEncoder.open(size, 2, rate);
  const writer = await FragmentWriter.open(path, encoder.context, 'video');
  const frame = newPicture(size);
  const file = await open(reference);
  let micros = 0;
  try {
    for (let tick = 0; tick <= ticks; tick++) {
      if (tick < ticks) await readPicture(file, planesOf(frame));
      const before = process.cpuUsage();
      if (tick < ticks) await encoder.encode(frame, tick, tick === 0, writer);
      else await encoder.finish(writer);
      const { user, system } = process.cpuUsage(before);
      micros += user + system;
    }
    await writer.finish();
    return { bytes: writer.bytes, cpuSeconds: micros / 1e6 };
  } finally {
    await file.close();
    await writer.close();
    encoder.close();
    frame.free();
  }
};

/** Mean likeness of all planes, 0 to 1, by ffmpeg's filter. */
const likeness = async (path: string, reference: string, { width, height }: Size): Promise<number> => {
  const graph = '[0:v]settb=1/30,setpts=N[a];[1:v]settb=1/30,setpts=N[b];[a][b]ssim';
  const raw = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-s',
    `${width}x${height}`,
    '-r',
    String(FRAME_RATE),
    '-i',
    reference,
  ];
  const { stderr } = await promisify(execFile)('ffmpeg', [
    '-nostdin',
    '-threads',
    '1',
    '-i',
    path,
    ...raw,
    '-lavfi',
    graph,
    '-f',
    'null',
    '-',
  ]);
  const found = /All:([\d.]+)/.exec(stderr);
  if (!found) throw new Error(`ffmpeg said nothing of the likeness: ${stderr.slice(-500)}`);
  return Number(found[1]);
};

/** What is in use, a step of quality to either side, the neighbouring presets, and WebM's. */
const settingsAround = (size: Size): Setting[] => {
  const h264 = rateOf(size);
  const rates: RateControl[] = [h264, { ...h264, crf: h264.crf - 3 }, { ...h264, crf: h264.crf + 3 }];
  for (const preset of ['superfast', 'faster'] as const) rates.push({ ...h264, preset });
  rates.push(rateOf(size, 'webm'));
  return rates.map((rate) => ({
    rate,
    name: `${rate.codec} ${rate.codec === 'h264' ? rate.preset : rate.speed} ${rate.crf}`,
  }));
};

export async function* benchRates({ quick, scope, note }: BenchOptions): AsyncGenerator<Row, void, undefined> {
  const ticks = quick ? QUICK_TICKS : SEGMENT_TICKS;
  const folder = await temporaryFolder(scope);
  const reference = join(folder, 'reference.yuv');
  for (const quality of ['low', 'med', 'high', 'ultra'] as const) {
    const size = canvasSize(quality, 'landscape');
    for (const [content, drawer] of Object.entries(CONTENTS)) {
      note(`${quality}, ${content}: drawing`);
      await writeReference(reference, size, ticks, await drawer(quality, size));
      for (const { name: setting, rate } of settingsAround(size)) {
        const what = `${quality}, ${content}, ${setting}`;
        note(what);
        const path = join(folder, 'encoded.mp4');
        const { bytes, cpuSeconds } = await encode(reference, path, size, ticks, rate);
        const ssim = await likeness(path, reference, size);
        const perMinute = (60 * FRAME_RATE) / ticks;
        const row = (name: string, ours: number, unit: string): Row => ({
          what: `${what}: ${name}`,
          ours,
          beside: null,
          unit,
        });
        yield row('size', (bytes * perMinute * 60) / 1e6, 'MB / hour');
        yield row('CPU', cpuSeconds * perMinute, 'CPU s / recorded minute');
        yield row('SSIM', ssim, '');
      }
    }
  }
}
