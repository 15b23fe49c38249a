import { expect, test } from 'vitest';
import { toComposite } from '../../../src/api/start-composite.ts';

const places = async (...positions: readonly ('top-left' | 'top-right' | 'bottom-right' | 'center' | undefined)[]) => {
  const watermarks = positions.map((position) => ({ type: 'custom' as const, text: 'Draft', position }));
  return (await toComposite({ roomId: 'r', watermarks }, true)).watermarks.map(({ place }) => place);
};

test('watermarks whose place is not said stand apart from those whose place is', async () => {
  expect(await places(undefined, undefined, undefined)).toEqual(['top-right', 'top-left', 'bottom-right']);
  expect(await places('top-left', undefined, 'bottom-right')).toEqual(['top-left', 'top-right', 'bottom-right']);
  expect(await places(undefined, undefined, 'top-right')).toEqual(['top-left', 'bottom-right', 'top-right']);
  expect(await places('center', undefined)).toEqual(['center', 'top-right']);
});
