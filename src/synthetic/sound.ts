/**
 * The sound of a synthetic participant: silence, and a beep of its own pitch exactly while the picture flashes; or, of those who talk,
 * something like a voice in its turn. Pure.
 */
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { beepHz, FLASH_MS, isTurn, type Turn } from './identity.ts';

/** Loud enough to be the active speaker, and four at once do not clip. */
const AMPLITUDE = 0.22;
/** Rise and fall of the beep: short against the 10 ms window that measures its onset, long enough not to click. */
const RAMP_SAMPLES = 48;
const BEEP_SAMPLES = (FLASH_MS * SAMPLE_RATE) / 1000;

/** Those who talk take turns of this length: long enough to be told from a cough, and shown for a while. */
export const TALK_SECONDS = 3;
/** Four syllables a second, with a gap after each that a voice makes too. */
const SYLLABLE_SAMPLES = SAMPLE_RATE / 4;
const SYLLABLE_GAP = 0.15;
/** Below all beeps, and whole multiples of 100 Hz, so that no beep is heard in them. */
const talkHz = (index: number): number => 200 + 100 * (index % 3);

/** Who talks at a time of media: each in turn for `TALK_SECONDS`. */
export const isTalking = (turn: Turn, seconds: number): boolean => isTurn(turn, Math.floor(seconds / TALK_SECONDS));

/** As `drawSound`, of somebody who talks in turn with the others instead of beeping. */
export const drawTalk = (turn: Turn, first: number, out: Float32Array): void => {
  const step = (2 * Math.PI * talkHz(turn.index)) / SAMPLE_RATE;
  for (let i = 0; i < out.length; i++) {
    const sample = first + i;
    const part = (sample % SYLLABLE_SAMPLES) / SYLLABLE_SAMPLES;
    const sounds = sample >= 0 && part < 1 - SYLLABLE_GAP && isTalking(turn, sample / SAMPLE_RATE);
    out[i] = sounds ? AMPLITUDE * Math.sin((Math.PI * part) / (1 - SYLLABLE_GAP)) * Math.sin(step * sample) : 0;
  }
};

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
