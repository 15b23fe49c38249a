/**
 * A synthetic camera and microphone inside a real browser: a canvas and WebAudio on one clock, in place of what `getUserMedia` would
 * give. The picture is the one that `src/synthetic/picture.ts` draws, as far as a machine reads it.
 */
import { readFileSync } from 'node:fs';
import type { Rect } from '../../src/domain/layout.ts';
import { beepHz, FLASH_MS, identityCss, type Turn } from '../../src/synthetic/identity.ts';
import { BALL, BASE, PICTURE } from '../../src/synthetic/picture-geometry.ts';
import { CODE_COLUMNS, CODE_FRAMES, CODE_ROWS, encodeTimecode } from '../../src/synthetic/timecode.ts';

/** Plain JavaScript: it runs in pages, whose types are not those of tests. */
const PAGE_SCRIPT = new URL('./browser-source-page.js', import.meta.url);

export interface BrowserSource {
  readonly turn: Turn;
  readonly fps: number;
  /** Codes are computed here and looked up there: the page runs for at most this long. */
  readonly seconds: number;
  /** `webaudio`: picture and sound on the clock of WebAudio. `tone`: the browser's own test tone, let through while it flashes. */
  readonly sound: 'webaudio' | 'tone';
}

/** Everything that the page's script needs, as JSON. */
export interface PageSource {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly colour: string;
  readonly index: number;
  readonly of: number;
  readonly sound: BrowserSource['sound'];
  readonly flashMs: number;
  readonly hz: number;
  readonly flash: Rect;
  readonly track: Rect;
  readonly ball: number;
  readonly cells: readonly Rect[];
  /** One 24-bit number a frame. */
  readonly codes: readonly number[];
}

const cells = (): Rect[] => {
  const width = PICTURE.code.width / CODE_COLUMNS;
  const height = PICTURE.code.height / CODE_ROWS;
  return Array.from({ length: CODE_COLUMNS * CODE_ROWS }, (_, bit) => ({
    x: PICTURE.code.x + (bit % CODE_COLUMNS) * width,
    y: PICTURE.code.y + Math.floor(bit / CODE_COLUMNS) * height,
    width,
    height,
  }));
};

/** The picture and the sound of a participant as data, for programs in other languages. */
export const pageSource = ({ turn, fps, seconds, sound }: BrowserSource): PageSource => {
  const frames = Math.min(CODE_FRAMES, seconds * fps);
  return {
    ...BASE,
    fps,
    colour: identityCss(turn.index),
    index: turn.index,
    of: turn.of,
    sound,
    flashMs: FLASH_MS,
    hz: beepHz(turn.index),
    flash: PICTURE.flash,
    track: PICTURE.track,
    ball: BALL,
    cells: cells(),
    codes: Array.from({ length: frames }, (_, frame) =>
      encodeTimecode(frame, turn.index).reduce((word, bit) => word * 2 + (bit ? 1 : 0), 0),
    ),
  };
};

/** A script that gives the page this participant's camera and microphone. Evaluate it before the page's own scripts. */
export const browserSourceScript = (source: BrowserSource): string =>
  `${readFileSync(PAGE_SCRIPT, 'utf8')}\nwindow.installSyntheticSource(${JSON.stringify(pageSource(source))});`;
