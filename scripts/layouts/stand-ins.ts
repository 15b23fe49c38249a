/** People and screens who stand in for real ones on the contact sheet: drawn, as decoded pictures in BT.709. */
import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { Frame } from 'node-av/lib';
import { newPicture, planesOf } from '../../src/composition/av.ts';
import { cbOf, crOf, lumaOf } from '../../src/composition/colour.ts';
import type { Size } from '../../src/domain/layout.ts';

const NAMES = [
  'Ada Lovelace',
  'Bashir Haddad',
  'Chloé Dubois',
  'Dmitri Orlov',
  'Eleni Papadaki',
  'Farah Nasser',
  'Grace Hopper',
  'Hiro Tanaka',
  'Ingrid Solberg',
  'José Álvarez',
  'Kwame Mensah',
  'Lena Vogel',
  'Mei Lin',
  'Noor Rahman',
  'Olga Sokolova',
  'Priya Sharma',
  'Quentin Moreau',
  'Rosa Jiménez',
  'Samuel Adeyemi',
  'Tuva Lindqvist',
  'Umar Farouk',
  'Valentina Rossi',
  'Wanjiru Kamau',
  'Xavier Costa',
  'Yusuf Demir',
];

const numberOf = (id: string): number => id.charCodeAt(0) - 97;
/** `a` is Ada, `b` Bashir, … */
export const nameOf = (id: string): string => NAMES[numberOf(id)] ?? id;

const SKIN = ['#f0c9a8', '#c68642', '#e8b48c', '#8d5524', '#ffdbac', '#a86b3c', '#5c3a21'];
const HAIR = ['#2b1d14', '#4a2f1b', '#14121a', '#a5682a', '#6b6b73', '#d9b56b', '#3b2a4a'];
const LONG_HAIRED = new Set([0, 2, 4, 6, 8, 11, 12, 14, 15, 17, 19, 21]);
const pick = (list: readonly string[], n: number): string => list[n % list.length] ?? '#888888';

/** A wall with light from a window, a plant or a shelf: what a camera sees behind people. */
const drawRoom = (g: SKRSContext2D, { width, height }: Size, n: number): void => {
  const hue = (n * 47 + 20) % 360;
  const wall = g.createLinearGradient(0, 0, width, height);
  wall.addColorStop(0, `hsl(${hue} 34% 76%)`);
  wall.addColorStop(1, `hsl(${(hue + 24) % 360} 30% 48%)`);
  g.fillStyle = wall;
  g.fillRect(0, 0, width, height);
  g.fillStyle = 'rgba(255,255,255,0.26)';
  const x = width * (n % 2 === 0 ? 0.06 : 0.74);
  for (const [column, row] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    g.fillRect(x + column * width * 0.1, height * (0.1 + row * 0.24), width * 0.09, height * 0.22);
  }
  g.fillStyle = `hsl(${hue} 26% 36%)`;
  g.fillRect(width * (n % 2 === 0 ? 0.7 : 0.05), height * 0.3, width * 0.24, height * 0.02);
  for (let book = 0; book < 7; book++) {
    g.fillStyle = `hsl(${(hue + book * 53) % 360} 42% ${44 + (book % 3) * 8}%)`;
    const tall = height * (0.1 + ((n + book * 3) % 4) * 0.016);
    g.fillRect(width * ((n % 2 === 0 ? 0.705 : 0.055) + book * 0.032), height * 0.3 - tall, width * 0.025, tall);
  }
};

const ellipse = (g: SKRSContext2D, x: number, y: number, rx: number, ry: number, colour: string): void => {
  g.fillStyle = colour;
  g.beginPath();
  g.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  g.fill();
};

const drawPerson = (g: SKRSContext2D, { width, height }: Size, n: number): void => {
  const [skin, hair] = [pick(SKIN, n * 3 + 1), pick(HAIR, n * 4 + 2)];
  const u = height / 100;
  const x = width / 2;
  const long = LONG_HAIRED.has(n);
  if (long) ellipse(g, x, 50 * u, 20 * u, 30 * u, hair);
  ellipse(g, x, 112 * u, 44 * u, 36 * u, `hsl(${(n * 83 + 200) % 360} 46% 42%)`);
  g.fillStyle = skin;
  g.beginPath();
  g.roundRect(x - 7 * u, 60 * u, 14 * u, 22 * u, 6 * u);
  g.fill();
  ellipse(g, x, 46 * u, 15.5 * u, 19 * u, skin);
  g.fillStyle = hair;
  g.beginPath();
  g.ellipse(x, 40 * u, 17.5 * u, 17 * u, 0, Math.PI * 0.98, Math.PI * 2.02);
  g.quadraticCurveTo(x + 6 * u, 30 * u, x - 4 * u, 33 * u);
  g.quadraticCurveTo(x - 13 * u, 34 * u, x - 17.5 * u, 41 * u);
  g.fill();
  for (const side of [-1, 1]) ellipse(g, x + side * 6 * u, 46.5 * u, 1.5 * u, 1.8 * u, '#241a16');
  g.strokeStyle = '#8a3f3a';
  g.lineWidth = 1.3 * u;
  g.lineCap = 'round';
  g.beginPath();
  g.arc(x, 52 * u, 5.5 * u, Math.PI * 0.2, Math.PI * 0.8);
  g.stroke();
};

const BARS = [0.34, 0.5, 0.42, 0.66, 0.6, 0.82, 0.95];

/** A slide with a title, lines of text and a chart. */
const drawSlide = (g: SKRSContext2D, { width, height }: Size, n: number): void => {
  const accent = `hsl(${(n * 67 + 215) % 360} 62% 46%)`;
  g.fillStyle = '#fbfcfe';
  g.fillRect(0, 0, width, height);
  g.fillStyle = accent;
  g.fillRect(0, 0, width * 0.012, height);
  g.fillStyle = '#16202e';
  g.font = `600 ${height * 0.075}px sans-serif`;
  g.fillText('Quarterly results', width * 0.06, height * 0.15);
  g.fillStyle = '#6b7686';
  g.font = `${height * 0.038}px sans-serif`;
  g.fillText(`Shared by ${nameOf(String.fromCharCode(97 + n))}`, width * 0.06, height * 0.22);
  for (let line = 0; line < 6; line++) {
    g.fillStyle = '#d3dae4';
    g.fillRect(width * 0.06, height * (0.36 + line * 0.085), width * (0.26 + ((line * 5) % 4) * 0.025), height * 0.026);
  }
  for (const [i, value] of BARS.entries()) {
    g.fillStyle = i === BARS.length - 1 ? accent : '#c3cede';
    const tall = height * 0.5 * value;
    g.fillRect(width * (0.5 + i * 0.062), height * 0.86 - tall, width * 0.042, tall);
  }
  g.fillStyle = '#8b95a4';
  g.fillRect(width * 0.48, height * 0.86, width * 0.45, height * 0.006);
};

/** Converts what is drawn to a decoded picture: BT.709, limited range. */
const pictureOf = (canvas: Canvas): Frame => {
  const { width, height } = canvas;
  const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data;
  const frame = newPicture({ width, height });
  const { data, luma, strides } = planesOf(frame);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = 4 * (y * width + x);
      const [r = 0, g = 0, b = 0] = rgba.subarray(i, i + 3);
      luma[y * strides[0] + x] = lumaOf(r, g, b);
      if (x % 2 !== 0 || y % 2 !== 0) continue;
      data[1][(y >> 1) * strides[1] + (x >> 1)] = Math.round(cbOf(r, g, b));
      data[2][(y >> 1) * strides[2] + (x >> 1)] = Math.round(crOf(r, g, b));
    }
  }
  return frame;
};

const SIZE: Size = { width: 1280, height: 720 };

/** The picture of a track of a scripted room: its id is the person's and the source's. */
export const standIn = (trackId: string): Frame => {
  const canvas = createCanvas(SIZE.width, SIZE.height);
  const g = canvas.getContext('2d');
  const n = numberOf(trackId);
  if (trackId.includes('screen')) drawSlide(g, SIZE, n);
  else {
    drawRoom(g, SIZE, n);
    drawPerson(g, SIZE, n);
  }
  return pictureOf(canvas);
};
