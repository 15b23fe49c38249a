/**
 * `npm run layouts -- --out layouts.png`: every golden scene on one contact sheet, drawn by the compositor's own canvas. For eyes: what is
 * right in numbers may still look wrong. `--theme DARK|LIGHT|DEFAULT`.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PALETTES } from '../src/composition/themes.ts';
import type { Theme } from '../src/domain/layout.ts';
import { GOLDEN_SCENES } from '../test/support/golden-scenes.ts';
import { contactSheet } from './layouts/contact-sheet.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'layouts.png' }, theme: { type: 'string', default: 'DEFAULT' } },
});
const isTheme = (name: string): name is Theme => Object.hasOwn(PALETTES, name);
if (!isTheme(values.theme)) throw new Error(`There is no theme "${values.theme}": DARK, LIGHT and DEFAULT are.`);

const path = resolve(values.out);
await writeFile(path, await contactSheet(GOLDEN_SCENES, values.theme));
console.log(path);
