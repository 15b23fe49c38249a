/** A composite recording as the API shows it: VideoSDK's fields, and ours. */
import { z } from 'zod';
import type { RecordingView } from './ports.ts';
import { kindOf, trackKind } from './start-subject.ts';
import { type Around, commonFields, toCommonFields } from './wire-common.ts';
import { toWireFile, wireFile } from './wire-file.ts';

export const wireCompositeRecording = z
  .object({
    ...commonFields,
    recordingId: z.string().meta({ description: 'The same as `id`: what a stop call names.' }),
    meetingId: z.string().meta({ description: 'The same as `roomId`.' }),
    participants: z
      .array(z.object({ participantId: z.string(), kind: z.array(trackKind) }))
      .meta({ description: 'Who was chosen; nobody: everybody is composed.' }),
    watermarks: z.array(
      z.object({
        hasImage: z.boolean(),
        text: z.string(),
        topic: z.string().optional(),
        timezone: z.string().nullable(),
        position: z.string(),
      }),
    ),
    fileFormat: z.string(),
    fileId: z.string().nullable(),
    file: wireFile.nullable().meta({ description: 'Null until the status is done.' }),
    progress: z.number().nullable(),
  })
  .meta({ id: 'CompositeRecording' });
export type WireCompositeRecording = z.infer<typeof wireCompositeRecording>;

/** Throws for recordings of other subjects. */
export const toWireComposite = (recording: RecordingView, around: Around): WireCompositeRecording => {
  const { subject, file } = recording;
  if (subject.kind !== 'composite') throw new Error(`The recording "${recording.id}" is no composite.`);
  return {
    ...toCommonFields(recording, around),
    recordingId: recording.id,
    meetingId: recording.roomId,
    participants: subject.participants.map(({ participantId, sources }) => ({
      participantId,
      kind: sources.map(kindOf),
    })),
    watermarks: subject.watermarks.map(({ image, text, topic, timezone, place }) => ({
      hasImage: image !== null,
      text,
      ...(topic && { topic }),
      timezone,
      position: place,
    })),
    fileFormat: recording.config.fileFormat,
    fileId: file?.id ?? null,
    file: file ? toWireFile(file, around.fileUrlOf(file.id)) : null,
    progress: recording.progress,
  };
};
