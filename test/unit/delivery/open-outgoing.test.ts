import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { md5Of } from '../../../src/delivery/parts.ts';

it('sends files, and nothing that a link in their place leads to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomtape-outgoing-'));
  try {
    const [file, link] = [join(folder, 'film.mp4'), join(folder, 'link.mp4')];
    writeFileSync(file, 'film');
    symlinkSync(file, link);
    const { signal } = new AbortController();
    expect(await md5Of(file, signal)).toBe('bdbd6db1d8cc09a957e86180fda9442a');
    await expect(md5Of(link, signal)).rejects.toMatchObject({ code: 'ELOOP' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
