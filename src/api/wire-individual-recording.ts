/** A recording of one participant, or of one track, as the API shows it: VideoSDK's fields, and ours. */
import { z } from 'zod';
import type { RecordingView } from './ports.ts';
import { kindOf, trackKind } from './start-subject.ts';
import { type Around, commonFields, toCommonFields } from './wire-common.ts';
import { toSeconds, toWireFile, wireFile } from './wire-file.ts';

const file = wireFile.extend({
  offset: z.number().meta({ description: "Seconds from the recording's start to the file's beginning." }),
});

export const wireIndividualRecording = z
  .object({
    ...commonFields,
    participantId: z.string(),
    participantName: z.string(),
    kind: trackKind.optional().meta({ description: 'Of a track recording.' }),
    fileFormat: z.string().meta({ description: 'As asked for; the ending of `files[].filePath` is what each is in.' }),
    metadata: z.record(z.string(), z.unknown()).optional(),
    files: z.array(file).meta({ description: 'Empty until the status is done. A track that was never on has none.' }),
  })
  .meta({ id: 'IndividualRecording' });
export type WireIndividualRecording = z.infer<typeof wireIndividualRecording>;

/** Throws for recordings of other subjects. */
export const toWireIndividual = (recording: RecordingView, around: Around): WireIndividualRecording => {
  const { subject } = recording;
  if (subject.kind !== 'participant' && subject.kind !== 'track')
    throw new Error(`The recording "${recording.id}" is not about one participant.`);
  return {
    ...toCommonFields(recording, around),
    participantId: subject.participantId,
    participantName: subject.participantName,
    ...(subject.kind === 'track' && { kind: kindOf(subject.source) }),
    fileFormat: (subject.kind === 'track' && subject.encodeAs) || recording.config.fileFormat,
    ...(subject.kind === 'participant' && subject.metadata && { metadata: { ...subject.metadata } }),
    files: recording.files.map((one) => ({
      ...toWireFile(one, around.fileUrlOf(one.id)),
      offset: toSeconds(one.offsetSeconds ?? 0),
    })),
  };
};
