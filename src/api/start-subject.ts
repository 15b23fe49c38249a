/**
 * What the start calls for one participant, or one track of a participant, may say. As with rooms: every documented field is validated,
 * what this server can't do yet is refused by name (501), unknown fields are ignored.
 */
import { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import { mediaKindOf } from '../domain/media.ts';
import type { RecordingConfig } from '../domain/recording.ts';
import { TRACK_KINDS, type TrackKind } from '../domain/track-kind.ts';
import { optional } from './optional-field.ts';
import { outboundUrl } from './outbound-url.ts';
import type { SubjectName, SubjectRequest } from './ports.ts';
import { bucketPath } from './start-delivery.ts';
import { refuseNotImplemented, WEBHOOK_URL } from './start-recording.ts';

export { kindOf, TRACK_KINDS, type TrackKind } from '../domain/track-kind.ts';

export const trackKind = z.enum(['audio', 'video', 'screen_audio', 'screen_video']);

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
    .extend({
      kind: trackKind,
      fileFormat: optional(z.enum(['webm', 'mp4', 'm3u8', 'mp3'])).meta({
        description: 'webm (default) or mp4, as with participants; mp3 for sound.',
      }),
    })
    .meta(example({ kind: 'audio' }));
export const participantStop = z.object({ roomId, participantId });
export const trackStop = participantStop.extend({ kind: trackKind });

/** Who is meant; with a `kind`, which of his tracks. */
export interface StopFields {
  readonly roomId: string;
  readonly participantId: string;
  readonly kind?: TrackKind;
}
export interface StartFields extends StopFields {
  readonly fileFormat?: 'webm' | 'mp4' | 'm3u8' | 'mp3' | undefined;
  readonly webhookUrl?: string | undefined;
  readonly bucketDirPath?: string | undefined;
  readonly metadata?: Record<string, unknown> | undefined;
}

export const toSubjectName = ({ participantId, kind }: StopFields): SubjectName =>
  kind ? { kind: 'track', participantId, source: TRACK_KINDS[kind] } : { kind: 'participant', participantId };

/** NOT_IMPLEMENTED for what can't be done yet; INVALID_REQUEST for pictures as MP3. */
export const toSubject = (fields: StartFields): { subject: SubjectRequest; config: RecordingConfig } => {
  const { participantId, kind, fileFormat = 'webm', metadata } = fields;
  refuseNotImplemented([['fileFormat', fileFormat === 'm3u8' ? fileFormat : undefined]]);
  const config = { ...COPIED, fileFormat: fileFormat === 'mp4' ? 'mp4' : 'webm' } as const;
  if (!kind) return { subject: { kind: 'participant', participantId, ...(metadata && { metadata }) }, config };
  const source = TRACK_KINDS[kind];
  if (fileFormat !== 'mp3') return { subject: { kind: 'track', participantId, source }, config };
  if (mediaKindOf(source) === 'audio')
    return { subject: { kind: 'track', participantId, source, encodeAs: 'mp3' }, config };
  const text = `"fileFormat" is "mp3", which holds sound alone: for "kind" "${kind}" it must be "webm" or "mp4".`;
  throw new RoomtapeError('INVALID_REQUEST', text);
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
