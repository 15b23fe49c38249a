/**
 * Users of their own for the processes that take hostile bytes: the media process and compositors. Where the product is started as root on
 * Linux they run under numeric users that nobody else has, in one group, so that what breaks into a parser or a decoder can read
 * neither the credentials nor the database, and can signal none of our processes.
 *
 *   data folder, run, recordings   root, group may pass (0710), nobody may list
 *   journals, run/media            the media process's; the group may read journals (compositors do)
 *   recordings/<id>                root, group may pass; below it `files` and the compositions' folders are the compositors'
 *   resume-secret                  the media process's alone
 *   models                         anybody's to read, once in the data folder: transcribers do
 *   everything else                root's alone, as without this
 *
 * Compositors and transcribers talk to us over Unix sockets alone, so they are given a network namespace of their own with nothing in it
 * (network_namespaces(7)), by root, or by any user whom the system lets make one: what breaks into them can call nobody.
 *
 * It is all or nothing: where something is in the way (a folder above ours that only root may enter, a system without these ids, a media
 * process of an earlier start that still runs as root) everything runs as root as before, and says so.
 *
 * Root follows no path that such a process could have changed: ownership is handed over once, folder after folder, and what lies in a
 * folder that has been handed over is left alone.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { segmentsFolder } from '../composition/job.ts';
import { loadResumeSecret } from '../rooms/resume-token.ts';
import type { DataPaths } from './paths.ts';
import { runningMedia } from './running-media.ts';

/** From a range that neither systemd nor Debian gives to anybody (systemd: UIDS-GIDS.md). */
const GROUP = 61_080;
const MEDIA_USER = 61_080;
const COMPOSITOR_USER = 61_081;
const TRANSCRIBER_USER = 61_082;

/** Linux: ports below this are for root, or for who may bind them all the same. */
const privilegedPorts = (): number =>
  Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', { encoding: 'utf8' }).trim());

/** As whom a process is started. `prefix`: put before the program. */
export interface RunAs {
  readonly prefix: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** The prefix does something that needs root, and takes on user and group after that. */
  readonly prefixTakesUser?: true;
}
/** As we are. */
const AS_WE_ARE: RunAs = { prefix: [] };

export interface Isolation {
  readonly media: RunAs;
  readonly compositor: RunAs;
  /** Why everything runs as root; undefined where it does not, or where we are not root. */
  readonly obstacle: string | undefined;
}

/** What to say of an obstacle, to the log and by the doctor. */
export const RUNS_AS_ROOT =
  'The processes that take media from the network run as root, like the rest: what breaks into them has everything.';

const none = (obstacle?: string): Isolation => ({ media: AS_WE_ARE, compositor: AS_WE_ARE, obstacle });
const isRoot = (): boolean => process.getuid?.() === 0;

const ONLY_LINUX = 'only Linux has what it takes';

const packageFile = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * For the supervisor, before it starts anything: gives folders to whom they belong, and finds out whether the users can work there.
 * `mediaPort`: a port that only root may open is still opened.
 */
export const prepareIsolation = (paths: DataPaths, mediaPort: number): Isolation => {
  if (!isRoot()) return none();
  const isolation = process.platform === 'linux' ? prepared(paths, mediaPort) : none(ONLY_LINUX);
  // A group without members: nobody passes.
  if (isolation.obstacle !== undefined) for (const path of [paths.root, paths.run]) chmodSync(path, 0o700);
  return isolation;
};

const prepared = (paths: DataPaths, mediaPort: number): Isolation => {
  if (runningMedia(paths)?.user === 0) return none('a media process of an earlier start still runs as root');
  loadResumeSecret(paths.resumeSecret);
  for (const folder of [paths.journals, paths.recordings]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    for (const folder of [paths.root, paths.run, paths.recordings]) letGroupPass(folder);
    handOver(paths.journals, JOURNALS);
    // Written while everything ran as root. Nobody runs as their new owner now who could change what is looked at.
    if (runningMedia(paths) === undefined) {
      for (const name of readdirSync(paths.journals)) handOver(join(paths.journals, name), JOURNALS);
    }
    handOver(dirname(paths.mediaSocket), { uid: MEDIA_USER, folder: 0o700, file: 0o600 });
    lchownSync(paths.resumeSecret, MEDIA_USER, GROUP);
  } catch (error) {
    return none(`its folders can't be given away (${error instanceof Error ? error.message : String(error)})`);
  }
  const media = mediaPort < privilegedPorts() ? withPrivilegedPorts : { prefix: [], uid: MEDIA_USER, gid: GROUP };
  const compositor = { prefix: [], uid: COMPOSITOR_USER, gid: GROUP };
  const problem =
    problemOf(media, [
      ['read', packageFile('src/processes/media.ts')],
      ['read', packageFile('node_modules/node-datachannel/package.json')],
      ['write', paths.journals],
      ['write', dirname(paths.mediaSocket)],
      ['read', paths.resumeSecret],
    ]) ?? problemOf(compositor, compositorNeeds(paths));
  return problem === null ? { media, compositor, obstacle: undefined } : none(problem);
};

/** setpriv (util-linux) starts it as that user with the right to open low ports. */
const withPrivilegedPorts: RunAs = {
  prefix: [
    'setpriv',
    `--reuid=${MEDIA_USER}`,
    `--regid=${GROUP}`,
    '--clear-groups',
    '--inh-caps=-all,+net_bind_service',
    '--ambient-caps=-all,+net_bind_service',
  ],
};

type Need = readonly ['read' | 'write' | 'pass', path: string];

const compositorNeeds = (paths: DataPaths): readonly Need[] => [
  ['read', packageFile('src/processes/compositor.ts')],
  ['read', packageFile('node_modules/node-av/package.json')],
  ['read', paths.journals],
  ['pass', paths.recordings],
  ['pass', paths.run],
];

/** For the doctor, who changes nothing: why these users could not work with these folders; null if they could. */
export const isolationObstacle = (paths: DataPaths): string | null => {
  if (!isRoot()) return 'started as root, Roomtape gives them users of their own';
  if (process.platform !== 'linux') return ONLY_LINUX;
  // The data folder itself is opened to them by the start.
  return problemOf({ prefix: [], uid: COMPOSITOR_USER, gid: GROUP }, [
    ['read', packageFile('src/processes/compositor.ts')],
    ['pass', dirname(paths.root)],
    ...(dirname(paths.run) === paths.root ? [] : [['pass', dirname(paths.run)] as const]),
  ]);
};

/** For the server process: as whom it starts compositors. The supervisor has prepared everything, or found that it can't be. */
export const compositorIdentity = (paths: DataPaths): RunAs => apart(COMPOSITOR_USER, compositorNeeds(paths));

/** For the server process: as whom it starts transcribers. */
export const transcriberIdentity = (paths: DataPaths): RunAs => apart(TRANSCRIBER_USER, transcriberNeeds(paths));

/** As far apart from us as the system allows: a user of its own, no network. */
const apart = (uid: number, needs: readonly Need[]): RunAs => {
  if (process.platform !== 'linux') return AS_WE_ARE;
  const user = { prefix: [], uid, gid: GROUP };
  const who = isRoot() && problemOf(user, needs) === null ? user : AS_WE_ARE;
  const alone = withoutNetwork(who);
  return alone && problemOf(alone, needs) === null ? alone : who;
};

/**
 * In a network namespace of its own, in which not even loopback is up. Null for root itself, who would find a way out of it. `unshare` and
 * `setpriv` are util-linux's.
 */
const withoutNetwork = (who: RunAs): RunAs | null => {
  const { uid, gid } = who;
  if (uid !== undefined && gid !== undefined) {
    const user = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
    const prefix = ['unshare', '--net', '--', 'setpriv', ...user, '--no-new-privs', '--'];
    return { ...who, prefix, prefixTakesUser: true };
  }
  if (isRoot()) return null;
  // Who is nobody in particular may do so in a user namespace, where the system lets him make one; he stays who he is.
  return { ...who, prefix: ['unshare', '--user', '--map-current-user', '--net', '--'] };
};

/** For the doctor: why compositors and transcribers are not cut off from the network; null if they are. */
export const networkObstacle = (): string | null => {
  if (process.platform !== 'linux') return ONLY_LINUX;
  const alone = withoutNetwork(isRoot() ? { prefix: [], uid: COMPOSITOR_USER, gid: GROUP } : AS_WE_ARE);
  return alone && problemOf(alone, []);
};

const transcriberNeeds = (paths: DataPaths): readonly Need[] => [
  ['read', packageFile('src/processes/transcriber.ts')],
  ['read', packageFile('node_modules/sherpa-onnx-node/package.json')],
  ['read', packageFile('node_modules/node-av/package.json')],
  ['read', paths.journals],
  ['pass', paths.run],
];

/** Null where somebody may read all of these files; else what is in the way. */
export const readingProblem = (who: RunAs, files: readonly string[]): string | null => {
  if (who.uid === undefined) return null;
  return problemOf(
    who,
    files.map((file) => ['read', file] as const),
  );
};

/** Starts a program of Node's as somebody. */
export const spawnAs = (who: RunAs, entry: string, options: SpawnOptions): ChildProcess => {
  const [program = process.execPath, ...args] = [...who.prefix, process.execPath, entry];
  return spawn(program, args, { ...options, ...identityOf(who) });
};

const identityOf = ({ uid, gid, prefixTakesUser }: RunAs): { uid?: number; gid?: number; cwd?: string } => {
  if (uid === undefined || gid === undefined) return {};
  return prefixTakesUser ? { cwd: '/' } : { uid, gid, cwd: '/' };
};

/** Lets compositors connect to a socket of the server process. */
export const shareSocket = (path: string, who: RunAs): void => {
  if (who.gid === undefined) return;
  chownSync(path, 0, who.gid);
  chmodSync(path, 0o660);
};

/** What a compositor is given to work in and to read. */
export interface WorkPlaces {
  /** Of this composition alone. */
  readonly directory: string;
  /** In a folder of the recording's. */
  readonly artifactPath: string;
  readonly copy?: { readonly kind: string; readonly inputs?: readonly { readonly path: string }[] } | undefined;
}

/** Gives a compositor the folders of a composition, and lets it read what it is made of. Before it is started. */
export const giveToCompositor = (who: RunAs, { directory, artifactPath, copy }: WorkPlaces): void => {
  if (who.uid === undefined) return;
  mkdirSync(segmentsFolder(directory), { recursive: true, mode: 0o700 });
  const inputs = copy?.inputs?.map(({ path }) => dirname(path)) ?? [];
  for (const folder of [directory, dirname(artifactPath), ...inputs]) {
    openRecording(dirname(folder));
    if (existsSync(folder)) handOver(folder, { uid: who.uid, folder: 0o700, file: 0o600 });
  }
};

/** The folder of a recording stays root's; what lies in it (watermarks) may be read by the group. */
const openRecording = (folder: string): void => {
  letGroupPass(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    chownSync(join(folder, entry.name), 0, GROUP);
    chmodSync(join(folder, entry.name), 0o640);
  }
};

const letGroupPass = (folder: string): void => {
  chownSync(folder, 0, GROUP);
  chmodSync(folder, 0o710);
};

interface Owner {
  readonly uid: number;
  readonly folder: number;
  readonly file: number;
}

const JOURNALS: Owner = { uid: MEDIA_USER, folder: 0o750, file: 0o640 };

/** Gives a folder that is root's away with everything in it: the folder itself last, so that nobody can change what is in it meanwhile. */
const handOver = (path: string, owner: Owner): void => {
  const found = lstatSync(path);
  if (found.uid !== 0) return;
  if (found.isDirectory()) for (const name of readdirSync(path)) handOver(join(path, name), owner);
  if (!found.isSymbolicLink()) chmodSync(path, found.isDirectory() ? owner.folder : owner.file);
  lchownSync(path, owner.uid, GROUP);
};

/** Runs in the other user's place: exits 1 with what it may not. */
const CHECK = `
  const { accessSync, constants } = require('node:fs');
  const modes = { read: constants.R_OK, write: constants.W_OK | constants.X_OK, pass: constants.X_OK };
  const [...words] = process.argv.slice(1);
  while (words.length > 0) {
    const [how, path] = words.splice(0, 2);
    try { accessSync(path, modes[how]); } catch { console.error('it may not ' + how + ' ' + path); process.exit(1); }
  }`;

/** Null where this user may do all of that; else what is in the way. */
const problemOf = (who: RunAs, needs: readonly Need[]): string | null => {
  const [program = '', ...args] = [...who.prefix, process.execPath, '-e', CHECK, '--', ...needs.flat()];
  const outcome = spawnSync(program, args, { ...identityOf(who), env: {}, encoding: 'utf8' });
  if (outcome.status === 0) return null;
  return (
    outcome.error?.message ?? (outcome.stderr.trim().split('\n').at(-1) || 'a process of that user does not start')
  );
};
