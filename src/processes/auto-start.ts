/** What a room that records itself was made with, read again for each session: as the start call would take it. */
import type { ApiConfig } from '../api/api-config.ts';
import { toRoomStart } from '../api/room-start.ts';
import { recordingFields } from '../api/start-recording.ts';
import { describeIssues } from '../api/validation.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { AutoStart } from '../recordings/auto-starts.ts';
import type { StartOptions } from '../recordings/workflow.ts';

/** INVALID_REQUEST where the settings of now do not allow any more what was asked for then. */
export const readAutoStart =
  (
    config: Parameters<typeof toRoomStart>[1] & Pick<ApiConfig, 'allowPrivateUrls'>,
    start: (options: StartOptions) => Promise<unknown>,
  ) =>
  (kept: unknown): AutoStart => {
    const fields = recordingFields(config.allowPrivateUrls).safeParse(kept);
    if (!fields.success) {
      const words = describeIssues(fields.error, kept, 'What the room was made with');
      throw new RoomtapeError('INVALID_REQUEST', words, { cause: fields.error });
    }
    const options = toRoomStart(fields.data, config, new Date());
    return {
      config: options.config,
      onFailure: options.onFailure,
      webhookUrl: options.webhookUrl,
      start: (target) => start({ ...options, ...target }),
    };
  };
