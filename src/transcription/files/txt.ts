/** Plain text to be read: a paragraph for each time somebody speaks, under his name and the time. */
import type { Transcript, Utterance } from '../../domain/transcript.ts';
import { namesIn } from './names.ts';
import { oneLine } from './one-line.ts';
import { clock } from './timestamps.ts';

/** After so long a silence the same speaker begins anew. */
const PAUSE_SECONDS = 5;
/** Nobody wants to read more than so many characters without a time beside them. */
const LONGEST_PARAGRAPH = 700;

interface Paragraph {
  readonly speakerId: Utterance['speakerId'];
  readonly start: number;
  end: number;
  text: string;
}

const paragraphsOf = (utterances: readonly Utterance[]): Paragraph[] => {
  const paragraphs: Paragraph[] = [];
  for (const { start, end, speakerId, text } of utterances) {
    const line = oneLine(text);
    if (line === '') continue;
    const last = paragraphs.at(-1);
    const goesOn =
      last?.speakerId === speakerId && start - last.end < PAUSE_SECONDS && last.text.length < LONGEST_PARAGRAPH;
    if (!goesOn || !last) {
      paragraphs.push({ speakerId, start, end, text: line });
      continue;
    }
    last.text += ` ${line}`;
    last.end = end;
  }
  return paragraphs;
};

export const toTxt = (transcript: Transcript): string => {
  const nameOf = namesIn(transcript);
  const paragraphs = paragraphsOf(transcript.utterances).map(
    ({ speakerId, start, text }) => `[${clock(Math.floor(start))}] ${nameOf(speakerId)}\n${text}\n`,
  );
  return paragraphs.length === 0 ? '\n' : paragraphs.join('\n');
};
