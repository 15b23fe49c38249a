/**
 * What is drawn on a tile, by vector graphics: rounded corners, name plate, muted and sharing icons, the ring around who speaks, and
 * for who shows no picture the initials on a coloured disc. Drawn once for each look of a tile; `patches.ts` keeps them.
 */
import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { Size } from '../domain/layout.ts';
import { initialsOf } from '../domain/scene.ts';
import { parseHex } from './colour.ts';
import { fontOf } from './fonts.ts';
import { cleanName, ellipsize } from './label-text.ts';
import { AVATAR_TEXT, avatarColour, type Palette } from './themes.ts';

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
}

const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, Math.round(value)));

/** Lengths in pixels that follow the size of the tile. */
const measuresOf = ({ width, height }: Size) => {
  const unit = Math.min(width, height * 1.6);
  // Not in proportion: a small tile's name must still be read, a large one's need not shout.
  const font = between(11, 8 + unit * 0.017, 30);
  return {
    font,
    radius: between(6, unit * 0.019, 22),
    margin: between(6, unit * 0.017, 20),
    ring: between(3, unit * 0.0055, 8),
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
const drawOutline = (g: SKRSContext2D, { width, height }: Size, radius: number, palette: Palette): void => {
  g.beginPath();
  g.roundRect(0.5, 0.5, width - 1, height - 1, radius);
  g.strokeStyle = rgba(palette.outline, palette.outlineOpacity);
  g.lineWidth = 1;
  g.stroke();
};

const drawRing = (
  g: SKRSContext2D,
  { width, height }: Size,
  radius: number,
  thickness: number,
  colour: string,
): void => {
  g.beginPath();
  g.roundRect(0, 0, width, height, radius);
  g.roundRect(thickness, thickness, width - 2 * thickness, height - 2 * thickness, Math.max(1, radius - thickness));
  g.fillStyle = colour;
  g.fill('evenodd');
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

/** Name plate at the bottom left: icon, name; nothing at all where there is neither, or no room. */
const drawPlate = (g: SKRSContext2D, look: TileLook, palette: Palette): void => {
  const m = measuresOf(look);
  g.font = fontOf(m.font);
  const icon = look.micMuted || look.screen ? Math.round(m.plateHeight * (look.micMuted ? 0.72 : 0.6)) : 0;
  const iconRoom = icon > 0 ? icon + Math.round(m.padding * 0.6) : 0;
  const ends = look.micMuted ? Math.round((m.plateHeight - icon) / 2) : m.padding;
  const most = look.width - 2 * m.margin - ends - iconRoom - m.padding;
  const name = most > m.font ? ellipsize(cleanName(look.name), most, (text) => g.measureText(text).width) : '';
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
  const iconY = y + (m.plateHeight - icon) / 2;
  if (look.micMuted) drawMutedBadge(g, x + ends, iconY, icon, palette);
  else if (look.screen) drawScreenIcon(g, x + ends, iconY, icon, palette.plateText);
  g.fillStyle = palette.plateText;
  g.textBaseline = 'alphabetic';
  // Capitals of Noto Sans are 0.714 em high: centred by them, a name sits right whatever its descenders.
  g.fillText(name, x + ends + iconRoom, y + m.plateHeight / 2 + m.font * 0.357);
};

/** Head and shoulders, for a name that has no letters. */
const drawSilhouette = (g: SKRSContext2D, x: number, y: number, radius: number): void => {
  g.save();
  g.beginPath();
  g.arc(x, y, radius, 0, 2 * Math.PI);
  g.clip();
  g.fillStyle = AVATAR_TEXT;
  g.beginPath();
  g.arc(x, y - radius * 0.18, radius * 0.33, 0, 2 * Math.PI);
  g.fill();
  g.beginPath();
  g.ellipse(x, y + radius * 0.82, radius * 0.62, radius * 0.52, 0, 0, 2 * Math.PI);
  g.fill();
  g.restore();
};

/** What `initialsOf` answers for a name without letters. */
const NAMELESS = '?';

const drawAvatar = (g: SKRSContext2D, look: TileLook, palette: Palette): void => {
  g.fillStyle = palette.tile;
  g.fillRect(0, 0, look.width, look.height);
  const radius = Math.round(Math.min(look.width, look.height) * 0.21);
  // In a small tile the plate reaches up to the disc: it gives way.
  const lift = look.height < 140 ? measuresOf(look).plateHeight * 0.4 : 0;
  const [x, y] = [look.width / 2, look.height / 2 - lift];
  g.fillStyle = avatarColour(look.participantId);
  g.beginPath();
  g.arc(x, y, radius, 0, 2 * Math.PI);
  g.fill();
  const initials = initialsOf(look.name);
  if (initials === NAMELESS) {
    drawSilhouette(g, x, y, radius);
    return;
  }
  const font = Math.round(radius * 0.8);
  g.font = fontOf(font);
  g.fillStyle = AVATAR_TEXT;
  g.textAlign = 'center';
  g.fillText(initials, x, y + font * 0.357, radius * 1.6);
  g.textAlign = 'left';
};

/** Draws a tile's decoration on a transparent canvas of the tile's size; opaque where it is an avatar. */
export const drawTile = (look: TileLook, palette: Palette): Canvas => {
  const canvas = createCanvas(look.width, look.height);
  const g = canvas.getContext('2d');
  const m = measuresOf(look);
  if (look.avatar) drawAvatar(g, look, palette);
  drawPlate(g, look, palette);
  const radius = look.frame ? 0 : m.radius;
  if (look.speaking) drawRing(g, look, radius, m.ring, palette.speaker);
  else if (!look.frame) drawOutline(g, look, radius, palette);
  if (!look.frame) drawCorners(g, look, radius, palette.background);
  return canvas;
};
