/** A recording composed again, as the API shows it. Ours: nothing like it is published. */
import { z } from 'zod';
import type { CompositionView } from './ports.ts';
import { toWireFile, wireFile } from './wire-file.ts';

export const wireComposition = z
  .object({
    id: z.string(),
    recordingId: z.string(),
    status: z.enum(['queued', 'composing', 'done', 'failed']),
    progress: z.number().nullable().meta({ description: '0 to 1; null before the length is known.' }),
    failureReason: z.string().nullable(),
    config: z.object({
      layout: z
        .object({ type: z.string(), priority: z.string(), gridSize: z.number().int() })
        .nullable()
        .meta({ description: 'Null: as it was while it was recorded, changes included.' }),
      theme: z.string(),
      mode: z.string(),
      quality: z.string(),
      orientation: z.string(),
      excludeParticipants: z.array(z.string()),
    }),
    fileFormat: z.string(),
    fileId: z.string().nullable(),
    file: wireFile.nullable().meta({ description: 'Null until the status is done.' }),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Composition' });
export type WireComposition = z.infer<typeof wireComposition>;

/** `fileUrlOf` signs. */
export const toWireComposition = (
  composition: CompositionView,
  around: { readonly fileUrlOf: (fileId: string) => string },
): WireComposition => {
  const { config, fixedLayout, excludeParticipants } = composition.request;
  const { file } = composition;
  return {
    id: composition.id,
    recordingId: composition.recordingId,
    status: composition.status,
    progress: composition.progress,
    failureReason: composition.failureReason,
    config: {
      layout: fixedLayout ? { ...config.layout } : null,
      theme: config.theme,
      mode: config.mode,
      quality: config.quality,
      orientation: config.orientation,
      excludeParticipants: [...excludeParticipants],
    },
    fileFormat: config.fileFormat,
    fileId: file?.id ?? null,
    file: file ? toWireFile(file, around.fileUrlOf(file.id)) : null,
    createdAt: composition.createdAt.toISOString(),
    updatedAt: composition.updatedAt.toISOString(),
  };
};
