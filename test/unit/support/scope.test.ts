import { expect, test } from 'vitest';
import { Scope } from '../../../src/support/scope.ts';

test('closes in reverse, everything, even when one fails, and once', async () => {
  const closed: string[] = [];
  const scope = new Scope();
  scope.own('first', 1, () => closed.push('first'));
  scope.own('second', 2, () => {
    closed.push('second');
    throw new Error('stuck');
  });
  scope.own('third', 3, async () => closed.push('third'));
  const closing = scope.close();
  expect(scope.close()).toBe(closing);
  await expect(closing).rejects.toThrow('Not everything could be closed.');
  expect(closed).toEqual(['third', 'second', 'first']);
});

test('refuses to own once it is closing', async () => {
  const scope = new Scope();
  await scope.close();
  expect(() => scope.own('late', 1, () => undefined)).toThrow('"late" was opened in a scope that is already closing.');
});
