/**
 * Users of their own for the media process and compositors: what is given to whom, and what is in the way. With real users: as root alone.
 * That the processes really run as them: test/scenario/secrets.test.ts.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compositorIdentity,
  giveToCompositor,
  isolationObstacle,
  networkObstacle,
  prepareIsolation,
  transcriberIdentity,
} from '../../../src/processes/isolation.ts';
import { type DataPaths, dataPaths } from '../../../src/processes/paths.ts';

let folder: string;
let paths: DataPaths;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-isolation-'));
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  paths = dataPaths(join(folder, 'data'));
  mkdirSync(dirname(paths.mediaSocket));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const MEDIA_PORT = 20_080;
const modeOf = (path: string): string => {
  const { uid, gid, mode } = lstatSync(path);
  return `${uid}:${gid} ${(mode & 0o777).toString(8)}`;
};
const mayRead = (path: string, uid: number): boolean => {
  try {
    execFileSync('cat', [path], { uid, gid: 61_080, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('started as root', () => {
  it('gives journals to the media process, and everything else to nobody', () => {
    chmodSync(folder, 0o711);
    mkdirSync(join(paths.journals, 'earlier'), { recursive: true, mode: 0o700 });
    writeFileSync(join(paths.journals, 'earlier', '00000001.rtj'), 'said before', { mode: 0o600 });
    writeFileSync(join(paths.root, 'credentials.json'), 'secret', { mode: 0o600 });
    const { media, compositor, obstacle } = prepareIsolation(paths, MEDIA_PORT);
    expect([obstacle, media.uid, compositor.uid]).toEqual([undefined, 61_080, 61_081]);
    expect(compositorIdentity(paths)).toMatchObject({ uid: compositor.uid, gid: compositor.gid });
    expect(isolationObstacle(paths)).toBeNull();
    expect(modeOf(paths.root)).toBe('0:61080 710');
    expect(modeOf(paths.recordings)).toBe('0:61080 710');
    const chunk = join(paths.journals, 'earlier', '00000001.rtj');
    expect([modeOf(dirname(chunk)), modeOf(chunk)]).toEqual(['61080:61080 750', '61080:61080 640']);
    expect([modeOf(paths.resumeSecret), modeOf(dirname(paths.mediaSocket))]).toEqual([
      '61080:61080 600',
      '61080:61080 700',
    ]);
    for (const uid of [61_080, 61_081]) {
      expect([mayRead(chunk, uid), mayRead(join(paths.root, 'credentials.json'), uid)]).toEqual([true, false]);
    }
    expect(mayRead(paths.resumeSecret, 61_081)).toBe(false);
    // Again, as the next supervisor does it; meanwhile one ran as root.
    mkdirSync(join(paths.journals, 'between'), { mode: 0o700 });
    expect(prepareIsolation(paths, MEDIA_PORT).obstacle).toBeUndefined();
    expect(modeOf(join(paths.journals, 'between'))).toBe('61080:61080 750');
  });

  it('finds nothing in the way before the first start', () => {
    chmodSync(folder, 0o711);
    expect(isolationObstacle(paths)).toBeNull();
    expect(prepareIsolation(paths, MEDIA_PORT).obstacle).toBeUndefined();
  });

  it('gives a compositor the folders of its composition, and follows no links', () => {
    chmodSync(folder, 0o711);
    const { compositor } = prepareIsolation(paths, MEDIA_PORT);
    const recording = join(paths.recordings, 'abc');
    const files = join(recording, 'files');
    mkdirSync(files, { recursive: true, mode: 0o700 });
    writeFileSync(join(recording, 'watermark-0'), 'png', { mode: 0o600 });
    const secret = join(paths.root, 'credentials.json');
    writeFileSync(secret, 'secret', { mode: 0o600 });
    symlinkSync(secret, join(files, 'link.mp4'));
    const directory = join(recording, 'composition');
    giveToCompositor(compositor, { directory, artifactPath: join(files, 'composition') });
    expect([modeOf(recording), modeOf(files), modeOf(directory)]).toEqual([
      '0:61080 710',
      '61081:61080 700',
      '61081:61080 700',
    ]);
    expect(existsSync(join(directory, 'segments'))).toBe(true);
    expect([mayRead(join(recording, 'watermark-0'), 61_081), modeOf(secret)]).toEqual([true, '0:0 600']);
    expect(mayRead(secret, 61_081)).toBe(false);
    // What has been given away is the compositors': nothing in it is touched again.
    writeFileSync(join(files, 'planted'), 'x', { mode: 0o600 });
    giveToCompositor(compositor, { directory, artifactPath: join(files, 'composition') });
    expect(modeOf(join(files, 'planted'))).toBe('0:0 600');
  });

  it('leaves everything to root below a folder that only root may enter, and says so', () => {
    const { media, compositor, obstacle } = prepareIsolation(paths, MEDIA_PORT);
    expect([media, compositor]).toEqual([{ prefix: [] }, { prefix: [] }]);
    expect(obstacle).toMatch(/it may not/);
    expect(statSync(paths.root).mode & 0o777).toBe(0o700);
    expect(compositorIdentity(paths)).toEqual({ prefix: [] });
    expect(isolationObstacle(paths)).toMatch(/it may not pass/);
  });

  it('cuts compositors and transcribers off from every network, for good', () => {
    chmodSync(folder, 0o711);
    prepareIsolation(paths, MEDIA_PORT);
    expect(networkObstacle()).toBeNull();
    for (const { prefix, uid } of [compositorIdentity(paths), transcriberIdentity(paths)]) {
      const [program = '', ...args] = [...prefix, 'sh', '-c', 'readlink /proc/self/ns/net; cat /proc/self/status'];
      const [network, ...status] = execFileSync(program, args, { cwd: '/', encoding: 'utf8' }).split('\n');
      expect(network).toMatch(/^net:\[\d+\]$/);
      expect(network).not.toBe(readlinkSync('/proc/self/ns/net'));
      expect(status).toContain(`Uid:\t${uid}\t${uid}\t${uid}\t${uid}`);
      expect(status).toContain('NoNewPrivs:\t1');
      for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(status).toContain(`${set}:\t0000000000000000`);
    }
  });

  it('takes along the right to a low port, and nothing else', () => {
    chmodSync(folder, 0o711);
    const { media, obstacle } = prepareIsolation(paths, 443);
    expect(obstacle).toBeUndefined();
    const [program = '', ...args] = [...media.prefix, 'grep', '-E', '^(Uid|CapEff):', '/proc/self/status'];
    const status = execFileSync(program, args, { encoding: 'utf8' });
    expect(status).toMatch(/^Uid:\t61080\t61080/m);
    expect(BigInt(`0x${/CapEff:\t(\w+)/.exec(status)?.[1]}`)).toBe(1n << 10n); // CAP_NET_BIND_SERVICE
  });
});
