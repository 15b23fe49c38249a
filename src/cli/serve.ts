/** `roomtape serve`: the supervisor until SIGTERM or SIGINT; the first ends everything in order, the second at once. */
import { join } from 'node:path';
import { loadConfig } from '../config/config.ts';
import { supervise } from '../processes/supervisor.ts';

/** Serves until told to stop; sets the exit code. */
export const runServe = async (): Promise<void> => {
  const config = loadConfig();
  const supervised = await supervise(config);
  const ended = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) {
      supervised.kill();
      return;
    }
    console.error('Ending in order; once more to end at once.');
    supervised.close().then(ended.resolve, ended.reject);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  void supervised.listening.then((url) => {
    console.log(
      [
        `Roomtape listens on ${url}`,
        `  API description   ${url}/api-docs`,
        config.apiKey
          ? '  key and secret    as configured'
          : `  key and secret    ${join(config.dataDir, 'credentials.json')}`,
        '  a token for REST  npm run -s roomtape -- token --api',
        '  for a participant npm run -s roomtape -- token --room ROOM_ID --name NAME',
      ].join('\n'),
    );
  });
  await ended.promise;
};
