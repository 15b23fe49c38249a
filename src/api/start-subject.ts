/**
 * What the start calls for one participant, or one track of a participant, may say. As with rooms: every documented field is validated,
 * what this server can't do yet is refused by name (501), unknown fields are ignored.
 */
import { z } from 'zod';
import type { RecordingConfig } from '../domain/recording.ts';
import { TRACK_KINDS, type TrackKind } from '../domain/track-kind.ts';
import { outboundUrl } from './outbound-url.ts';
import type { SubjectRequest } from './ports.ts';
import { bucketPath } from './start-delivery.ts';
import { refuseNotImplemented, WEBHOOK_URL } from './start-recording.ts';

export { kindOf, TRACK_KINDS, type TrackKind } from '../domain/track-kind.ts';

export const trackKind = z.enum(['audio', 'video', 'screen_audio', 'screen_video']);

/** null and '' mean "off". */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional()).optional();

const roomId = z.string().min(1).max(256).meta({ description: 'Room id or customRoomId.' });
const participantId = z.string().min(1).max(64);
const shared = (allowed: true | readonly string[]) =>
  z.object({
    roomId,
    participantId,
    webhookUrl: optional(outboundUrl(allowed)).meta({ description: WEBHOOK_URL }),
    bucketDirPath: optional(bucketPath).meta({ description: 'Directory in the configured bucket.' }),
  });

/** What /api-docs offers to try. */
const example = (fields: object) => ({
  'x-examples': {
    one: { summary: 'What works', value: { roomId: '2kyv-gzay-64pg', participantId: 'k3j9x0ab', ...fields } },
  },
});

export const participantStart = (allowed: true | readonly string[]) =>
  shared(allowed)
    .extend({
      fileFormat: optional(z.enum(['webm', 'mp4', 'm3u8'])).meta({
        description: 'webm (default) or mp4; H.264 is always in mp4 and VP8 in webm, since nothing is encoded anew.',
      }),
      metadata: optional(z.record(z.string(), z.unknown())).meta({ description: 'Answered with the recording.' }),
    })
    .meta(example({ fileFormat: 'webm' }));
export const trackStart = (allowed: true | readonly string[]) =>
  shared(allowed)
    .extend({ kind: trackKind, fileFormat: optional(z.enum(['webm', 'mp4', 'm3u8', 'mp3'])) })
    .meta(example({ kind: 'audio' }));
export const participantStop = z.object({ roomId, participantId });
export const trackStop = participantStop.extend({ kind: trackKind });

interface StartFields {
  readonly participantId: string;
  readonly kind?: TrackKind;
  readonly fileFormat?: 'webm' | 'mp4' | 'm3u8' | 'mp3' | undefined;
  readonly metadata?: Record<string, unknown> | undefined;
}

/** NOT_IMPLEMENTED for what can't be done yet. */
export const toSubject = (fields: StartFields): { subject: SubjectRequest; config: RecordingConfig } => {
  const { participantId, kind, fileFormat = 'webm', metadata } = fields;
  const isCopied = fileFormat === 'webm' || fileFormat === 'mp4';
  refuseNotImplemented([['fileFormat', isCopied ? undefined : fileFormat]]);
  const subject: SubjectRequest = kind
    ? { kind: 'track', participantId, source: TRACK_KINDS[kind] }
    : { kind: 'participant', participantId, ...(metadata && { metadata }) };
  return { subject, config: { ...COPIED, fileFormat: fileFormat === 'mp4' ? 'mp4' : 'webm' } };
};

/** Of what is copied nothing but the container can be chosen; the rest stands for nothing. */
const COPIED: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 1 },
  theme: 'DEFAULT',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'webm',
};
