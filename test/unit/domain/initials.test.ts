import { describe, expect, test } from 'vitest';
import { initialsOf } from '../../../src/domain/initials.ts';
import { SAMPLE_NAMES } from '../../support/sample-names.ts';

describe('initialsOf', () => {
  test.each(SAMPLE_NAMES)('$script: $name', ({ name, initials }) => expect(initialsOf(name)).toBe(initials));

  test.each([
    ['ada', 'A'],
    ['Jean-Luc de la Tour', 'JT'],
    ['  émile  zola ', 'ÉZ'],
    ["O'Neill", 'O'],
    ['(bot) 7', '7'],
    ['(bot)', 'B'],
    ['Guest 12', 'G1'],
    ['ßen Åm', 'ßÅ'],
    ['', ''],
    ['!!!', ''],
    ['🦊🐻', '🦊'],
    ['🦊 Fox', 'F'],
    ['Bruce 李小龍', 'B'],
    ['علي 7', 'ع'],
  ])('of %j is %s', (name, initials) => expect(initialsOf(name)).toBe(initials));
});
