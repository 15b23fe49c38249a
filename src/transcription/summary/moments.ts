/** Places in a recording, made from utterances of its transcript and from nothing else; how they are linked and written. */
import type { Moment } from '../../domain/summary.ts';
import type { Transcript, Utterance } from '../../domain/transcript.ts';

/** Numbers of utterances in the transcript's order. */
export type UtteranceNumber = number;

/** `#t=83.5`: a tenth of a second is finer than any player seeks, and rounding down never cuts a word's beginning. */
export const linkTo = (seconds: number): string => `#t=${Math.floor(Math.max(0, seconds) * 10) / 10}`;

/** `0:07`, `12:40`, `1:02:03`. */
export const clock = (seconds: number): string => {
  const whole = Math.floor(Math.max(0, seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};

export const nameOf = (transcript: Transcript, speakerId: string): string =>
  transcript.speakers.find(({ id }) => id === speakerId)?.name ?? speakerId;

/** The places of these utterances: each once, in order. Numbers that are no utterance's are left out. */
export const momentsOf = (transcript: Transcript, numbers: Iterable<UtteranceNumber>): Moment[] => {
  const said = [...new Set(numbers)]
    .map((number) => transcript.utterances[number])
    .filter((utterance): utterance is Utterance => utterance !== undefined)
    .sort((one, other) => one.start - other.start);
  return said.map(({ start, end, speakerId }) => ({
    start,
    end,
    speaker: nameOf(transcript, speakerId),
    link: linkTo(start),
  }));
};
