/** A cue in lines: one where it fits, else two of about the same length, or more in scripts that need it. */
import { columnsOf, LINE_COLUMNS } from './cues.ts';

export const linesOf = (text: string): string[] => {
  const columns = columnsOf(text);
  if (columns <= LINE_COLUMNS) return [text];
  const words = text.split(' ');
  let best: string[] = [text];
  let bestDifference = Number.POSITIVE_INFINITY;
  for (let i = 1; i < words.length; i += 1) {
    const [first, second] = [words.slice(0, i).join(' '), words.slice(i).join(' ')];
    const difference = Math.abs(columnsOf(first) - columnsOf(second));
    if (difference >= bestDifference) continue;
    bestDifference = difference;
    best = [first, second];
  }
  return best;
};
