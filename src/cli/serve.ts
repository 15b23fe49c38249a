/**
 * `roomtape serve`: the supervisor until SIGTERM or SIGINT; the first ends everything in order, the second at once. One that comes
 * while the system is still being started ends it as soon as it has been. SIGUSR2 ends all but the media process and Postgres, which the next
 * start adopts.
 */
import { join } from 'node:path';
import { type Config, loadConfig } from '../config/config.ts';
import { supervise } from '../processes/supervisor.ts';

/** `npm` passes Ctrl-C on to a child that its terminal has told already: two signals, one key. Nobody presses twice as fast. */
const ONE_KEY_MS = 300;

/** Serves until told to stop. Rejects with a sentence where the system cannot start, or did not end in order. */
export const runServe = async (): Promise<void> => {
  // For every process of ours: recordings, journals and logs are nobody else's to read, wherever the data folder lies.
  process.umask(0o077);
  const config = loadConfig();
  const ended = Promise.withResolvers<void>();
  const starting = supervise(config);
  let toldAtMs: number | undefined;
  const onSignal = (): void => {
    if (toldAtMs !== undefined && performance.now() - toldAtMs < ONE_KEY_MS) return;
    if (toldAtMs === undefined) {
      toldAtMs = performance.now();
      console.error('Ending in order; once more to end at once.');
      starting.then((supervised) => supervised.close()).then(ended.resolve, ended.reject);
    } else if (started) started.kill();
    else process.exit(1);
  };
  /** Another version is to take over: rooms and recordings go on in the media process. */
  const onLeave = (): void => {
    if (toldAtMs !== undefined) return;
    toldAtMs = performance.now();
    console.error('Ending; media and database go on for the next start.');
    // The media process is our child: as long as it runs, we would not end by ourselves.
    starting.then((supervised) => supervised.leave()).then(() => process.exit(0), ended.reject);
  };
  process.on('SIGUSR2', onLeave);
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  let started: Awaited<typeof starting> | undefined;
  started = await starting;
  const { listening, close } = started;
  listening.then(
    (url) => console.log(banner(url, config)),
    (error: unknown) => {
      if (toldAtMs !== undefined) return; // what was told to end need not start
      close().then(() => ended.reject(error), ended.reject);
    },
  );
  await ended.promise;
};

const banner = (url: string, config: Config): string =>
  [
    `Roomtape listens on ${url}`,
    `  API description   ${url}/api-docs`,
    config.apiKey
      ? '  key and secret    as configured'
      : `  key and secret    ${join(config.dataDir, 'credentials.json')}`,
    '  a token for REST  npm run -s roomtape -- token --api',
    '  for a participant npm run -s roomtape -- token --room ROOM_ID --name NAME',
  ].join('\n');
