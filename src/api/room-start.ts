/** What the start call of a room says, as the system takes it: the same whether somebody calls, or the room records itself. */
import type { Destinations } from '../domain/delivery.ts';
import type { RecordingConfig } from '../domain/recording.ts';
import type { OnFailure } from '../domain/room-rules.ts';
import type { TranscriptionRequest } from '../domain/transcription.ts';
import type { ApiConfig } from './api-config.ts';
import { askedDelivery } from './start-delivery.ts';
import { type RecordingFields, toRecordingConfig } from './start-recording.ts';
import { askedTranscription } from './start-transcription.ts';

/** The longest that is published, and what holds where nothing is said. */
const LONGEST_WAIT_S = 150;

export interface RoomStart {
  readonly config: RecordingConfig;
  readonly onFailure: OnFailure | null;
  readonly destinations?: Destinations;
  readonly warnings?: readonly string[];
  readonly webhookUrl?: string | undefined;
  readonly transcription?: TranscriptionRequest | undefined;
}

/** NOT_IMPLEMENTED for what can't be done yet, INVALID_REQUEST for destinations that can't work. */
export const toRoomStart = (
  fields: RecordingFields,
  config: Pick<ApiConfig, 'hasBucket' | 'maxRecordingDurationMs'>,
  now: Date,
): RoomStart => {
  const recordingConfig = toRecordingConfig(fields);
  const { onFailure, awsDirPath, preSignedUrl } = fields;
  const asked = askedDelivery(
    {
      directory: { name: 'awsDirPath', value: awsDirPath },
      preSignedUrl: { name: 'preSignedUrl', value: preSignedUrl },
    },
    config,
    now,
  );
  const waitMs = (onFailure?.waitTime ?? LONGEST_WAIT_S) * 1000;
  return {
    config: recordingConfig,
    webhookUrl: fields.webhookUrl,
    transcription: askedTranscription(fields),
    onFailure: onFailure ? { action: onFailure.action, waitMs } : null,
    ...asked,
  };
};
