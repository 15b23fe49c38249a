/**
 * Levels of microphones for the speaker detection: power of each over windows of 100 ms on the recording's time axis. A window
 * belongs to the segment in which it ends: what is drawn at an instant never depends on later sound.
 */
import type { ParticipantId } from '../domain/ids.ts';
import { NS_PER_MS, SAMPLE_RATE, SEGMENT_TICKS, tickToNs } from '../domain/media-time.ts';
import { LEVEL_WINDOW_MS, type Levels, SILENCE_DBFS } from '../timeline/speaker.ts';
import type { SoundBuffer } from './placement.ts';

export const WINDOW_SAMPLES = (SAMPLE_RATE * LEVEL_WINDOW_MS) / 1000;
const WINDOW_NS = LEVEL_WINDOW_MS * NS_PER_MS;

/** Windows that end in (start, end] of the ticks [from, to): first, and one past the last. */
export const windowsOf = (fromTick: number, toTick: number): { first: number; end: number } => ({
  first: Math.floor(tickToNs(fromTick) / WINDOW_NS),
  end: Math.floor(tickToNs(toTick) / WINDOW_NS),
});

/** Windows of a whole segment. */
export const windowsOfSegment = (index: number): { first: number; end: number } =>
  windowsOf(index * SEGMENT_TICKS, (index + 1) * SEGMENT_TICKS);

/** Sums the power of microphones by participant, window by window. */
export class LevelMeter {
  readonly #first: number;
  readonly #power: Map<ParticipantId, number>[];

  constructor({ first, end }: { readonly first: number; readonly end: number }) {
    this.#first = first;
    this.#power = Array.from({ length: Math.max(0, end - first) }, () => new Map());
  }

  /** Adds one microphone's sound. What a window lacks at the buffer's ends counts as silence. */
  add(participantId: ParticipantId, sound: SoundBuffer): void {
    for (const [i, powers] of this.#power.entries()) {
      const from = Math.max(0, (this.#first + i) * WINDOW_SAMPLES - sound.start);
      const to = Math.min(sound.left.length, (this.#first + i + 1) * WINDOW_SAMPLES - sound.start);
      let sum = 0;
      for (let n = from; n < to; n++) {
        const middle = ((sound.left[n] as number) + (sound.right[n] as number)) / 2;
        sum += middle * middle;
      }
      if (sum > 0) powers.set(participantId, (powers.get(participantId) ?? 0) + sum / WINDOW_SAMPLES);
    }
  }

  /** One entry a window; in dBFS with one decimal, so that what is kept in a file is what was computed. */
  levels(): Levels[] {
    return this.#power.map((powers) =>
      Object.fromEntries(
        Array.from(powers, ([id, power]) => [
          id,
          Math.max(SILENCE_DBFS, Math.round(100 * Math.log10(Math.max(power, 1e-20))) / 10),
        ]),
      ),
    );
  }
}
