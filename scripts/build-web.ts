/** Builds the pages into web/dist, unless they are newer than every source file. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';

const SOURCES = ['web/**/*.{ts,tsx,css,html,svg}', 'src/rooms/protocol.ts', 'package-lock.json'];
const RESULT = 'web/dist/index.html';

const newest = Math.max(
  ...globSync(SOURCES, { exclude: (path) => path.startsWith('web/dist') }).map((path) => statSync(path).mtimeMs),
);
if (!existsSync(RESULT) || statSync(RESULT).mtimeMs < newest) {
  const { status } = spawnSync('vite', ['build', 'web', '--logLevel', 'warn'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.exitCode = status ?? 1;
}
