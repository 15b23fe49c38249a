/** Times as subtitle files write them. Seconds of media time in, text out. */

const two = (number: number): string => String(number).padStart(2, '0');

/** Whole milliseconds, as all formats have them. */
export const toMilliseconds = (seconds: number): number => Math.max(0, Math.round(seconds * 1000));

/** `01:02:03.004`; hours grow beyond two digits. `mark`: between seconds and milliseconds. */
export const timestamp = (milliseconds: number, mark: '.' | ','): string => {
  const seconds = Math.floor(milliseconds / 1000);
  const rest = String(milliseconds % 1000).padStart(3, '0');
  return `${clock(seconds)}${mark}${rest}`;
};

/** `01:02:03`. */
export const clock = (wholeSeconds: number): string => {
  const minutes = Math.floor(wholeSeconds / 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(wholeSeconds % 60)}`;
};
