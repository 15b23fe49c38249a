/** A merge as the API shows it: VideoSDK's fields, and ours. */
import { z } from 'zod';
import type { RecordingStatus } from '../domain/recording.ts';
import type { RecordingView } from './ports.ts';
import type { Around } from './wire-common.ts';
import { toWireFile, wireFile } from './wire-file.ts';
import { toWireWebhook, wireWebhook } from './wire-webhook.ts';

const channel = z.array(z.object({ recordingId: z.string(), participantId: z.string() }));
export const mergeStatus = z.enum(['processing', 'completed', 'failed']);

export const wireMergeRecording = z
  .object({
    id: z.string(),
    channel1: channel.meta({ description: 'On the left.' }),
    channel2: channel.meta({ description: 'On the right.' }),
    start: z.string(),
    end: z.string().nullable().meta({ description: 'Null while it is processed.' }),
    status: mergeStatus,
    roomId: z.string(),
    meetingId: z.string().meta({ description: 'The same as `roomId`.' }),
    sessionId: z.string(),
    userId: z.string(),
    file: wireFile.nullable().meta({ description: 'Null until the status is completed.' }),
    progress: z.number().nullable(),
    failureReason: z.string().nullable(),
    webhook: wireWebhook,
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'MergeRecording' });
export type WireMergeRecording = z.infer<typeof wireMergeRecording>;

/** The words of this call for the states that a merge can be in. */
export const mergeStatusOf = (status: RecordingStatus): z.infer<typeof mergeStatus> => {
  if (status === 'done') return 'completed';
  return status === 'failed' ? 'failed' : 'processing';
};

/** Throws for recordings of other subjects. */
export const toWireMerge = (recording: RecordingView, around: Around): WireMergeRecording => {
  const { subject, file } = recording;
  if (subject.kind !== 'merge') throw new Error(`The recording "${recording.id}" is no merge.`);
  const status = mergeStatusOf(recording.status);
  const ratio =
    file && file.durationSeconds > 0 ? { audio: Math.round((file.bytes / file.durationSeconds) * 10) / 10 } : {};
  return {
    id: recording.id,
    channel1: subject.channel1.map(({ recordingId, participantId }) => ({ recordingId, participantId })),
    channel2: subject.channel2.map(({ recordingId, participantId }) => ({ recordingId, participantId })),
    start: recording.createdAt.toISOString(),
    end: status === 'processing' ? null : recording.updatedAt.toISOString(),
    status,
    roomId: recording.roomId,
    meetingId: recording.roomId,
    sessionId: recording.sessionId,
    userId: around.userId,
    file: file ? { ...toWireFile(file, around.fileUrlOf(file.id)), ratio } : null,
    progress: recording.progress,
    failureReason: recording.failureReason,
    webhook: toWireWebhook(recording.webhooks ?? []),
    createdAt: recording.createdAt.toISOString(),
    updatedAt: recording.updatedAt.toISOString(),
  };
};
