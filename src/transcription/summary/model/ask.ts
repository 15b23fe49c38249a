/** One question with a checked answer: asked again once where the first answer can't be used, or names too much that is not there. */
import type { Conversation, Question } from '../language-model.ts';
import { type Ground, type Grounded, groundDraft, readAnswer } from './draft.ts';
import { askedAgain } from './questions.ts';

/** `unusable`: twice. The rest as in `Answer`. */
export type Checked =
  | { readonly kind: 'grounded'; readonly grounded: Grounded }
  | { readonly kind: 'unusable'; readonly problem: string }
  | { readonly kind: 'too-long' }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly detail: string;
      readonly retryable: boolean;
      readonly retryAfterMs: number | null;
    };

/** An answer of which more than this names nothing that exists was made without reading. */
const MOST_DROPPED = 1 / 4;
/** Of the numbers that don't exist, so many are named to the model. */
const EXAMPLES = 5;

const problemOf = ({ kept, dropped, invented }: Grounded): string | null => {
  if (kept > 0 && dropped <= MOST_DROPPED * (kept + dropped)) return null;
  if (invented.length > 0)
    return `It named rows that are not in the data, such as ${invented.slice(0, EXAMPLES).join(', ')}.`;
  return dropped > 0 ? 'Its texts named no rows, or times that nobody spoke.' : 'It said nothing.';
};

const better = (one: Grounded | null, other: Grounded): Grounded =>
  one !== null && one.kept > other.kept ? one : other;

/** Rejects with the signal's reason when it is aborted. */
export const askChecked = async (
  conversation: Conversation,
  question: Question,
  ground: Ground,
  signal: AbortSignal,
): Promise<Checked> => {
  let asked = question;
  let best: Grounded | null = null;
  let problem = '';
  for (const isLast of [false, true]) {
    const answer = await conversation.ask(asked, signal);
    if (answer.kind !== 'answered') {
      // What the first answer was good for is worth more than nothing.
      return isLast && best !== null && best.kept > 0 ? { kind: 'grounded', grounded: best } : answer;
    }
    const reading = readAnswer(answer.text, answer.cut);
    if ('problem' in reading) problem = reading.problem;
    else {
      const grounded = groundDraft(reading.answer, ground);
      const wrong = problemOf(grounded);
      if (wrong === null) return { kind: 'grounded', grounded };
      best = better(best, grounded);
      problem = wrong;
    }
    asked = askedAgain(question, problem);
  }
  return best !== null && best.kept > 0 ? { kind: 'grounded', grounded: best } : { kind: 'unusable', problem };
};
