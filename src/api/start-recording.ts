/**
 * What a start call may say. Every documented field is validated; those that this server can't do yet are refused by name (501),
 * never ignored. Unknown fields are ignored, as callers of the API rely on it. null, false and empty text mean "off".
 */
import { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import { DEFAULT_GRID_SIZE } from '../domain/layout-change.ts';
import type { RecordingConfig } from '../domain/recording.ts';
import { given, orOff as optional } from './optional-field.ts';
import { outboundUrl } from './outbound-url.ts';
import { bucketPath } from './start-delivery.ts';
import { summaryFields, transcriptionFields } from './start-transcription.ts';

/** A layout, or a change of one: what is left out stays as it is, or gets its default. */
export const layoutFields = z.object({
  type: given(z.enum(['GRID', 'SPOTLIGHT', 'SIDEBAR'])).meta({
    description:
      'Equal tiles; who speaks alone; who speaks large, with up to five beside. A share takes the large place.',
  }),
  priority: given(z.enum(['SPEAKER', 'PIN'])).meta({
    description: 'PIN: SPOTLIGHT and SIDEBAR show pinned people and their shares alone; a grid while nobody is pinned.',
  }),
  gridSize: given(z.number().int().min(0).max(25)).meta({
    description: 'Most tiles at once, 1–25; 0 is the default, 4.',
  }),
});
/** What a recording looks and sounds like. */
export const recordingConfigFields = z.object({
  layout: optional(layoutFields),
  theme: given(z.enum(['DARK', 'LIGHT', 'DEFAULT'])),
  mode: given(z.enum(['video-and-audio', 'audio'])),
  quality: given(z.enum(['low', 'med', 'high', 'ultra'])),
  orientation: given(z.enum(['landscape', 'portrait'])),
});

export const WEBHOOK_URL = 'Told of this recording, besides the endpoint of its room: docs/webhooks.md.';

/** The fields of a start call besides the room. `allowed`: see `outboundUrl`. */
export const recordingFields = (allowed: true | readonly string[]) =>
  z.object({
    config: optional(recordingConfigFields),
    fileFormat: given(z.enum(['mp4', 'webm'])).meta({
      description: 'mp4: H.264 and AAC (M4A for sound alone). webm: VP9 and Opus.',
    }),
    templateUrl: optional(outboundUrl(allowed)),
    transcription: optional(transcriptionFields),
    summary: optional(summaryFields),
    webhookUrl: optional(outboundUrl(allowed)).meta({ description: WEBHOOK_URL }),
    awsDirPath: optional(bucketPath).meta({ description: 'Directory in the configured bucket.' }),
    preSignedUrl: optional(outboundUrl(allowed)).meta({ description: 'Presigned PUT of S3, GCS or Azure Blob.' }),
    onFailure: optional(z.object({ action: z.literal('close-room'), waitTime: given(z.number().min(0).max(150)) })),
  });
export type RecordingFields = z.infer<ReturnType<typeof recordingFields>>;

/** What whoever tries the call out at /api-docs finds there: everything that works. */
const EXAMPLE = {
  roomId: '2kyv-gzay-64pg',
  config: {
    layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
    theme: 'DARK',
    mode: 'video-and-audio',
    quality: 'med',
    orientation: 'landscape',
  },
  fileFormat: 'mp4',
  transcription: { enabled: true, language: 'en', summary: { enabled: true } },
  webhookUrl: 'https://example.org/hook',
};

export const startBody = (allowed: true | readonly string[]) =>
  recordingFields(allowed)
    .extend({
      roomId: given(z.string().min(1).max(256)).meta({
        description: 'Room id or customRoomId; may stand in the query instead.',
      }),
    })
    // Not `examples`: zod leaves those away where values are transformed.
    .meta({ 'x-examples': { grid: { summary: 'What works now', value: EXAMPLE } } });

/** NOT_IMPLEMENTED with the name of the first field that stands in the way. URLs are not repeated: they may carry signatures. */
export const refuseNotImplemented = (pending: readonly (readonly [field: string, value: unknown])[]): void => {
  for (const [field, value] of pending) {
    if (value === undefined || value === false) continue;
    const isShort = typeof value === 'string' && /^[\w-]{1,20}$/.test(value);
    const words = value === true || isShort ? `"${field}": ${JSON.stringify(value)}` : `"${field}"`;
    throw new RoomtapeError('NOT_IMPLEMENTED', `${words} is not implemented yet. Leave it out to go on without it.`);
  }
};

/** The validated, defaulted configuration. NOT_IMPLEMENTED for what can't be done yet. */
export const toRecordingConfig = (fields: RecordingFields): RecordingConfig => {
  const { layout, orientation, quality, mode, theme } = fields.config ?? {};
  refuseNotImplemented([['templateUrl', fields.templateUrl]]);
  return {
    layout: {
      type: layout?.type ?? 'GRID',
      priority: layout?.priority ?? 'SPEAKER',
      gridSize: layout?.gridSize || DEFAULT_GRID_SIZE,
    },
    theme: theme ?? 'DEFAULT',
    mode: mode ?? 'video-and-audio',
    quality: quality ?? 'med',
    orientation: orientation ?? 'landscape',
    fileFormat: fields.fileFormat ?? 'mp4',
  };
};
