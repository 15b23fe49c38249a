/**
 * The shape of the Whisper command line: `text`, `segments` of `id, start, end, text` and, from engines that know them, `words`, `language`.
 * Ours besides: who spoke, how long the recording is, who made it. Times are seconds of media time.
 */
import type { Transcript } from '../../domain/transcript.ts';
import { namesIn } from './names.ts';

/** Milliseconds are all that anybody can use. */
const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;

export const toJson = (transcript: Transcript): string => {
  const nameOf = namesIn(transcript);
  const { utterances, speakers, language, durationSeconds, engine } = transcript;
  const segments = utterances.map(({ start, end, text, speakerId, words, language: spoken }, id) => ({
    id,
    start: rounded(start),
    end: rounded(end),
    text,
    speaker: nameOf(speakerId),
    speakerId,
    language: spoken,
    ...(words && {
      words: words.map((word) => ({ word: word.word, start: rounded(word.start), end: rounded(word.end) })),
    }),
  }));
  const file = {
    text: utterances.map(({ text }) => text).join(' '),
    segments,
    language,
    duration: rounded(durationSeconds),
    speakers: speakers.map(({ id, participantId, kind }) => ({ id, participantId, kind, name: nameOf(id) })),
    engine,
  };
  return `${JSON.stringify(file, null, 1)}\n`;
};
