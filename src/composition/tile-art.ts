/**
 * What is drawn on a tile, by vector graphics: rounded corners, name plate, muted and sharing icons, the ring around who speaks, and
 * for who shows no picture the initials on a coloured disc. Drawn once for each look of a tile; `patches.ts` keeps them.
 */
import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { Size } from '../domain/layout.ts';
import { drawAvatar } from './avatar.ts';
import { parseHex } from './colour.ts';
import { type Line, lineOf, reachOf, setFonts } from './fonts.ts';
import { cleanName, ellipsize } from './label-text.ts';
import type { Palette } from './themes.ts';

/** Everything that decides how a tile's decoration looks. */
export interface TileLook extends Size {
  readonly participantId: string;
  readonly name: string;
  readonly screen: boolean;
  readonly micMuted: boolean;
  readonly speaking: boolean;
  /** True: no picture is shown under the decoration. */
  readonly avatar: boolean;
  /** True: it is the whole canvas, which has no rounded corners and no outline. */
  readonly frame: boolean;
  /** Pixels to one of a canvas of 720 lines: 1 on smaller ones, 1.5 at 1080. What is drawn grows with it, lines too. */
  readonly scale: number;
}

const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

/** Lengths in pixels that follow the size of the tile. */
const measuresOf = ({ width, height, scale, screen }: TileLook) => {
  const unit = Math.min(width, height * 1.6) / scale;
  // Not in proportion: a small tile's name must still be read, a large one's need not shout, and a share's covers what is shared.
  const size = screen ? between(11, 8 + unit * 0.008, 20) : between(11, 8 + unit * 0.017, 30);
  const pixels = (length: number): number => Math.round(scale * length);
  const font = pixels(size);
  return {
    font,
    radius: pixels(between(6, unit * 0.019, 22)),
    margin: pixels(between(6, unit * 0.017, 20)),
    ring: pixels(between(3, unit * 0.0055, 8)),
    plateHeight: 2 * Math.round(font * 0.92),
    padding: Math.round(font * 0.7),
  };
};

const rgba = (hex: string, opacity: number): string => `rgba(${parseHex(hex).join(',')},${opacity})`;

/** The canvas background outside the rounded corners. */
const drawCorners = (g: SKRSContext2D, { width, height }: Size, radius: number, colour: string): void => {
  g.beginPath();
  g.rect(0, 0, width, height);
  g.roundRect(0, 0, width, height, radius);
  g.fillStyle = colour;
  g.fill('evenodd');
};

/** A hairline inside the edge, so that a tile is set off from a background of its own colour. */
const drawOutline = (g: SKRSContext2D, { width, height, scale }: TileLook, radius: number, palette: Palette): void => {
  g.beginPath();
  g.roundRect(scale / 2, scale / 2, width - scale, height - scale, radius);
  g.strokeStyle = rgba(palette.outline, palette.outlineOpacity);
  g.lineWidth = scale;
  g.stroke();
};

const drawRing = (
  g: SKRSContext2D,
  { width, height, scale }: TileLook,
  radius: number,
  thickness: number,
  palette: Palette,
): void => {
  g.beginPath();
  g.roundRect(0, 0, width, height, radius);
  g.roundRect(thickness, thickness, width - 2 * thickness, height - 2 * thickness, Math.max(1, radius - thickness));
  g.fillStyle = palette.speaker;
  g.fill('evenodd');
  // A keyline parts it from a picture of its own lightness.
  const inset = thickness + scale / 2;
  g.beginPath();
  g.roundRect(inset, inset, width - 2 * inset, height - 2 * inset, Math.max(1, radius - inset));
  g.strokeStyle = rgba(palette.background, 0.5);
  g.lineWidth = scale;
  g.stroke();
};

/** A microphone with a stroke through it on a round badge of diameter `size`. */
const drawMutedBadge = (g: SKRSContext2D, x: number, y: number, size: number, palette: Palette): void => {
  g.save();
  g.translate(x, y);
  g.scale(size / 24, size / 24);
  g.fillStyle = palette.muted;
  g.beginPath();
  g.arc(12, 12, 12, 0, 2 * Math.PI);
  g.fill();
  g.fillStyle = palette.mutedIcon;
  g.strokeStyle = palette.mutedIcon;
  g.lineCap = 'round';
  g.lineWidth = 1.6;
  g.beginPath();
  g.roundRect(9.8, 5, 4.4, 8.4, 2.2);
  g.fill();
  g.beginPath();
  g.arc(12, 11.2, 4.5, 0, Math.PI);
  g.moveTo(12, 15.7);
  g.lineTo(12, 18.2);
  g.moveTo(9.6, 18.4);
  g.lineTo(14.4, 18.4);
  g.stroke();
  for (const [colour, thickness] of [
    [palette.muted, 4.2],
    [palette.mutedIcon, 1.7],
  ] as const) {
    g.strokeStyle = colour;
    g.lineWidth = thickness;
    g.beginPath();
    g.moveTo(6.2, 6);
    g.lineTo(17.8, 17.6);
    g.stroke();
  }
  g.restore();
};

/** A display with an arrow: this tile is a shared screen. */
const drawScreenIcon = (g: SKRSContext2D, x: number, y: number, size: number, colour: string): void => {
  g.save();
  g.translate(x, y);
  g.scale(size / 24, size / 24);
  g.strokeStyle = colour;
  g.lineCap = 'round';
  g.lineJoin = 'round';
  g.lineWidth = 2;
  g.beginPath();
  g.roundRect(2.5, 4, 19, 13, 2.5);
  g.moveTo(8.5, 20.5);
  g.lineTo(15.5, 20.5);
  g.moveTo(12, 13.6);
  g.lineTo(12, 7.6);
  g.moveTo(9.2, 10.2);
  g.lineTo(12, 7.4);
  g.lineTo(14.8, 10.2);
  g.stroke();
  g.restore();
};

/**
 * Where a line stands in a plate. Capitals of Noto Sans are 0.714 em high: centred by them, a name sits right whatever its descenders.
 * Scripts that stack marks above or below are moved until they fit; what has both beyond measure is cut by the plate.
 */
const baselineIn = (line: Line, text: string, font: number, top: number, height: number): number => {
  const { above, below } = reachOf(line, text, font);
  const centred = top + height / 2 + font * 0.357;
  return Math.min(Math.max(centred, top + above + 1), top + height - below - 1);
};

/** Name plate at the bottom left: icon, name; nothing at all where there is neither, or no room. */
const drawPlate = (g: SKRSContext2D, look: TileLook, palette: Palette): void => {
  const m = measuresOf(look);
  const line = lineOf(cleanName(look.name));
  setFonts(g, line, m.font);
  const icon = look.micMuted || look.screen ? Math.round(m.plateHeight * (look.micMuted ? 0.72 : 0.6)) : 0;
  const iconRoom = icon > 0 ? icon + Math.round(m.padding * 0.6) : 0;
  const ends = look.micMuted ? Math.round((m.plateHeight - icon) / 2) : m.padding;
  const most = look.width - 2 * m.margin - ends - iconRoom - m.padding;
  const name = most > m.font ? ellipsize(line.text, most, (text) => g.measureText(text).width) : '';
  if (name === '' && icon === 0) return;
  const textWidth = Math.ceil(g.measureText(name).width);
  const width = name === '' ? icon + 2 * ends : ends + iconRoom + textWidth + m.padding;
  const x = m.margin;
  const y = look.height - m.margin - m.plateHeight;
  if (y < 0 || x + width > look.width) return;
  g.fillStyle = rgba(palette.plate, palette.plateOpacity);
  g.beginPath();
  g.roundRect(x, y, width, m.plateHeight, m.plateHeight / 2);
  g.fill();
  // A plate over a picture of its own colour keeps its shape.
  g.beginPath();
  const { scale } = look;
  g.roundRect(x + scale / 2, y + scale / 2, width - scale, m.plateHeight - scale, (m.plateHeight - scale) / 2);
  g.strokeStyle = rgba(palette.outline, palette.outlineOpacity);
  g.lineWidth = scale;
  g.stroke();
  const iconY = y + (m.plateHeight - icon) / 2;
  if (look.micMuted) drawMutedBadge(g, x + ends, iconY, icon, palette);
  else if (look.screen) drawScreenIcon(g, x + ends, iconY, icon, palette.plateText);
  g.save();
  g.beginPath();
  g.rect(x, y, width, m.plateHeight);
  g.clip();
  g.fillStyle = palette.plateText;
  g.textBaseline = 'alphabetic';
  g.textAlign = 'left';
  g.fillText(name, x + ends + iconRoom, baselineIn(line, name, m.font, y, m.plateHeight));
  g.restore();
};

/** Draws a tile's decoration on a transparent canvas of the tile's size; opaque where it is an avatar. */
export const drawTile = (look: TileLook, palette: Palette): Canvas => {
  const canvas = createCanvas(look.width, look.height);
  const g = canvas.getContext('2d');
  const m = measuresOf(look);
  if (look.avatar) {
    // In a small tile the plate reaches up to the disc: it gives way.
    const plate = cleanName(look.name) !== '' || look.micMuted || look.screen;
    drawAvatar(g, look, palette, plate && look.height < 140 * look.scale ? m.plateHeight * 0.4 : 0);
  }
  drawPlate(g, look, palette);
  const radius = look.frame ? 0 : m.radius;
  if (look.speaking) drawRing(g, look, radius, m.ring, palette);
  else if (!look.frame) drawOutline(g, look, radius, palette);
  if (!look.frame) drawCorners(g, look, radius, palette.background);
  return canvas;
};
