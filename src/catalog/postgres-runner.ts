/**
 * As whom Postgres is run. It refuses to run as root, and a program below a folder that only root may enter can't be started by
 * anybody else; so there are several ways, tried in order, each proven by running a program and writing into the folder.
 *
 *   not root   plainly, as we are; failing that (uid 0 of a container counts as root to Postgres in odd ways) in a user namespace
 *   root       as the user `postgres` or `nobody`; as that user with the right to pass locked folders; in a user namespace
 */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface PostgresRunner {
  /** Put before the program. */
  readonly prefix: readonly string[];
  /** Numeric user and group to start it as, if not ours. */
  readonly uid?: number;
  readonly gid?: number;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A user namespace in which we are `nobody`: Postgres sees a user that is not root, files stay ours. */
const NAMESPACE: PostgresRunner = { prefix: ['unshare', '--user', '--map-user=65534', '--map-group=65534'] };

/**
 * The first way that works for this folder, which from then on belongs to whom Postgres runs as. `initdb` is the program to prove it
 * with. Throws a sentence if there is none.
 */
export const findRunner = (initdb: string, directory: string): PostgresRunner => {
  const root = process.getuid?.() === 0;
  const failures: string[] = [];
  for (const runner of root ? runnersOfRoot(directory) : [{ prefix: [] }, NAMESPACE]) {
    if (root) chownSync(directory, runner.uid ?? 0, runner.gid ?? 0);
    const failure = tryRunner(runner, initdb, directory);
    if (failure === null) return runner;
    failures.push(failure);
  }
  throw new Error(
    `The embedded Postgres can't be run here: it refuses root, and no other user could run it (${failures.join('; ')}). ` +
      'Start Roomtape as an ordinary user, or give it a PostgreSQL with ROOMTAPE_DATABASE_URL.',
  );
};

const runnersOfRoot = (directory: string): PostgresRunner[] => {
  const data = join(directory, 'data');
  const present: Owner | null = existsSync(data) ? statSync(data) : null;
  // What exists belongs to somebody already: root, if it was made inside a user namespace.
  if (present?.uid === 0) return [NAMESPACE];
  const owner = present ?? idOf('postgres') ?? idOf('nobody');
  if (!owner) return [NAMESPACE];
  const { uid, gid } = owner;
  const passing: PostgresRunner = {
    prefix: [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--securebits=+no_setuid_fixup',
      '--inh-caps=+dac_override',
      '--ambient-caps=+dac_override',
    ],
  };
  const plain: PostgresRunner = { prefix: [], uid, gid };
  return present ? [plain, { ...passing }] : [plain, passing, NAMESPACE];
};

const idOf = (user: string): Owner | null => {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, user], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch (error) {
    if (error instanceof Error && ('status' in error || 'code' in error)) return null;
    throw error;
  }
};

/** Null if it works, else why not. */
const tryRunner = (runner: PostgresRunner, initdb: string, directory: string): string | null => {
  const [program = 'sh', ...args] = argumentsOf(runner, 'sh', [
    '-c',
    '"$0" --version && test -w "$1"',
    initdb,
    directory,
  ]);
  try {
    execFileSync(program, args, { ...identityOf(runner), cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    return null;
  } catch (error) {
    const way = runner.prefix[0] ?? (runner.uid === undefined ? 'plainly' : `as user ${runner.uid}`);
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
    return `${way}: ${said || (error instanceof Error ? error.message : String(error))}`;
  }
};

/** Program and arguments, the runner's prefix first. */
export const argumentsOf = (runner: PostgresRunner, program: string, args: readonly string[]): string[] => [
  ...runner.prefix,
  program,
  ...args,
];

/** The part of spawn options that makes it another user's. */
export const identityOf = ({ uid, gid }: PostgresRunner): { uid?: number; gid?: number } => ({
  ...(uid === undefined ? {} : { uid }),
  ...(gid === undefined ? {} : { gid }),
});
