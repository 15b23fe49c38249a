/** The part of `media-captions` that tests use: its own types can't be resolved by Node's rules. */
declare module 'media-captions' {
  export interface Cue {
    readonly startTime: number;
    readonly endTime: number;
    readonly text: string;
  }
  export const parseText: (
    text: string,
    options?: { readonly type?: 'vtt' | 'srt'; readonly strict?: boolean },
  ) => Promise<{ readonly cues: readonly Cue[]; readonly errors: readonly Error[] }>;
}
