/** A recording as the API shows it: VideoSDK's fields, and ours (`status`, `progress`, `failureReason`, `stopReason`, `config`). */
import { z } from 'zod';
import type { FileView, RecordingView } from './ports.ts';

export const wireFile = z.object({
  id: z.string(),
  type: z.enum(['video', 'audio']),
  filePath: z.string(),
  fileUrl: z.string().meta({ description: 'Signed; expires. GET the recording for a fresh one.' }),
  size: z.number().int(),
  meta: z.object({
    resolution: z.object({ width: z.number().int(), height: z.number().int() }).nullable(),
    format: z.string(),
    duration: z.number(),
  }),
  ratio: z.record(z.string(), z.number()).meta({ description: 'Height → bytes per second.' }),
  userStorage: z.null(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

export const wireRecording = z
  .object({
    id: z.string(),
    roomId: z.string(),
    sessionId: z.string(),
    userId: z.string(),
    start: z.string().nullable(),
    end: z.string().nullable(),
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
    links: z.object({ get_room: z.string(), get_session: z.string() }),
  })
  .meta({ id: 'Recording' });
export type WireRecording = z.infer<typeof wireRecording>;

export const toWireFile = (file: FileView, fileUrl: string): z.infer<typeof wireFile> => {
  const { width, height, bytes, durationSeconds } = file;
  const bytesPerSecond = durationSeconds > 0 ? Math.round((bytes / durationSeconds) * 10) / 10 : 0;
  return {
    id: file.id,
    type: file.type,
    filePath: file.filePath,
    fileUrl,
    size: bytes,
    meta: {
      resolution: width !== null && height !== null ? { width, height } : null,
      format: file.format,
      duration: durationSeconds,
    },
    ratio: height === null ? {} : { [String(height)]: bytesPerSecond },
    userStorage: null,
    createdAt: file.createdAt.toISOString(),
    updatedAt: file.createdAt.toISOString(),
  };
};

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
    links: {
      get_room: `${around.baseUrl}/v2/rooms/${recording.roomId}`,
      get_session: `${around.baseUrl}/v2/sessions/${recording.sessionId}`,
    },
  };
};
