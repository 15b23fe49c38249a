/** What is said of a finished file. */

/** `width` and `height` are null where there is no picture; `format` is the file's extension. */
export interface ArtifactFacts {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly durationSeconds: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly format: 'mp4' | 'm4a' | 'webm';
  /** Bytes of coded picture alone. */
  readonly videoBytes: number;
}
