/** WebVTT (W3C): every cue in a voice span of its speaker. Cues of people who spoke at once overlap; players show both. */
import type { Transcript } from '../../domain/transcript.ts';
import { cuesOf } from './cues.ts';
import { linesOf } from './lines.ts';
import { namesIn } from './names.ts';
import { timestamp, toMilliseconds } from './timestamps.ts';

/** §4.2.2 (cue text) and §4.2.1.1 (annotations). An arrow can't be left over, as `>` is none. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export const toVtt = (transcript: Transcript): string => {
  const nameOf = namesIn(transcript);
  const cues = cuesOf(transcript.utterances).map(({ start, end, speakerId, text }, index) => {
    const from = toMilliseconds(start);
    const to = Math.max(from + 1, toMilliseconds(end));
    const lines = linesOf(text).map(escaped).join('\n');
    return `${index + 1}\n${timestamp(from, '.')} --> ${timestamp(to, '.')}\n<v ${escaped(nameOf(speakerId))}>${lines}</v>\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
};
