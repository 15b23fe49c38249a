/** A finished file, as the API shows it. */
import { z } from 'zod';
import type { FileView } from './ports.ts';
import { toWireStored, wireStored } from './wire-delivery.ts';

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
      format: file.format,
      duration: durationSeconds,
    },
    ratio: height === null ? {} : { [String(height)]: bytesPerSecond },
    userStorage: file.userStorage ? toWireStored(file.userStorage) : null,
    createdAt: file.createdAt.toISOString(),
    updatedAt: file.createdAt.toISOString(),
  };
};
