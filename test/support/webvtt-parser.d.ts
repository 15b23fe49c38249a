/** The part of `webvtt-parser`, which brings no types, that tests use. */
declare module 'webvtt-parser' {
  interface Node {
    readonly type: string;
    /** Of text: itself; of a voice: the name. */
    readonly value?: string;
    readonly children: readonly Node[];
  }
  export class WebVTTParser {
    parse(text: string): {
      readonly cues: readonly { readonly startTime: number; readonly endTime: number; readonly tree: Node }[];
      readonly errors: readonly { readonly message: string; readonly line: number }[];
    };
  }
}
