/**
 * `roomtape keys`: what webhooks are signed with, for whoever sets up a receiver; `roomtape keys rotate`: another one. The keys are in
 * the database, so this works beside a running server, which takes them up within ten seconds, and without one.
 */
import { openCatalog } from '../catalog/catalog.ts';
import { openEmbeddedPostgres } from '../catalog/embedded-postgres.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { makeServerFolders } from '../config/data-folder.ts';
import { formatDuration, parseDuration } from '../config/duration.ts';
import { createLogger } from '../support/log.ts';
import { Scope } from '../support/scope.ts';
import { type OperatorsKey, SigningKeys } from '../webhooks/signing-keys.ts';

/** Prints the keys: the only place where the secret is shown. */
export const runKeys = (): Promise<void> =>
  withKeys(async (keys) => {
    await keys.ensure();
    const { current, all } = await keys.forOperator();
    console.log(all.map((key) => described(key, key.id === current.id)).join('\n\n'));
  });

export interface RotateOptions {
  readonly after: string;
  readonly now?: boolean;
}

/** Makes another key. Rejects with a sentence where `after` is no duration. */
export const runRotate = ({ after, now = false }: RotateOptions): Promise<void> => {
  const afterMs = now ? 0 : parseDuration(after);
  if (afterMs === null) {
    throw new Error(`--after is "${after}"; it must be a duration with its unit, such as 24h or 7d.`);
  }
  return withKeys(async (keys) => {
    await keys.ensure();
    await keys.rotate(afterMs);
    const { all } = await keys.forOperator();
    const made = all.at(-1);
    if (!made) throw new Error('The key that was made is gone again.');
    console.log(described(made, afterMs === 0));
    console.error(
      afterMs === 0
        ? 'In force now; what came before is dropped. Receivers must be given the new key and secret.'
        : `In force in ${formatDuration(afterMs)}. Until then both secrets verify: give receivers the new one, and let those that keep the public key read it again after that.`,
    );
  });
};

const described = ({ id, from, until, publicKey, secret }: OperatorsKey, isCurrent: boolean): string =>
  [
    `key ${id}${isCurrent ? ', in force' : ''}`,
    `from ${from.toISOString()}${until ? ` until ${until.toISOString()}` : ''}`,
    `Standard Webhooks secret: ${secret}`,
    publicKey.trim(),
  ].join('\n');

const withKeys = async (work: (keys: SigningKeys) => Promise<void>): Promise<void> => {
  await using scope = new Scope();
  const log = createLogger('keys', 'silent');
  const { catalog, close } = await openCatalog({ url: await databaseUrl(loadConfig(), scope), log });
  scope.own('catalog', catalog, close);
  await work(new SigningKeys(catalog));
};

/** The operator's, or the embedded one, which is started for a moment where it does not run. */
const databaseUrl = async ({ databaseUrl: url, dataDir }: Config, scope: Scope): Promise<string> => {
  if (url) return url;
  makeServerFolders(dataDir);
  const postgres = await openEmbeddedPostgres({ dataDir, log: createLogger('keys', 'silent') });
  if (postgres.started) scope.own('postgres', postgres, (it) => it.stop());
  return postgres.url;
};
