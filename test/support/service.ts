/**
 * The real product for a test: a child process with a data folder and ports of its own. Closing it asserts that nothing is left
 * running, and removes the folder.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerChild, type ServerChildOptions } from '../../src/cli/server-child.ts';
import { Api, type ApiKey, signToken } from './api.ts';
import { DiskImage } from './disk-image.ts';
import { processesOf } from './running.ts';
import { waitFor } from './wait-for.ts';

const KEY: ApiKey = { apiKey: 'scenario-key', apiSecret: 'a secret for scenarios that nobody else uses 0123456789' };

/** A disk of the test's own under a part of the data folder ('': all of it). */
export interface OwnDisk {
  readonly over: string;
  readonly mebibytes: number;
}

/** How the product is run. */
export interface RunningServer {
  readonly url: string;
  readonly dataDir: string;
  healthy(limitMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export class Service<Server extends RunningServer = ServerChild, Client extends Api = Api> {
  readonly server: Server;
  readonly api: Client;
  readonly key = KEY;
  readonly folder: string;
  readonly #disk: DiskImage | null;
  #closing: Promise<void> | undefined;

  private constructor(server: Server, api: Client, folder: string, disk: DiskImage | null) {
    this.#disk = disk;
    this.server = server;
    this.api = api;
    this.folder = folder;
  }

  /** Starts the product and waits until it is healthy. */
  static start(environment: Readonly<Record<string, string>> = {}, ownDisk: OwnDisk | null = null): Promise<Service> {
    return Service.run(ServerChild.start, Api, environment, ownDisk);
  }

  /** The same, by whatever runs it. */
  static async run<Server extends RunningServer, Client extends Api>(
    start: (options: ServerChildOptions) => Promise<Server>,
    client: new (url: string, token: string) => Client,
    environment: Readonly<Record<string, string>> = {},
    ownDisk: OwnDisk | null = null,
  ): Promise<Service<Server, Client>> {
    const folder = await mkdtemp(join(tmpdir(), 'roomtape-scenario-'));
    // The product's own users pass through it: a folder that only root may enter would keep them from working.
    await chmod(folder, 0o711);
    const logFile = join(folder, 'server.log');
    const disk = ownDisk && (await DiskImage.mount(join(folder, 'data', ownDisk.over), ownDisk.mebibytes));
    try {
      const server = await start({
        dataDir: join(folder, 'data'),
        logFile,
        environment: { ROOMTAPE_API_KEY: KEY.apiKey, ROOMTAPE_API_SECRET: KEY.apiSecret, ...environment },
      });
      return new Service(server, new client(server.url, await signToken(KEY)), folder, disk);
    } catch (error) {
      const log = await readFile(logFile, 'utf8');
      await disk?.close();
      throw new Error(`The service did not start. The end of its log:\n${log.slice(-4000)}`, { cause: error });
    }
  }

  /** The disk of its own. */
  get disk(): DiskImage {
    if (!this.#disk) throw new Error('The service was started without a disk of its own.');
    return this.#disk;
  }

  /** Figures of `/metrics` as they are at one moment, by their names without the prefix. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(new URL('/metrics', this.url))).text();
    const lines = text.matchAll(/^roomtape_(\S+) (\S+)$/gm);
    return new Map([...lines].map(([, name = '', value]) => [name, Number(value)]));
  }

  get url(): string {
    return this.server.url;
  }

  get journals(): string {
    return join(this.server.dataDir, 'journals');
  }

  /** A participant's token for a room. */
  participantToken(roomId: string, claims: Record<string, unknown> = {}): Promise<string> {
    return signToken(this.key, { roomId, permissions: ['allow_join', 'allow_mod'], version: 2, ...claims });
  }

  /** What the server logged. */
  log(): Promise<string> {
    return readFile(join(this.folder, 'server.log'), 'utf8');
  }

  /** Pid of the server process or the media process; null while there is none. */
  async pidOf(name: 'server' | 'media'): Promise<number | null> {
    const line = (await processesOf(this.server.dataDir)).find((process) => process.includes(`processes/${name}.ts`));
    return line === undefined ? null : Number.parseInt(line, 10);
  }

  /** Ends the product in order; rejects if anything of it goes on running. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.server.stop();
      await waitFor('everything of the product to end', 10_000, async () => {
        const left = await processesOf(this.server.dataDir);
        return left.length === 0;
      });
    } finally {
      await this.#disk?.close();
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
