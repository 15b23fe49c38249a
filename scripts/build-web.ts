/** Builds the pages and the browser client into web/dist, unless they are newer than every source file. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';

const SOURCES = ['web/**/*.{ts,tsx,js,css,html,svg}', 'src/rooms/protocol.ts', 'package-lock.json'];
/** The pages first, whose build empties the folder. */
const CONFIGS = ['web/vite.config.ts', 'web/vite.client.config.ts'];
/** Of the last build. */
const RESULT = 'web/dist/client.js';

const newest = Math.max(
  ...globSync(SOURCES, { exclude: (path) => path.startsWith('web/dist') }).map((path) => statSync(path).mtimeMs),
);
if (!existsSync(RESULT) || statSync(RESULT).mtimeMs < newest) {
  for (const config of CONFIGS) {
    const { status } = spawnSync('vite', ['build', 'web', '--config', config, '--logLevel', 'warn'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) process.exit(status ?? 1);
  }
}
