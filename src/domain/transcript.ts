/**
 * What was said in a recording, speaker by speaker. Pure vocabulary: who makes it (an engine over each participant's own track), how it is
 * written to files and what is summed up from it all meet here.
 *
 * Times are seconds of the recording's media time (pauses cut out), as in the JSON of the Whisper command line. Utterances of different
 * speakers may overlap; those of one speaker don't. Order: by start, then by speaker.
 */

/** Whose track it was. The sound of a shared screen is a speaker of its own. */
export interface Speaker {
  /** Unique within a transcript: the participant's id, with `:screen` behind it for the sound of their screen. */
  readonly id: string;
  readonly participantId: string;
  readonly kind: 'microphone' | 'screen';
  /** As the room knew it; for a shared screen with words that say so. */
  readonly name: string;
}

export interface SpokenWord {
  readonly start: number;
  readonly end: number;
  readonly word: string;
}

/** One stretch of speech of one speaker. */
export interface Utterance {
  readonly start: number;
  readonly end: number;
  readonly speakerId: Speaker['id'];
  readonly text: string;
  /** BCP-47, where the engine says it or the caller gave it. */
  readonly language: string | null;
  /** Only from engines that know when each word was said. */
  readonly words: readonly SpokenWord[] | null;
}

export interface Transcript {
  /** BCP-47; of most of the speech. Null: nothing was said, or nobody knows. */
  readonly language: string | null;
  readonly durationSeconds: number;
  readonly speakers: readonly Speaker[];
  readonly utterances: readonly Utterance[];
  /** Who made it, e.g. `sherpa-onnx/moonshine-tiny-en`. */
  readonly engine: string;
}
