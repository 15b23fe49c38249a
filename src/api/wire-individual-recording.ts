/** A recording of one participant, or of one track, as the API shows it: VideoSDK's fields, and ours. */
import { z } from 'zod';
import type { RecordingView } from './ports.ts';
import { kindOf, trackKind } from './start-subject.ts';
import { toWireFile, wireFile } from './wire-file.ts';

const file = wireFile.extend({
  offset: z.number().meta({ description: "Seconds from the recording's start to the file's beginning." }),
});

export const wireIndividualRecording = z
  .object({
    id: z.string(),
    roomId: z.string(),
    sessionId: z.string(),
    userId: z.string(),
    participantId: z.string(),
    participantName: z.string(),
    kind: trackKind.optional().meta({ description: 'Of a track recording.' }),
    fileFormat: z.string().meta({ description: 'As asked for; `files[].meta.format` is what each is in.' }),
    metadata: z.record(z.string(), z.unknown()).optional(),
    start: z.string().nullable(),
    end: z.string().nullable(),
    files: z.array(file).meta({ description: 'Empty until the status is done. A track that was never on has none.' }),
    status: z.enum(['starting', 'recording', 'paused', 'stopping', 'composing', 'done', 'failed']),
    failureReason: z.string().nullable(),
    stopReason: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
    links: z.object({ get_room: z.string(), get_session: z.string() }),
  })
  .meta({ id: 'IndividualRecording' });
export type WireIndividualRecording = z.infer<typeof wireIndividualRecording>;

/** `fileUrlOf` signs. Throws for recordings of other subjects. */
export const toWireIndividual = (
  recording: RecordingView,
  around: { userId: string; baseUrl: string; fileUrlOf: (fileId: string) => string },
): WireIndividualRecording => {
  const { subject } = recording;
  if (subject.kind !== 'participant' && subject.kind !== 'track')
    throw new Error(`The recording "${recording.id}" is not about one participant.`);
  return {
    id: recording.id,
    roomId: recording.roomId,
    sessionId: recording.sessionId,
    userId: around.userId,
    participantId: subject.participantId,
    participantName: subject.participantName,
    ...(subject.kind === 'track' && { kind: kindOf(subject.source) }),
    fileFormat: recording.config.fileFormat,
    ...(subject.kind === 'participant' && subject.metadata && { metadata: { ...subject.metadata } }),
    start: recording.start?.toISOString() ?? null,
    end: recording.end?.toISOString() ?? null,
    files: recording.files.map((one) => ({
      ...toWireFile(one, around.fileUrlOf(one.id)),
      offset: one.offsetSeconds ?? 0,
    })),
    status: recording.status,
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
