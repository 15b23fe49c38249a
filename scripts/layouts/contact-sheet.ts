/** All golden scenes on one picture, each drawn by the compositor's own canvas. */
import { createCanvas, type Canvas as Drawing, type SKRSContext2D } from '@napi-rs/canvas';
import type { Frame } from 'node-av/lib';
import { planesOf } from '../../src/composition/av.ts';
import { Canvas } from '../../src/composition/canvas.ts';
import { lineOf, setFonts } from '../../src/composition/fonts.ts';
import { PALETTES } from '../../src/composition/themes.ts';
import type { Theme } from '../../src/domain/layout.ts';
import { resolveScene } from '../../src/timeline/scenes.ts';
import type { GoldenGroup, GoldenScene } from '../../test/support/golden-scenes.ts';
import { stateOf } from '../../test/support/room-script.ts';
import { nameOf, standIn } from './stand-ins.ts';

/** Five landscape scenes beside each other. */
const WIDTH = 1972;
const EDGE = 48;
const GAP = 24;
/** A scene's shorter side on the sheet. */
const SHORT = 200;
const CAPTION = 44;
const HEADING = 64;

const PAPER = '#F4F5F7';
const INK = '#161A22';
const QUIET = '#667085';

/** Red, green and blue of a drawn frame, by BT.709 in limited range. */
const drawingOf = (frame: Frame): Drawing => {
  const { data, strides, width, height } = planesOf(frame);
  const drawing = createCanvas(width, height);
  const g = drawing.getContext('2d');
  const image = g.createImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const luma = ((data[0][y * strides[0] + x] ?? 16) - 16) * (255 / 219);
      const cb = ((data[1][(y >> 1) * strides[1] + (x >> 1)] ?? 128) - 128) * (255 / 224);
      const cr = ((data[2][(y >> 1) * strides[2] + (x >> 1)] ?? 128) - 128) * (255 / 224);
      const i = 4 * (y * width + x);
      image.data[i] = luma + 1.5748 * cr;
      image.data[i + 1] = luma - 0.1873 * cb - 0.4681 * cr;
      image.data[i + 2] = luma + 1.8556 * cb;
      image.data[i + 3] = 255;
    }
  }
  g.putImageData(image, 0, 0);
  return drawing;
};

/** Pictures of tracks, drawn once. */
class StandIns {
  readonly #frames = new Map<string, Frame>();

  of(trackId: string): Frame {
    const frame = this.#frames.get(trackId) ?? standIn(trackId);
    this.#frames.set(trackId, frame);
    return frame;
  }

  close(): void {
    for (const frame of this.#frames.values()) frame.free();
    this.#frames.clear();
  }
}

const render = async (golden: GoldenScene, theme: Theme, pictures: StandIns): Promise<Drawing> => {
  const scene = resolveScene(stateOf(golden, nameOf), golden.canvas, () => true);
  const canvas = new Canvas(golden.canvas, theme);
  try {
    const colour = { matrix: 'bt709', range: 'limited' } as const;
    await canvas.draw(scene, async (trackId) => ({ picture: pictures.of(trackId), colour, fresh: true }));
    return drawingOf(canvas.frame);
  } finally {
    canvas.close();
  }
};

/** A line of text at a size in pixels, cut where it does not fit any more. */
const drawLine = (g: SKRSContext2D, text: string, pixels: number, { x, y, width = WIDTH }: Spot): void => {
  const line = lineOf(text);
  setFonts(g, line, pixels);
  let shown = line.text;
  while (g.measureText(shown).width > width && shown.length > 1) shown = `${shown.slice(0, -2).trimEnd()}…`;
  g.fillText(shown, x, y);
};

/** Where a line begins, and how wide it may be. */
interface Spot {
  readonly x: number;
  readonly y: number;
  readonly width?: number;
}

interface Place {
  readonly golden: GoldenScene;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Section {
  readonly group: GoldenGroup;
  readonly y: number;
  readonly places: readonly Place[];
}

/** Where everything stands, and how high the sheet is. */
const layOut = (groups: readonly GoldenGroup[]): { readonly sections: readonly Section[]; readonly height: number } => {
  const sections: Section[] = [];
  let y = EDGE + 96;
  for (const group of groups) {
    const places: Place[] = [];
    const top = y;
    y += HEADING;
    let x = EDGE;
    let tallest = 0;
    for (const golden of group.scenes) {
      const scale = SHORT / Math.min(golden.canvas.width, golden.canvas.height);
      const [width, height] = [Math.round(golden.canvas.width * scale), Math.round(golden.canvas.height * scale)];
      if (x + width > WIDTH - EDGE) {
        x = EDGE;
        y += tallest + CAPTION + GAP;
      }
      places.push({ golden, x, y, width, height });
      x += width + GAP;
      tallest = height;
    }
    y += tallest + CAPTION + GAP;
    sections.push({ group, y: top, places });
  }
  return { sections, height: y + EDGE - GAP };
};

/** Draws the sheet. Resolves to the bytes of a PNG. */
export const contactSheet = async (groups: readonly GoldenGroup[], theme: Theme): Promise<Buffer> => {
  const { sections, height } = layOut(groups);
  const sheet = createCanvas(WIDTH, height);
  const g = sheet.getContext('2d');
  g.fillStyle = PAPER;
  g.fillRect(0, 0, WIDTH, height);
  g.fillStyle = INK;
  drawLine(g, 'Layouts', 40, { x: EDGE, y: EDGE + 34 });
  g.fillStyle = QUIET;
  const explanation = `Every scene as the compositor draws it, theme ${theme} (${PALETTES[theme].background}).`;
  drawLine(g, explanation, 17, { x: EDGE, y: EDGE + 66 });
  const pictures = new StandIns();
  try {
    for (const { group, y, places } of sections) {
      g.fillStyle = INK;
      drawLine(g, group.title, 22, { x: EDGE, y: y + 42 });
      for (const place of places) await drawPlace(g, place, await render(place.golden, theme, pictures));
    }
  } finally {
    pictures.close();
  }
  return sheet.encode('png');
};

const drawPlace = async (g: SKRSContext2D, place: Place, drawing: Drawing): Promise<void> => {
  const { golden, x, y, width, height } = place;
  g.imageSmoothingEnabled = true;
  g.imageSmoothingQuality = 'high';
  g.drawImage(drawing, x, y, width, height);
  g.fillStyle = INK;
  drawLine(g, golden.title, 13, { x, y: y + height + 19, width });
  g.fillStyle = QUIET;
  const spoke = golden.spoke === '' ? '' : `, spoke ${golden.spoke}`;
  const words = `gridSize ${golden.layout.gridSize}: ${golden.room || 'nobody'}${spoke}`;
  drawLine(g, words, 11, { x, y: y + height + 35, width });
};
