/** Files of one recording: there may be several, each begins somewhere in it. */
import type { CopiedFacts } from './copied-file.ts';

export interface CopiedPart {
  readonly facts: CopiedFacts;
  /** Of the file's beginning, from the recording's start. */
  readonly offsetSeconds: number;
}

/** Path of the n-th file without its extension. The first has the name itself. */
export const partName = (artifactPath: string, index: number): string =>
  index === 0 ? artifactPath : `${artifactPath}-${index}`;
