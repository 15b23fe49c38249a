/** The layout that a moderator asks for by messages on the topic `RECORDING_LAYOUT`. Pure. */
import type { RoomMessage } from './room-state.ts';

/** What has been said so far; a page is free to follow it. */
export interface TemplateLayout {
  readonly type?: 'GRID' | 'SPOTLIGHT' | 'SIDEBAR';
  readonly priority?: 'SPEAKER' | 'PIN';
  readonly gridSize?: number;
}

/** What 0 stands for. */
const DEFAULT_GRID_SIZE = 4;
const TOPIC = 'RECORDING_LAYOUT';
const TYPES = ['GRID', 'SPOTLIGHT', 'SIDEBAR'] as const;
const PRIORITIES = ['SPEAKER', 'PIN'] as const;

const oneOf = <T>(known: readonly T[], value: unknown): T | undefined => known.find((one) => one === value);

const parsed = (payload: string): unknown => {
  try {
    return JSON.parse(payload);
  } catch {
    return null; // The server has refused what is no layout; what comes from a newer one is none of ours.
  }
};

/** The layout after a message: the same object where it says nothing of it. What a message leaves out stays. */
export const nextLayout = (layout: TemplateLayout, { topic, payload }: RoomMessage): TemplateLayout => {
  if (topic !== TOPIC) return layout;
  const body = parsed(payload);
  const asked: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'layout') : null;
  if (typeof asked !== 'object' || asked === null) return layout;
  const type = oneOf(TYPES, Reflect.get(asked, 'type'));
  const priority = oneOf(PRIORITIES, Reflect.get(asked, 'priority'));
  const gridSize: unknown = Reflect.get(asked, 'gridSize');
  return {
    ...layout,
    ...(type === undefined ? {} : { type }),
    ...(priority === undefined ? {} : { priority }),
    ...(typeof gridSize === 'number' ? { gridSize: gridSize === 0 ? DEFAULT_GRID_SIZE : gridSize } : {}),
  };
};
