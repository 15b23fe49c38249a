/**
 * What may be done to a recording while it runs: another layout, pausing, resuming. The media process does it and has it on disk before it
 * answers; the row follows. News carry a revision, so that an answer and the event about the same change, in whatever order, agree.
 */
import type { Catalog, RecordingRow } from '../catalog/catalog.ts';
import { findRecording, noteRecording } from '../catalog/recordings.ts';
import type { WallPause } from '../catalog/tables.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { RecordingId } from '../domain/ids.ts';
import type { LayoutChange } from '../domain/layout-change.ts';
import { isLive } from '../domain/recording.ts';
import type { LiveRecording, MediaControl } from './ports.ts';

/** Writes down how a running recording is now. Null: that was known, or the recording is not. */
export const noteLive = (catalog: Catalog, live: LiveRecording): Promise<RecordingRow | null> => {
  const { recordingId, revision = 0, layout, pauses = [] } = live;
  if (revision === 0 || !layout) return Promise.resolve(null);
  return noteRecording(catalog, recordingId as RecordingId, { revision, layout, pauses: pauses.map(wallPause) });
};

const wallPause = ({ startedAtMs, endedAtMs }: { startedAtMs: number; endedAtMs: number | null }): WallPause => ({
  start: new Date(startedAtMs).toISOString(),
  end: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
});

export class RecordingChanges {
  readonly #catalog: Catalog;
  readonly #media: MediaControl;

  constructor(options: { readonly catalog: Catalog; readonly media: MediaControl }) {
    this.#catalog = options.catalog;
    this.#media = options.media;
  }

  /** Resolves when the change is on disk. RECORDING_NOT_FOUND, RECORDING_NOT_RUNNING, MEDIA_UNAVAILABLE. */
  changeLayout(recordingId: string, change: LayoutChange): Promise<RecordingRow> {
    return this.#change(recordingId, 'its layout cannot change any more', () =>
      this.#media.changeLayout(recordingId, change),
    );
  }

  /** Nothing is recorded from now on. RECORDING_NOT_FOUND, RECORDING_NOT_RUNNING, RECORDING_PAUSED, MEDIA_UNAVAILABLE. */
  pause(recordingId: string): Promise<RecordingRow> {
    return this.#change(recordingId, 'it cannot be paused any more', () => this.#media.pauseRecording(recordingId));
  }

  /** It goes on. RECORDING_NOT_FOUND, RECORDING_NOT_RUNNING, RECORDING_NOT_PAUSED, MEDIA_UNAVAILABLE. */
  resume(recordingId: string): Promise<RecordingRow> {
    return this.#change(recordingId, 'it cannot go on any more', () => this.#media.resumeRecording(recordingId));
  }

  /** The media process tells of a change, maybe again. */
  async told(live: LiveRecording): Promise<void> {
    await noteLive(this.#catalog, live);
  }

  async #change(
    recordingId: string,
    consequence: string,
    inMedia: () => Promise<LiveRecording>,
  ): Promise<RecordingRow> {
    const row = await this.#find(recordingId);
    if (!isLive(row.status)) {
      throw new RoomtapeError('RECORDING_NOT_RUNNING', `The recording is over (${row.status}): ${consequence}.`);
    }
    return (await noteLive(this.#catalog, await inMedia())) ?? this.#find(recordingId);
  }

  async #find(recordingId: string): Promise<RecordingRow> {
    const row = await findRecording(this.#catalog, recordingId as RecordingId);
    if (!row) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
    return row;
  }
}
