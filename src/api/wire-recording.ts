/** A recording as the API shows it: VideoSDK's fields, and ours (`status`, `progress`, `failureReason`, `stopReason`, `config`). */
import { z } from 'zod';
import type { RecordingView } from './ports.ts';
import { toWireComposition, wireComposition } from './wire-composition.ts';
import { toWireFile, wireFile } from './wire-file.ts';

export const wireRecording = z
  .object({
    id: z.string(),
    roomId: z.string(),
    sessionId: z.string(),
    userId: z.string(),
    start: z.string().nullable(),
    end: z.string().nullable(),
    pauses: z
      .array(z.object({ start: z.string(), end: z.string().nullable() }))
      .meta({ description: 'Left out of the file. No end: it is paused now.' }),
    createdAt: z.string(),
    updatedAt: z.string(),
    fileId: z.string().nullable(),
    file: wireFile.nullable().meta({ description: 'Null until the status is done.' }),
    status: z.enum(['starting', 'recording', 'paused', 'stopping', 'composing', 'done', 'failed']),
    progress: z.number().nullable().meta({ description: '0 to 1 of composing; null before the length is known.' }),
    failureReason: z.string().nullable(),
    stopReason: z.string().nullable(),
    config: z.object({
      layout: z.object({ type: z.string(), priority: z.string(), gridSize: z.number().int() }),
      theme: z.string(),
      mode: z.string(),
      quality: z.string(),
      orientation: z.string(),
    }),
    fileFormat: z.string(),
    compositions: z.array(wireComposition).meta({ description: 'What it was composed to again, oldest first.' }),
    links: z.object({ get_room: z.string(), get_session: z.string() }),
  })
  .meta({ id: 'Recording' });
export type WireRecording = z.infer<typeof wireRecording>;

/** `fileUrlOf` signs. */
export const toWireRecording = (
  recording: RecordingView,
  around: { userId: string; baseUrl: string; fileUrlOf: (fileId: string) => string },
): WireRecording => {
  const { file, config } = recording;
  return {
    id: recording.id,
    roomId: recording.roomId,
    sessionId: recording.sessionId,
    userId: around.userId,
    start: recording.start?.toISOString() ?? null,
    end: recording.end?.toISOString() ?? null,
    pauses: recording.pauses.map(({ start, end }) => ({
      start: start.toISOString(),
      end: end?.toISOString() ?? null,
    })),
    createdAt: recording.createdAt.toISOString(),
    updatedAt: recording.updatedAt.toISOString(),
    fileId: file?.id ?? null,
    file: file ? toWireFile(file, around.fileUrlOf(file.id)) : null,
    status: recording.status,
    progress: recording.progress,
    failureReason: recording.failureReason,
    stopReason: recording.stopReason,
    config: {
      layout: { ...config.layout },
      theme: config.theme,
      mode: config.mode,
      quality: config.quality,
      orientation: config.orientation,
    },
    fileFormat: config.fileFormat,
    compositions: recording.compositions.map((composition) => toWireComposition(composition, around)),
    links: {
      get_room: `${around.baseUrl}/v2/rooms/${recording.roomId}`,
      get_session: `${around.baseUrl}/v2/sessions/${recording.sessionId}`,
    },
  };
};
