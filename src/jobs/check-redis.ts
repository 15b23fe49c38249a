/** Whether a Redis answers, for the doctor. */
import { Redis } from 'ioredis';

const ANSWER_LIMIT_MS = 2_000;

/** Its version, e.g. `7.0.15`. Rejects with why it does not answer. */
export const checkRedis = async (url: string): Promise<string> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: ANSWER_LIMIT_MS,
    commandTimeout: ANSWER_LIMIT_MS,
    retryStrategy: () => null,
  });
  let reason: Error | undefined;
  redis.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await redis.connect();
    const info = await redis.info('server');
    return /redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version';
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
};
