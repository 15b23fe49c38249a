/** How a server that runs with this data folder is, as it says itself (`GET /health`). */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import type { Finding } from './finding.ts';

const ANSWER_LIMIT_MS = 5_000;

const health = z.object({ checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })) });

export const runningServer = async (config: Config): Promise<Finding[]> => {
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  const url = `${config.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${config.port}/health`;
  try {
    const { checks } = health.parse(JSON.parse(await get(url)));
    return [
      { about: 'server', verdict: 'ok', words: `runs with this data folder and answers at ${url}` },
      ...Object.entries(checks).map(
        ([name, { ok, detail }]): Finding => ({
          about: `its ${name}`,
          verdict: ok ? 'ok' : 'error',
          words: ok ? detail : `${detail}. The server's log says more.`,
        }),
      ),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const words = `runs with this data folder, but does not answer at ${url} (${reason}). Is it just starting, or has it other settings than these?`;
    return [{ about: 'server', verdict: 'error', words }];
  }
};

const get = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const ask = url.startsWith('https:') ? requestTls : requestPlain;
    // Our own server on this machine; its certificate is made out to its public name.
    const asked = ask(url, { signal, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
