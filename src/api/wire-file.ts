/** A finished file, as the API shows it. */
import { z } from 'zod';
import type { FileView } from './ports.ts';
import { toWireStored, wireStored } from './wire-delivery.ts';

/** What containers are called in this API, and by ffprobe, by our names of them. */
const FORMATS: Readonly<Record<string, string>> = {
  mp4: 'mov,mp4,m4a,3gp,3g2,mj2',
  m4a: 'mov,mp4,m4a,3gp,3g2,mj2',
  webm: 'matroska,webm',
};

/** Milliseconds are all that anybody can use. */
export const toSeconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;

export const wireFile = z.object({
  id: z.string(),
  type: z.enum(['video', 'audio']),
  filePath: z.string(),
  fileUrl: z.string().meta({ description: 'Signed; expires. GET the recording for a fresh one.' }),
  size: z.number().int(),
  meta: z.object({
    resolution: z.object({ width: z.number().int(), height: z.number().int() }).nullable(),
    format: z.string().meta({ description: 'As ffprobe calls the container; the ending of `filePath` is shorter.' }),
    duration: z.number(),
  }),
  ratio: z.record(z.string(), z.number()).meta({ description: 'Height → bytes per second.' }),
  userStorage: wireStored.nullable().meta({ description: 'Where it was delivered to.' }),
  createdAt: z.string(),
  updatedAt: z.string(),
});

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
      format: FORMATS[file.format] ?? file.format,
      duration: toSeconds(durationSeconds),
    },
    ratio: height === null ? {} : { [String(height)]: bytesPerSecond },
    userStorage: file.userStorage ? toWireStored(file.userStorage) : null,
    createdAt: file.createdAt.toISOString(),
    updatedAt: file.createdAt.toISOString(),
  };
};
