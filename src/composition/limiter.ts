/**
 * A soft limiter that looks ahead: 25 people who talk at once do not clip, one who talks is not touched. Its gain at an instant is a
 * function of the sound from `RELEASE` before to `LOOK_AHEAD` after it and of nothing else, so segments that are mixed
 * apart join without a seam.
 */
import type { SoundBuffer } from './placement.ts';

/** Gain is computed per block of 1 ms on the global sample grid, and interpolated in between. */
const BLOCK = 48;
/** Gain begins to sink 10 ms before a peak. */
const ATTACK_BLOCKS = 10;
/** Gain is back 200 ms after a peak: slow enough not to distort a low voice, fast enough not to pump. */
const RELEASE_BLOCKS = 200;
/** Averaged over 8 of the 10 blocks: the two that are left cover the interpolation. */
const SMOOTHING_BLOCKS = 8;
/** −1 dBFS: AAC overshoots a little. */
export const CEILING = 0.89;

/** Samples that `limit` must see before what it is asked for, and after it. */
export const LIMITER_PAST = (RELEASE_BLOCKS + ATTACK_BLOCKS + 2) * BLOCK;
export const LIMITER_FUTURE = (ATTACK_BLOCKS + 2) * BLOCK;

/** What each block may be multiplied with at most. */
const blockGains = ({ left, right, start }: SoundBuffer, firstBlock: number, count: number): Float64Array | null => {
  const gains = new Float64Array(count).fill(1);
  let quiet = true;
  for (let block = 0; block < count; block++) {
    const from = Math.max(0, (firstBlock + block) * BLOCK - start);
    const to = Math.min(left.length, (firstBlock + block + 1) * BLOCK - start);
    let peak = 0;
    for (let i = from; i < to; i++) {
      peak = Math.max(peak, Math.abs(left[i] as number), Math.abs(right[i] as number));
    }
    if (peak <= CEILING) continue;
    gains[block] = CEILING / peak;
    quiet = false;
  }
  return quiet ? null : gains;
};

/** Lowest of what is ahead, and of what is behind on its way back to 1: held one block, for the interpolation. */
const withRelease = (gains: Float64Array): Float64Array =>
  Float64Array.from(gains, (_, n) => {
    let lowest = 1;
    for (let j = Math.max(0, n - RELEASE_BLOCKS); j <= Math.min(gains.length - 1, n + ATTACK_BLOCKS); j++) {
      const gain = gains[j] as number;
      if (gain >= lowest) continue;
      lowest = Math.min(lowest, gain + ((1 - gain) * Math.max(0, n - j - 1)) / RELEASE_BLOCKS);
    }
    return lowest;
  });

const smoothed = (gains: Float64Array): Float64Array =>
  Float64Array.from(gains, (_, n) => {
    let sum = 0;
    for (let i = 0; i < SMOOTHING_BLOCKS; i++) sum += gains[Math.max(0, n - i)] as number;
    return sum / SMOOTHING_BLOCKS;
  });

/** Limits a mix where it lies. Right from `LIMITER_PAST` after its first sample to `LIMITER_FUTURE` before its last. */
export const limit = (sound: SoundBuffer): void => {
  const firstBlock = Math.floor(sound.start / BLOCK);
  const count = Math.ceil((sound.start + sound.left.length) / BLOCK) - firstBlock;
  const allowed = blockGains(sound, firstBlock, count);
  if (!allowed) return;
  const gains = smoothed(withRelease(allowed));
  for (let i = 0; i < sound.left.length; i++) {
    const position = (sound.start + i) / BLOCK - firstBlock;
    const block = Math.floor(position);
    const gain = gains[block] as number;
    const next = gains[Math.min(count - 1, block + 1)] as number;
    const factor = gain + (next - gain) * (position - block);
    sound.left[i] = Math.max(-1, Math.min(1, (sound.left[i] as number) * factor));
    sound.right[i] = Math.max(-1, Math.min(1, (sound.right[i] as number) * factor));
  }
};
