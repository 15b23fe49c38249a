import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const LOG = fileURLToPath(new URL('../../../src/support/log.ts', import.meta.url));

it('leaves secrets out, and the connection that a database driver hangs on its errors, with the key that cancels its queries', () => {
  const script = `const { createLogger } = await import(${JSON.stringify(LOG)});
    const err = Object.assign(new Error('lost'), { code: '57P01', client: { secretKey: 'swordfish', host: 'h' } });
    createLogger('test', 'info').warn({ err, token: 'swordfish', call: { authorization: 'swordfish' } }, 'It is gone.');`;
  const said = execFileSync('sh', ['-c', 'exec "$0" --input-type=module -e "$1" 2>&1', process.execPath, script], {
    encoding: 'utf8',
  });
  expect(said).not.toContain('swordfish');
  expect(JSON.parse(said)).toMatchObject({ msg: 'It is gone.', err: { message: 'lost', code: '57P01' } });
});
