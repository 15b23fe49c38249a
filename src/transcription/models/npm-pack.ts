/**
 * Fetches a package's tarball through npm itself: its configured registry, credentials, proxies and certificates are the operator's, and none
 * of our business. Nothing of the package is run; its bytes are held against the pinned integrity.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NpmPackage } from './catalogue.ts';

/** Tens of megabytes over a slow line. */
const LIMIT_MS = 600_000;
/** Where npm finds this project's own configuration, beside the user's. */
const PACKAGE_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Of what npm says when it fails, the part that says why. */
const MOST_SAID = 300;

/** What npm is told by the environment; nothing else of ours (secrets) is passed on. */
const PASSED_ON =
  /^(?:PATH|HOME|LANG|TMPDIR|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|npm_config_.*|(?:https?|no|all)_proxy)$/i;

/**
 * The tarball. Rejects with a sentence that says what to do.
 * @param folder empty, for npm to write to.
 */
export const npmPack = async (wanted: NpmPackage, folder: string, signal?: AbortSignal): Promise<Buffer> => {
  const spec = `${wanted.name}@${wanted.version}`;
  await runNpm(['pack', spec, '--pack-destination', folder, '--ignore-scripts', '--loglevel=error'], spec, signal);
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error(`npm fetched no tarball of ${spec}.`);
  const tarball = await readFile(join(folder, file));
  const [algorithm = '', ...digest] = wanted.integrity.split('-');
  const found = createHash(algorithm).update(tarball).digest('base64');
  if (found === digest.join('-')) return tarball;
  throw new Error(
    `The tarball of ${spec} is not the one that was published (its ${algorithm} is ${found}): nothing of it is used. Look at the registry that npm is configured for.`,
  );
};

const runNpm = (args: readonly string[], spec: string, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const kept = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
    const child = spawn('npm', args, {
      cwd: PACKAGE_ROOT,
      env: Object.fromEntries(kept),
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: LIMIT_MS,
      ...(signal && { signal }),
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4 * MOST_SAID);
    });
    child.once('error', (cause) => {
      reject(new Error(`npm, which fetches ${spec}, can't be run (${cause.message}).`, { cause }));
    });
    child.once('close', (code, ended) => {
      if (code === 0) resolve();
      else reject(new Error(`npm could not fetch ${spec}: ${reasonIn(said) || (ended ?? `exit code ${code}`)}.`));
    });
  });

/** The lines of npm's that say why, on one. */
const reasonIn = (said: string): string =>
  said
    .split('\n')
    .filter((line) => line.startsWith('npm error') && !line.includes('A complete log'))
    .map((line) => line.replace(/^npm error\s*/, '').trim())
    .filter((line) => line !== '')
    .join('; ')
    .replace(/\.$/, '')
    .slice(0, MOST_SAID);
