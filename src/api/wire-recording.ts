/** A recording as the API shows it: VideoSDK's fields, and ours (`status`, `progress`, `failureReason`, `stopReason`, `config`). */
import { z } from 'zod';
import type { RecordingView } from './ports.ts';
import { type Around, commonFields, toCommonFields } from './wire-common.ts';
import { toWireComposition, wireComposition } from './wire-composition.ts';
import { toWireFile, wireFile } from './wire-file.ts';
import { toWirePurge, wirePurge } from './wire-purge.ts';
import { wireTranscription } from './wire-transcription.ts';

export const wireRecording = z
  .object({
    ...commonFields,
    pauses: z
      .array(z.object({ start: z.string(), end: z.string().nullable() }))
      .meta({ description: 'Left out of the file. No end: it is paused now.' }),
    fileId: z.string().nullable(),
    file: wireFile.nullable().meta({ description: 'Null until the status is done.' }),
    progress: z.number().nullable().meta({ description: '0 to 1 of composing; null before the length is known.' }),
    config: z.object({
      layout: z.object({ type: z.string(), priority: z.string(), gridSize: z.number().int() }),
      theme: z.string(),
      mode: z.string(),
      quality: z.string(),
      orientation: z.string(),
    }),
    fileFormat: z.string(),
    purges: z.array(wirePurge).meta({ description: 'Participants whose media was, or is being, taken out.' }),
    transcription: wireTranscription
      .nullable()
      .optional()
      .meta({ description: 'Only where `withTranscription` asks for it. Null: nothing was transcribed.' }),
    compositions: z.array(wireComposition).meta({ description: 'What it was composed to again, oldest first.' }),
  })
  .meta({ id: 'Recording' });
export type WireRecording = z.infer<typeof wireRecording>;

export const toWireRecording = (recording: RecordingView, around: Around): WireRecording => {
  const { file, config } = recording;
  return {
    ...toCommonFields(recording, around),
    pauses: recording.pauses.map(({ start, end }) => ({
      start: start.toISOString(),
      end: end?.toISOString() ?? null,
    })),
    fileId: file?.id ?? null,
    file: file ? toWireFile(file, around.fileUrlOf(file.id)) : null,
    progress: recording.progress,
    config: {
      layout: { ...config.layout },
      theme: config.theme,
      mode: config.mode,
      quality: config.quality,
      orientation: config.orientation,
    },
    fileFormat: config.fileFormat,
    purges: (recording.purges ?? []).map(toWirePurge),
    compositions: recording.compositions.map((composition) => toWireComposition(composition, around)),
  };
};
