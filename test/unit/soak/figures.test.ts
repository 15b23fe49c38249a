import { expect, it } from 'vitest';
import { figureTable } from '../../../soak/figures.ts';
import { withTable } from '../../../soak/reliability-page.ts';
import { isKept } from '../../../soak/soak.ts';

it('shows what was promised and whether it was kept', () => {
  const figures = [
    { what: 'kills survived', value: 200, unit: 'kills', atLeast: 200 },
    { what: 'media lost, most', value: 1.25, unit: 's', atMost: 1 },
    { what: 'recordings', value: 3, unit: '' },
  ];
  expect(figures.map(isKept)).toEqual([true, false, true]);
  expect(figureTable(figures)).toBe(
    [
      'what              value  unit   promised  kept',
      '────────────────  ─────  ─────  ────────  ────',
      'kills survived      200  kills  ≥ 200     yes',
      'media lost, most  1.250  s      ≤ 1       NO',
      'recordings            3         –         –',
    ].join('\n'),
  );
});

it('replaces the table of one soak and nothing else', () => {
  const page = 'Before\n<!-- soak a -->\nold\n<!-- end of a -->\nBetween\n<!-- soak b -->\n<!-- end of b -->\n';
  const first = withTable(page, 'a', 'new');
  expect(first).toBe(page.replace('old', 'new'));
  expect(withTable(first, 'b', 'x')).toContain('Between\n<!-- soak b -->\nx\n<!-- end of b -->\n');
  expect(() => withTable(page, 'c', 'x')).toThrow('no place for "c"');
});
