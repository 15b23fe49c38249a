/** `doctor` and the bucket: a small object is delivered there as a recording would be, and stays, replaced the next time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openBucket } from '../processes/delivery-sender.ts';
import type { Finding } from './finding.ts';

/** A store that has not answered after this is out of reach. */
const IDLE_MS = 10_000;
const OBJECT = 'roomtape-doctor.txt';
const TEXT = 'Roomtape was here to see whether recordings can be delivered into this bucket. You may delete this.\n';

/** Undefined: there is no bucket to look at. */
export const bucketFinding = async (config: Config): Promise<Finding | undefined> => {
  const store = openBucket(config.bucket, IDLE_MS);
  if (!store) return undefined;
  const about = 'bucket';
  const folder = mkdtempSync(join(tmpdir(), 'roomtape-doctor-'));
  try {
    const path = join(folder, OBJECT);
    writeFileSync(path, TEXT);
    const file = { path, bytes: Buffer.byteLength(TEXT), contentType: 'text/plain' };
    const signal = AbortSignal.timeout(2 * IDLE_MS);
    const { storedAt } = await store.send(OBJECT, file, { signal, resume: null, keepResume: async () => undefined });
    return { about, verdict: 'ok', words: `took ${storedAt.url}, and has what was sent` };
  } catch (error) {
    return { about, verdict: 'error', words: error instanceof Error ? error.message : String(error) };
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
