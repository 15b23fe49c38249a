/** Tab-separated values as the Whisper command line writes them: milliseconds and text, a line an utterance; and behind them the speaker. */
import type { Transcript } from '../../domain/transcript.ts';
import { namesIn } from './names.ts';
import { oneLine } from './one-line.ts';
import { toMilliseconds } from './timestamps.ts';

export const toTsv = (transcript: Transcript): string => {
  const nameOf = namesIn(transcript);
  const lines = transcript.utterances.map(({ start, end, text, speakerId }) =>
    [toMilliseconds(start), toMilliseconds(end), oneLine(text), nameOf(speakerId)].join('\t'),
  );
  return ['start\tend\ttext\tspeaker', ...lines].map((line) => `${line}\n`).join('');
};
