/** What a room does by itself, as its creation or a start call asked for it. */

/** What follows when a recording fails while it is wanted. */
export interface OnFailure {
  readonly action: 'close-room';
  /** Time for somebody, or for us, to have the room recorded again. */
  readonly waitMs: number;
}

/** When a room is closed although people are in it. */
export interface AutoClose {
  /** After the beginning of a session. */
  readonly afterMs: number;
  /** The room has one session: nobody can join it after that has ended. */
  readonly deactivate: boolean;
}
