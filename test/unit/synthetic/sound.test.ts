import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { SAMPLE_RATE } from '../../../src/domain/media-time.ts';
import { drawSound, drawTalk, TALK_SECONDS } from '../../../src/synthetic/sound.ts';
import { hearWindow, LEVEL_WINDOW_MS, NO_SPEAKER } from '../../../src/timeline/speaker.ts';

const WINDOW = (SAMPLE_RATE * LEVEL_WINDOW_MS) / 1000;
const OF = 3;

/** Who has the floor after each window, of three who make such sounds. */
const floor = (draw: typeof drawTalk, seconds: number): (ParticipantId | null)[] => {
  let state = NO_SPEAKER;
  return Array.from({ length: (seconds * 1000) / LEVEL_WINDOW_MS }, (_, window) => {
    const levels = [0, 1, 2].map((index) => {
      const sound = new Float32Array(WINDOW);
      draw({ index, of: OF }, window * WINDOW, sound);
      const power = sound.reduce((sum, value) => sum + value * value, 0) / WINDOW;
      return [String(index), Math.max(-127, 10 * Math.log10(power))];
    });
    state = hearWindow(state, Object.fromEntries(levels));
    return state.active;
  });
};

describe('synthetic sound', () => {
  it('of those who talk gives each the floor in his turn, within 700 ms', () => {
    const active = floor(drawTalk, 2 * OF * TALK_SECONDS);
    const windows = TALK_SECONDS * 10;
    for (let turn = 0; turn < 2 * OF; turn++) {
      const own = active.slice(turn * windows, (turn + 1) * windows);
      expect(own.indexOf(String(turn % OF) as ParticipantId)).toBeLessThanOrEqual(6);
      expect(new Set(own.slice(7))).toEqual(new Set([String(turn % OF)]));
    }
  });

  it('of those who beep gives it to nobody', () => {
    expect(new Set(floor(drawSound, 12))).toEqual(new Set([null]));
  });
});
