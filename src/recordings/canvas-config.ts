/** From what the caller asked for to what a compositor draws. */

import type { CompositionRequest } from '../catalog/tables.ts';
import { canvasSize, type LayoutProgram, type Theme } from '../domain/layout.ts';
import type { RecordingConfig, RecordingMode } from '../domain/recording.ts';

export interface CanvasConfig {
  readonly width: number;
  readonly height: number;
  readonly mode: RecordingMode;
  readonly theme: Theme;
  readonly layout: LayoutProgram;
  readonly transitions: boolean;
  /** `layout` holds from start to end; the journal's changes are passed over. */
  readonly fixedLayout?: boolean | undefined;
  /** Neither seen nor heard. */
  readonly excludeParticipants?: readonly string[] | undefined;
}

export const canvasConfig = (config: RecordingConfig): CanvasConfig => ({
  ...canvasSize(config.quality, config.orientation),
  mode: config.mode,
  theme: config.theme,
  layout: config.layout,
  transitions: config.transitions ?? true,
});

/** What was asked for after the recording. */
export const requestedCanvas = ({ config, fixedLayout, excludeParticipants }: CompositionRequest): CanvasConfig => ({
  ...canvasConfig(config),
  ...(fixedLayout ? { fixedLayout } : {}),
  ...(excludeParticipants.length > 0 ? { excludeParticipants } : {}),
});
