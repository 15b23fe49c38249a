/**
 * A real S3 server for tests: OpenStack Swift with its `s3api`, from Debian. It checks signatures, keeps parts, answers HEAD and ranges as S3 does. Each
 * has its own folder, free ports of this machine and processes, ended by their ids.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { waitFor } from './wait-for.ts';

/** Python that starts on a busy machine. */
const START_LIMIT_MS = 60_000;
const STORES = ['account', 'container', 'object'] as const;

/** Builds the three rings (which device has what) of one device each: `swift-ring-builder` in one process instead of nine. */
const RINGS = `
import sys
from swift.common.ring import RingBuilder
for name, port in zip(sys.argv[2::2], sys.argv[3::2]):
    ring = RingBuilder(2, 1, 0)
    ring.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': int(port), 'device': 'd1', 'weight': 1.0, 'meta': '',
                  'replication_ip': '127.0.0.1', 'replication_port': int(port)})
    ring.rebalance()
    ring.get_ring().save('%s/%s.ring.gz' % (sys.argv[1], name))
`;

const PIPELINE =
  'catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth bulk slo dlo proxy-logging proxy-server';
const FILTERS = {
  s3api: 's3api\nlocation = us-east-1\ndns_compliant_bucket_names = true\nmin_segment_size = 1',
  tempauth: 'tempauth\nuser_test_tester = testing .admin',
  catch_errors: 'catch_errors',
  gatekeeper: 'gatekeeper',
  healthcheck: 'healthcheck',
  listing_formats: 'listing_formats',
  bulk: 'bulk',
  slo: 'slo',
  dlo: 'dlo',
  'proxy-logging': 'proxy_logging',
};

/** Ports that are free now. */
const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
};

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

export const S3_CREDENTIALS = { accessKeyId: 'test:tester', secretAccessKey: 'testing' } as const;

export class SwiftStore implements AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly port: number;
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  readonly #client: S3Client;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#client = new S3Client({
      endpoint: this.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: S3_CREDENTIALS,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** Starts it; resolves when it answers. */
  static async start(): Promise<SwiftStore> {
    const [proxy = 0, memcached = 0, ...stores] = await freePorts(5);
    const store = new SwiftStore(mkdtempSync(join(tmpdir(), 'swift-')), proxy);
    try {
      await store.#run(proxy, memcached, stores);
      return store;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** To look at what is there. */
  get client(): S3Client {
    return this.#client;
  }

  async createBucket(bucket: string): Promise<void> {
    await this.#client.send(new CreateBucketCommand({ Bucket: bucket }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(proxy: number, memcached: number, ports: readonly number[]): Promise<void> {
    const folder = this.#folder;
    mkdirSync(join(folder, 'd1'));
    writeFileSync(
      join(folder, 'swift.conf'),
      '[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n[storage-policy:0]\nname = one\ndefault = yes\n',
    );
    const rings = STORES.flatMap((name, i) => [name, String(ports[i])]);
    execFileSync('/usr/bin/python3', ['-c', RINGS, folder, ...rings], { stdio: ['ignore', 'ignore', 'inherit'] });
    const common = (port: number): string =>
      `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${port}\nuser = ${userInfo().username}\nswift_dir = ${folder}\nworkers = 0\n` +
      `devices = ${folder}\nmount_check = false\ndisable_fallocate = true\nlog_address = /nonexistent\n`;
    this.#spawn('memcached', '/usr/bin/memcached', [
      '-u',
      userInfo().username,
      '-l',
      '127.0.0.1',
      '-p',
      String(memcached),
    ]);
    for (const [i, name] of STORES.entries()) {
      const conf = `${common(ports[i] ?? 0)}[pipeline:main]\npipeline = ${name}-server\n[app:${name}-server]\nuse = egg:swift#${name}\n`;
      this.#spawnSwift(name, conf);
    }
    const filters = Object.entries(FILTERS).map(([name, egg]) => `[filter:${name}]\nuse = egg:swift#${egg}\n`);
    this.#spawnSwift(
      'proxy',
      `${common(proxy)}[pipeline:main]\npipeline = ${PIPELINE}\n[app:proxy-server]\nuse = egg:swift#proxy\n` +
        `allow_account_management = true\naccount_autocreate = true\n[filter:cache]\nuse = egg:swift#memcache\n` +
        `memcache_servers = 127.0.0.1:${memcached}\n${filters.join('')}`,
    );
    for (const port of [memcached, ...ports, proxy]) {
      await waitFor(`Swift on port ${port}`, START_LIMIT_MS, async () => {
        const ended = this.#children.find(({ exitCode }) => exitCode !== null);
        if (ended) throw new Error(`A process of Swift ended (${ended.exitCode}): ${this.#logs()}`);
        return (await answers(port)) || null;
      });
    }
  }

  #logs(): string {
    return ['memcached', ...STORES, 'proxy']
      .map((name) => readFileSync(join(this.#folder, `${name}.log`), 'utf8').slice(-600))
      .join('\n');
  }

  #spawnSwift(name: string, conf: string): void {
    const path = join(this.#folder, `${name}.conf`);
    writeFileSync(path, conf);
    this.#spawn(name, '/usr/bin/python3', [`/usr/bin/swift-${name}-server`, path]);
  }

  #spawn(name: string, program: string, args: readonly string[]): void {
    const log = openSync(join(this.#folder, `${name}.log`), 'w');
    this.#children.push(spawn(program, args, { stdio: ['ignore', log, log] }));
    closeSync(log);
  }
}
