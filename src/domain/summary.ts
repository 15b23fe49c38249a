/**
 * What a recording comes down to: made by a language model, or picked from the transcript by rules. Pure vocabulary, and at the same time
 * the shape of the `-summary.json` file.
 *
 * Invariant: every claim names at least one utterance of the transcript that it rests on, by times that are in the transcript. What
 * could not be traced back to one is not in here. Times are seconds of the recording's media time. All texts are plain text: no markup,
 * no control characters, no address that was not spoken.
 */
import type { Speaker } from './transcript.ts';

/** Where in the recording something was said. */
export interface Moment {
  readonly start: number;
  readonly end: number;
  /** Exactly as in the transcript. */
  readonly speaker: Speaker['name'];
  /** To put behind the address of a player: `#t=83.5` (W3C Media Fragments §4.2.1). */
  readonly link: string;
}

export interface Claim {
  readonly text: string;
  /** Never empty, in order of time. */
  readonly moments: readonly Moment[];
}

/** One part of the summary under the heading that the prompt asked for. An empty heading: the part stands without one. */
export interface SummarySection {
  readonly heading: string;
  readonly points: readonly Claim[];
}

/** What a stretch of the recording is about. Chapters follow each other in time and don't overlap. */
export interface Chapter {
  readonly title: string;
  readonly start: number;
  readonly end: number;
  readonly link: string;
}

export interface ActionItem extends Claim {
  /** A speaker's exact name, or a name that was spoken where the item was; null: nobody took it. */
  readonly owner: string | null;
  /** Where the owner is a speaker of the transcript. */
  readonly ownerId: Speaker['id'] | null;
  /** In the words that were spoken: "before Friday afternoon". */
  readonly due: string | null;
}

/** A day or time that was named. */
export interface SpokenDate extends Claim {
  /** In the words that were spoken: "the fifteenth of December". */
  readonly spoken: string;
}

export interface TalkTime {
  readonly speakerId: Speaker['id'];
  readonly participantId: Speaker['participantId'];
  readonly kind: Speaker['kind'];
  readonly name: Speaker['name'];
  readonly talkSeconds: number;
  /** Of all talk time, 0 to 1. */
  readonly share: number;
  readonly utterances: number;
}

/** What the model was asked, and what that cost by the operator's prices. */
export interface ModelUsage {
  /** Answers that were paid for, those that could not be used included. */
  readonly calls: number;
  /** Calls that failed (429, 5xx, network) and were made again. */
  readonly retries: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** True where the endpoint did not count its tokens, so that these are our estimates. */
  readonly estimated: boolean;
  /** Null: no prices are set. */
  readonly cost: { readonly amount: number; readonly currency: string } | null;
}

export interface Summary {
  readonly version: 1;
  /** `extractive`: sentences of the transcript word for word, picked by rules; no language model took part. */
  readonly method: 'model' | 'extractive';
  /** `openai-compatible/<model>`, or `roomtape-digest/1`. */
  readonly engine: string;
  /** Whose prompt was asked for. */
  readonly prompt: 'caller' | 'standard';
  /** Only a model can follow one. */
  readonly promptApplied: boolean;
  /** What a reader must know to judge it, in sentences. */
  readonly notes: readonly string[];
  /** BCP-47, of the transcript. */
  readonly language: string | null;
  readonly durationSeconds: number;
  readonly title: string;
  readonly sections: readonly SummarySection[];
  readonly chapters: readonly Chapter[];
  readonly decisions: readonly Claim[];
  readonly actionItems: readonly ActionItem[];
  readonly dates: readonly SpokenDate[];
  readonly participants: readonly TalkTime[];
  readonly usage: ModelUsage | null;
}

/** A summary with the text of its `-summary.txt`. The `-summary.json` is `summary` as it stands. */
export interface WrittenSummary {
  readonly summary: Summary;
  readonly text: string;
}
