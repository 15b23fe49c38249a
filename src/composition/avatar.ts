/** Who shows no picture: initials or a silhouette on a disc, and the sign of a room with nobody in it. */
import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { initialsOf } from '../domain/initials.ts';
import type { Size } from '../domain/layout.ts';
import { mix } from './colour.ts';
import { lineOf, reachOf, setFonts } from './fonts.ts';
import { cleanName } from './label-text.ts';
import { AVATAR_TEXT, avatarColour, type Palette } from './themes.ts';

/** Widest that initials may be, as a part of the disc's radius. */
const INITIALS_WIDTH = 1.5;

const drawDisc = (g: SKRSContext2D, x: number, y: number, radius: number, colour: string): void => {
  g.fillStyle = colour;
  g.beginPath();
  g.arc(x, y, radius, 0, 2 * Math.PI);
  g.fill();
};

/** Head and shoulders. */
const drawSilhouette = (g: SKRSContext2D, x: number, y: number, radius: number, colour: string): void => {
  g.save();
  g.beginPath();
  g.arc(x, y, radius, 0, 2 * Math.PI);
  g.clip();
  drawDisc(g, x, y - radius * 0.18, radius * 0.33, colour);
  g.beginPath();
  g.ellipse(x, y + radius * 0.82, radius * 0.62, radius * 0.52, 0, 0, 2 * Math.PI);
  g.fill();
  g.restore();
};

/** Initials in the middle of a disc: by the height of capitals where a script has them, else by their ink. */
const drawInitials = (g: SKRSContext2D, initials: string, x: number, y: number, radius: number): void => {
  const line = lineOf(initials);
  let font = Math.round(radius * 0.8);
  setFonts(g, line, font);
  const { width } = g.measureText(line.text);
  if (width > radius * INITIALS_WIDTH) {
    font = Math.floor((font * radius * INITIALS_WIDTH) / width);
    setFonts(g, line, font);
  }
  g.fillStyle = AVATAR_TEXT;
  g.textAlign = 'center';
  g.textBaseline = 'alphabetic';
  // Capitals of Noto Sans are 0.714 em high.
  let drop = font * 0.357;
  if (!/\p{Lu}/u.test(initials)) {
    const { above, below } = reachOf(line, line.text, font);
    drop = (above - below) / 2;
  }
  g.fillText(line.text, x, y + drop);
};

/** Fills a tile with its ground and a disc in the middle, `lift` pixels higher. A name without letters and pictures gets a silhouette. */
export const drawAvatar = (
  g: SKRSContext2D,
  { width, height, participantId, name }: Size & { readonly participantId: string; readonly name: string },
  palette: Palette,
  lift: number,
): void => {
  g.fillStyle = palette.tile;
  g.fillRect(0, 0, width, height);
  const radius = Math.round(Math.min(width, height) * 0.21);
  const [x, y] = [width / 2, height / 2 - lift];
  drawDisc(g, x, y, radius, avatarColour(participantId));
  const initials = initialsOf(cleanName(name));
  if (initials === '') drawSilhouette(g, x, y, radius, AVATAR_TEXT);
  else drawInitials(g, initials, x, y, radius);
};

/**
 * The sign of a room with nobody in it, for the middle of the canvas: without it a viewer would take the recording for broken. Discreet,
 * and without words, whose language nobody could choose.
 */
export const drawEmptyRoom = (canvas: Size, palette: Palette): Canvas => {
  const radius = 2 * Math.round(Math.min(canvas.width, canvas.height) * 0.035);
  const sign = createCanvas(2 * radius, 2 * radius);
  const g = sign.getContext('2d');
  const colour = mix(palette.outline, palette.background, 0.28);
  const ring = radius * 0.92;
  drawSilhouette(g, radius, radius, ring * 0.86, colour);
  // Dashed: a place that nobody has taken.
  g.beginPath();
  g.arc(radius, radius, ring, 0, 2 * Math.PI);
  g.strokeStyle = colour;
  g.lineWidth = Math.max(1.5, radius * 0.055);
  g.lineCap = 'round';
  g.setLineDash([(ring * Math.PI) / 20, (ring * Math.PI) / 20]);
  g.stroke();
  return sign;
};
