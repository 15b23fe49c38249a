import { expect, test } from 'vitest';
import type { LayoutProgram } from '../../../src/domain/layout.ts';
import { changedLayout, isEmptyChange, isSameLayout } from '../../../src/domain/layout-change.ts';

const layout: LayoutProgram = { type: 'SIDEBAR', priority: 'PIN', gridSize: 9 };

test('what is named changes, the rest stays; 0 is the default size', () => {
  expect(changedLayout(layout, { type: 'GRID' })).toEqual({ ...layout, type: 'GRID' });
  expect(changedLayout(layout, { priority: 'SPEAKER', type: null })).toEqual({ ...layout, priority: 'SPEAKER' });
  expect(changedLayout(layout, { gridSize: 0 }).gridSize).toBe(4);
  expect(changedLayout(layout, { gridSize: 25 }).gridSize).toBe(25);
  expect(changedLayout(layout, {})).toEqual(layout);
});

test('tells changes that name nothing, and layouts that are alike', () => {
  expect([{}, { type: null }, { gridSize: undefined }].map(isEmptyChange)).toEqual([true, true, true]);
  expect(isEmptyChange({ gridSize: 0 })).toBe(false);
  expect(isSameLayout(layout, { ...layout })).toBe(true);
  expect(isSameLayout(layout, { ...layout, gridSize: 8 })).toBe(false);
});
