/**
 * SubRip. It has no specification and no escapes: what players take for markup (`<i>`, `{\an8}`) is written with look-alikes. The speaker
 * stands before his words, since there is no other place.
 */
import type { Transcript } from '../../domain/transcript.ts';
import { cuesOf } from './cues.ts';
import { linesOf } from './lines.ts';
import { namesIn } from './names.ts';
import { timestamp, toMilliseconds } from './timestamps.ts';

const LOOK_ALIKES: Readonly<Record<string, string>> = { '<': '‹', '>': '›', '{': '(', '}': ')' };
const harmless = (text: string): string => text.replace(/[<>{}]/g, (character) => LOOK_ALIKES[character] ?? character);

export const toSrt = (transcript: Transcript): string => {
  const nameOf = namesIn(transcript);
  const cues = cuesOf(transcript.utterances).map(({ start, end, speakerId, text }, index) => {
    const from = toMilliseconds(start);
    const to = Math.max(from + 1, toMilliseconds(end));
    const lines = linesOf(`${nameOf(speakerId)}: ${text}`)
      .map(harmless)
      .join('\n');
    return `${index + 1}\n${timestamp(from, ',')} --> ${timestamp(to, ',')}\n${lines}\n`;
  });
  // Some stores and players refuse files without a single byte.
  return cues.length === 0 ? '\n' : cues.join('\n');
};
