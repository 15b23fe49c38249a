/** A layout that changes while it is recorded: what is named changes, the rest stays. Pure. */
import type { LayoutProgram } from './layout.ts';

/** Tiles at once where the caller says nothing, or 0. */
export const DEFAULT_GRID_SIZE = 4;

/** What is to change; absent or null stays as it is. A `gridSize` of 0 is the default. */
export type LayoutChange = { readonly [Field in keyof LayoutProgram]?: LayoutProgram[Field] | null | undefined };

/** True if the change names nothing. */
export const isEmptyChange = ({ type, priority, gridSize }: LayoutChange): boolean =>
  (type ?? priority ?? gridSize ?? null) === null;

/** The layout after a change. */
export const changedLayout = (layout: LayoutProgram, change: LayoutChange): LayoutProgram => ({
  type: change.type ?? layout.type,
  priority: change.priority ?? layout.priority,
  gridSize: change.gridSize === 0 ? DEFAULT_GRID_SIZE : (change.gridSize ?? layout.gridSize),
});

/** True if both say the same. */
export const isSameLayout = (a: LayoutProgram, b: LayoutProgram): boolean =>
  a.type === b.type && a.priority === b.priority && a.gridSize === b.gridSize;
