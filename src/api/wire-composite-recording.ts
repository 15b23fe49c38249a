/** A composite recording as the API shows it: VideoSDK's fields, and ours. */
import { z } from 'zod';
import type { RecordingView } from './ports.ts';
import { kindOf, trackKind } from './start-subject.ts';
import { toWireFile, wireFile } from './wire-file.ts';

export const wireCompositeRecording = z
  .object({
    id: z.string(),
    recordingId: z.string().meta({ description: 'The same as `id`: what a stop call names.' }),
    roomId: z.string(),
    meetingId: z.string().meta({ description: 'The same as `roomId`.' }),
    sessionId: z.string(),
    userId: z.string(),
    participants: z
      .array(z.object({ participantId: z.string(), kind: z.array(trackKind) }))
      .meta({ description: 'Who was chosen; nobody: everybody is composed.' }),
    watermarks: z.array(
      z.object({ hasImage: z.boolean(), text: z.string(), timezone: z.string().nullable(), position: z.string() }),
    ),
    fileFormat: z.string(),
    start: z.string().nullable(),
    end: z.string().nullable(),
    fileId: z.string().nullable(),
    file: wireFile.nullable().meta({ description: 'Null until the status is done.' }),
    status: z.enum(['starting', 'recording', 'paused', 'stopping', 'composing', 'done', 'failed']),
    progress: z.number().nullable(),
    failureReason: z.string().nullable(),
    stopReason: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
    links: z.object({ get_room: z.string(), get_session: z.string() }),
  })
  .meta({ id: 'CompositeRecording' });
export type WireCompositeRecording = z.infer<typeof wireCompositeRecording>;

/** `fileUrlOf` signs. Throws for recordings of other subjects. */
export const toWireComposite = (
  recording: RecordingView,
  around: { userId: string; baseUrl: string; fileUrlOf: (fileId: string) => string },
): WireCompositeRecording => {
  const { subject, file } = recording;
  if (subject.kind !== 'composite') throw new Error(`The recording "${recording.id}" is no composite.`);
  return {
    id: recording.id,
    recordingId: recording.id,
    roomId: recording.roomId,
    meetingId: recording.roomId,
    sessionId: recording.sessionId,
    userId: around.userId,
    participants: subject.participants.map(({ participantId, sources }) => ({
      participantId,
      kind: sources.map(kindOf),
    })),
    watermarks: subject.watermarks.map(({ image, text, timezone, place }) => ({
      hasImage: image !== null,
      text,
      timezone,
      position: place,
    })),
    fileFormat: recording.config.fileFormat,
    start: recording.start?.toISOString() ?? null,
    end: recording.end?.toISOString() ?? null,
    fileId: file?.id ?? null,
    file: file ? toWireFile(file, around.fileUrlOf(file.id)) : null,
    status: recording.status,
    progress: recording.progress,
    failureReason: recording.failureReason,
    stopReason: recording.stopReason,
    createdAt: recording.createdAt.toISOString(),
    updatedAt: recording.updatedAt.toISOString(),
    links: {
      get_room: `${around.baseUrl}/v2/rooms/${recording.roomId}`,
      get_session: `${around.baseUrl}/v2/sessions/${recording.sessionId}`,
    },
  };
};
