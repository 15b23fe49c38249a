/** What the doctor found about one thing. `words` go behind the name of the thing: one sentence, what is wrong and what to do. */
export type Verdict = 'ok' | 'warning' | 'error';

export interface Finding {
  readonly about: string;
  readonly verdict: Verdict;
  readonly words: string;
}
