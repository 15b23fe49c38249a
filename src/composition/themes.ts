/** Colours of the three themes. Text on its ground has a contrast of at least 4.5 even over the worst picture (WCAG 2.2 §1.4.3; tested). */
import type { Theme } from '../domain/layout.ts';

export interface Palette {
  readonly background: string;
  /** Ground of a tile without a picture, and the bars beside a shared screen. */
  readonly tile: string;
  /** The plate under a name: colour, opacity 0…1, and its text. */
  readonly plate: string;
  readonly plateOpacity: number;
  readonly plateText: string;
  /** A hairline inside the edge of a tile, and its opacity. */
  readonly outline: string;
  readonly outlineOpacity: number;
  /** The ring around who speaks. */
  readonly speaker: string;
  /** The badge of a muted microphone and the icon in it. */
  readonly muted: string;
  readonly mutedIcon: string;
}

export const PALETTES: Record<Theme, Palette> = {
  DARK: {
    background: '#050A0E',
    tile: '#151D24',
    plate: '#05090D',
    plateOpacity: 0.74,
    plateText: '#FFFFFF',
    outline: '#FFFFFF',
    outlineOpacity: 0.07,
    speaker: '#3BC9A7',
    muted: '#D92D3A',
    mutedIcon: '#FFFFFF',
  },
  LIGHT: {
    background: '#FFFFFF',
    tile: '#E6EAF0',
    plate: '#FFFFFF',
    plateOpacity: 0.88,
    plateText: '#141A21',
    outline: '#0B1420',
    outlineOpacity: 0.12,
    speaker: '#2563EB',
    muted: '#D92D3A',
    mutedIcon: '#FFFFFF',
  },
  DEFAULT: {
    background: '#212032',
    tile: '#302F48',
    plate: '#14131F',
    plateOpacity: 0.74,
    plateText: '#FFFFFF',
    outline: '#FFFFFF',
    outlineOpacity: 0.07,
    speaker: '#8B9BFF',
    muted: '#D92D3A',
    mutedIcon: '#FFFFFF',
  },
};

/** Discs behind initials; white text on each. */
export const AVATAR_COLOURS = [
  '#C2410C',
  '#A16207',
  '#4D7C0F',
  '#15803D',
  '#0F766E',
  '#0E7490',
  '#1D4ED8',
  '#4F46E5',
  '#7E22CE',
  '#A21CAF',
  '#BE185D',
  '#B91C1C',
] as const;
export const AVATAR_TEXT = '#FFFFFF';

/** The disc of a participant: the same in every recording, by a 32-bit FNV-1a of the id. */
export const avatarColour = (participantId: string): string => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < participantId.length; i++) hash = Math.imul(hash ^ participantId.charCodeAt(i), 0x01000193);
  return AVATAR_COLOURS[(hash >>> 0) % AVATAR_COLOURS.length] ?? AVATAR_COLOURS[0];
};
