/** The sound of a synthetic participant: silence, and a beep of its own pitch exactly while the picture flashes. Pure. */
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { beepHz, FLASH_MS, isTurn, type Turn } from './identity.ts';

/** Loud enough to be the active speaker, and four at once do not clip. */
const AMPLITUDE = 0.22;
/** Rise and fall of the beep: short against the 10 ms window that measures its onset, long enough not to click. */
const RAMP_SAMPLES = 48;
const BEEP_SAMPLES = (FLASH_MS * SAMPLE_RATE) / 1000;

/** Fills `out` (mono, −1…1, 48 kHz) with the sound from sample `first` of media time on. `silent`: an open microphone in a still room. */
export const drawSound = (turn: Turn, first: number, out: Float32Array, silent = false): void => {
  const step = (2 * Math.PI * beepHz(turn.index)) / SAMPLE_RATE;
  for (let i = 0; i < out.length; i++) {
    const sample = first + i;
    const within = sample % SAMPLE_RATE;
    const sounds = !silent && sample >= 0 && within < BEEP_SAMPLES && isTurn(turn, Math.floor(sample / SAMPLE_RATE));
    const ramp = Math.min(1, within / RAMP_SAMPLES, (BEEP_SAMPLES - within) / RAMP_SAMPLES);
    out[i] = sounds ? AMPLITUDE * ramp * Math.sin(step * within) : 0;
  }
};
