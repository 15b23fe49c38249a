/** From what the caller asked for to what a compositor draws. */

import { join } from 'node:path';
import type { RecordingRow } from '../catalog/catalog.ts';
import type { CompositionRequest } from '../catalog/tables.ts';
import { canvasSize, type LayoutProgram, type Theme } from '../domain/layout.ts';
import type { ChosenParticipant, FileFormat, RecordingConfig, RecordingMode, Watermark } from '../domain/recording.ts';

export interface CanvasConfig {
  readonly width: number;
  readonly height: number;
  readonly mode: RecordingMode;
  readonly fileFormat: FileFormat;
  readonly theme: Theme;
  readonly layout: LayoutProgram;
  readonly transitions: boolean;
  /** Left out: everybody. */
  readonly participants?: readonly ChosenParticipant[];
  /** `image`: absolute path. */
  readonly watermarks?: readonly (Watermark & { readonly startedAtMs: number })[];
  /** `layout` holds from start to end; the journal's changes are passed over. */
  readonly fixedLayout?: boolean | undefined;
  /** Neither seen nor heard. */
  readonly excludeParticipants?: readonly string[] | undefined;
}

export const canvasConfig = (config: RecordingConfig): CanvasConfig => ({
  ...canvasSize(config.quality, config.orientation),
  mode: config.mode,
  fileFormat: config.fileFormat,
  theme: config.theme,
  layout: config.layout,
  transitions: config.transitions ?? true,
});

/**
 * What a composite has besides: who is chosen, what is drawn over the picture, and that it is a grid whatever moderators make of the room's
 * recording. `folder`: the recording's.
 */
export const compositeConfig = (
  { subject, started_at: startedAt }: RecordingRow,
  folder: string,
): Pick<CanvasConfig, 'participants' | 'watermarks' | 'fixedLayout'> => {
  if (subject.kind !== 'composite') return {};
  const { participants, watermarks } = subject;
  const startedAtMs = startedAt?.getTime() ?? 0;
  return {
    fixedLayout: true,
    ...(participants.length > 0 && { participants }),
    ...(watermarks.length > 0 && {
      watermarks: watermarks.map((one) => ({ ...one, image: one.image && join(folder, one.image), startedAtMs })),
    }),
  };
};

/** What was asked for after the recording. */
export const requestedCanvas = ({ config, fixedLayout, excludeParticipants }: CompositionRequest): CanvasConfig => ({
  ...canvasConfig(config),
  ...(fixedLayout ? { fixedLayout } : {}),
  ...(excludeParticipants.length > 0 ? { excludeParticipants } : {}),
});
