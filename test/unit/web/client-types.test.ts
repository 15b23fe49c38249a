/** What /client.js exports, and what its types say that it does, are the same. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as client from '../../../web/client/index.ts';
import type * as Declared from '../../../web/public/client.d.ts';

/** Checked by the compiler: everything that is declared is there, and takes and gives what is declared. */
const declared: typeof Declared = client;

test('its types name values that it exports', () => {
  const text = readFileSync(new URL('../../../web/public/client.d.ts', import.meta.url), 'utf8');
  const names = [...text.matchAll(/^export (?:class|function|const) (\w+)/gm)].map((match) => match[1] ?? '');
  expect(names.sort()).toEqual(['JoinError', 'RoomClient', 'openTemplate']);
  for (const name of names) expect(declared).toHaveProperty(name);
});
