/** Whether certificate and key can be used, belong to each other, and for how long they are good. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Finding } from './finding.ts';

const DAY_MS = 24 * 3_600_000;
/** Who renews in time renews a month before: two weeks are late. */
const LATE_MS = 14 * DAY_MS;

export const certificate = (files: {
  readonly certFile: string;
  readonly keyFile: string;
}): Pick<Finding, 'verdict' | 'words'> => {
  const cert = read(files.certFile);
  if (cert === undefined)
    return { verdict: 'error', words: `"${files.certFile}" cannot be read: check ROOMTAPE_TLS_CERT` };
  const key = read(files.keyFile);
  if (key === undefined)
    return { verdict: 'error', words: `"${files.keyFile}" cannot be read: check ROOMTAPE_TLS_KEY` };
  let end: Date;
  try {
    createSecureContext({ cert, key });
    end = new Date(new X509Certificate(cert).validTo);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const words = `"${files.certFile}" and "${files.keyFile}" are no PEM certificate and the key that belongs to it (${reason}): check ROOMTAPE_TLS_CERT and ROOMTAPE_TLS_KEY`;
    return { verdict: 'error', words };
  }
  const day = end.toISOString().slice(0, 10);
  const left = end.getTime() - Date.now();
  if (left < 0)
    return { verdict: 'error', words: `the certificate in "${files.certFile}" expired on ${day}: renew it` };
  if (left < LATE_MS) return { verdict: 'warning', words: `the certificate expires on ${day}: renew it` };
  return { verdict: 'ok', words: `the certificate is good until ${day}` };
};

const read = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // why does not matter to whoever has to look at the path
  }
};
