/** Text that stands in one line of a file, whatever came from rooms and engines. */

/** Marks that turn the direction of all text behind them around: in names they would make a line read otherwise than it is. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/gu;

/** White space and control characters become one space; halves of surrogate pairs become U+FFFD. */
export const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .replace(TURNING, '')
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
