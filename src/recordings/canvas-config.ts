/** From what the caller asked for to what a compositor draws. */
import { canvasSize, type LayoutProgram, type Theme } from '../domain/layout.ts';
import type { RecordingConfig, RecordingMode } from '../domain/recording.ts';

export interface CanvasConfig {
  readonly width: number;
  readonly height: number;
  readonly mode: RecordingMode;
  readonly theme: Theme;
  readonly layout: LayoutProgram;
  readonly transitions: boolean;
}

export const canvasConfig = (config: RecordingConfig): CanvasConfig => ({
  ...canvasSize(config.quality, config.orientation),
  mode: config.mode,
  theme: config.theme,
  layout: config.layout,
  transitions: config.transitions ?? true,
});
