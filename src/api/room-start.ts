/** What the start call of a room says, as the system takes it: the same whether somebody calls, or the room records itself. */
import type { RecordingConfig } from '../domain/recording.ts';
import type { OnFailure } from '../domain/room-rules.ts';
import { type RecordingFields, toRecordingConfig } from './start-recording.ts';

/** The longest that is published, and what holds where nothing is said. */
const LONGEST_WAIT_S = 150;

export interface RoomStart {
  readonly config: RecordingConfig;
  readonly onFailure: OnFailure | null;
}

/** NOT_IMPLEMENTED for what can't be done yet. */
export const toRoomStart = (fields: RecordingFields): RoomStart => {
  const config = toRecordingConfig(fields);
  const { onFailure } = fields;
  const waitMs = (onFailure?.waitTime ?? LONGEST_WAIT_S) * 1000;
  return { config, onFailure: onFailure ? { action: onFailure.action, waitMs } : null };
};
