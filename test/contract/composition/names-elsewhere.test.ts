/** Names are drawn the same by every process, on a machine with fonts of its own or without. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PALETTES } from '../../../src/composition/themes.ts';
import { drawTile, type TileLook } from '../../../src/composition/tile-art.ts';
import { SAMPLE_NAMES, UNWRITABLE } from '../../support/sample-names.ts';

const LOOKS: readonly TileLook[] = [...SAMPLE_NAMES.map((sample) => sample.name), UNWRITABLE].flatMap((name) =>
  [false, true].map((avatar) => ({
    width: 480,
    height: 270,
    participantId: 'participant',
    name,
    screen: false,
    micMuted: true,
    speaking: false,
    avatar,
    frame: false,
    scale: 1,
  })),
);

const moduleOf = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));

/** What another process says of the same looks. */
const SCRIPT = `
  const { createHash } = await import('node:crypto');
  const { drawTile } = await import(${moduleOf('../../../src/composition/tile-art.ts')});
  const { PALETTES } = await import(${moduleOf('../../../src/composition/themes.ts')});
  const hash = createHash('sha256');
  for (const look of JSON.parse(process.argv[1])) {
    hash.update(drawTile(look, PALETTES.DARK).getContext('2d').getImageData(0, 0, look.width, look.height).data);
  }
  console.log(hash.digest('hex'));`;

test('by a process that sees none of the fonts of the machine, whatever was drawn before', () => {
  const hash = createHash('sha256');
  for (const look of LOOKS) {
    hash.update(drawTile(look, PALETTES.DARK).getContext('2d').getImageData(0, 0, look.width, look.height).data);
  }
  const elsewhere = execFileSync(process.execPath, ['--input-type=module', '--eval', SCRIPT, JSON.stringify(LOOKS)], {
    env: { DISABLE_SYSTEM_FONTS_LOAD: '1', HOME: tmpdir(), FONTCONFIG_FILE: '/dev/null' },
    encoding: 'utf8',
  });
  expect(elsewhere.trim()).toBe(hash.digest('hex'));
});
