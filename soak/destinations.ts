/**
 * Everything that finished recordings go to is away for an hour, in real time: the bucket and the callers' presigned URLs answer 503, hang or cut
 * connections, the webhook endpoint is down, some presigned URLs expire meanwhile, and the server is killed in the middle of it. Then all of it comes
 * back: some deliveries are resumed by hand, those that expired with fresh URLs, the others come by themselves.
 *
 * A wait doubles with each failure, so that the last may be as long as the outage was, an hour and a quarter at most.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { presign } from '../src/delivery/s3-address.ts';
import type { Scope } from '../src/support/scope.ts';
import { seededRandom } from '../src/synthetic/impairment.ts';
import { Participant } from '../src/synthetic/participant.ts';
import { Api, signToken } from '../test/support/api.ts';
import { type Fault, FaultProxy } from '../test/support/fault-proxy.ts';
import { Service } from '../test/support/service.ts';
import { S3_CREDENTIALS, SwiftStore } from '../test/support/swift-store.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { Receiver, status } from '../test/support/webhook-receiver.ts';
import type { Figure, Soak, SoakOptions, SoakResult } from './soak.ts';

const MINUTES = 60;
const MINUTE_MS = 60_000;
const RECORDED_MS = 4_000;
/** Recordings are made all the while, but not so many that composing them is what is measured. */
const RECORDINGS_AT_MOST = 24;
/** Of a presigned URL that is to expire before the store is back. */
const EXPIRES_S = 20;
const LASTS_S = 24 * 3_600;
/** The longest wait between two attempts: an hour and a quarter. */
const LONGEST_WAIT_MS = 75 * MINUTE_MS;
/** Waits grow by up to a quarter more than twice the one before, and sum up to the outage. */
const LAST_WAIT_PER_OUTAGE = 1.7;
/** For composing, sending and answering. */
const SPARE_MS = 3 * MINUTE_MS;
const LOOK_EVERY_MS = 10_000;
const OURS = 'ours';
const THEIRS = 'theirs';
const EVENTS = ['recording-starting', 'recording-started', 'recording-stopping', 'recording-stopped'];

interface Delivery {
  readonly id: string;
  readonly type: 'bucket' | 'presigned-url';
  readonly status: string;
  readonly attempts: number;
}

/** A recording that was made while its destinations were away. */
interface Made {
  readonly id: string;
  readonly objectName: string;
  /** Its presigned URL is over before the store is back. */
  readonly expires: boolean;
  readonly byHand: boolean;
}

class World {
  readonly swift: SwiftStore;
  readonly proxy: FaultProxy;
  readonly receiver: Receiver;
  readonly service: Service;
  readonly api: Api;

  private constructor(parts: Pick<World, 'swift' | 'proxy' | 'receiver' | 'service' | 'api'>) {
    this.swift = parts.swift;
    this.proxy = parts.proxy;
    this.receiver = parts.receiver;
    this.service = parts.service;
    this.api = parts.api;
  }

  static async open(scope: Scope): Promise<World> {
    const swift = scope.own('swift', await SwiftStore.start(), (it) => it[Symbol.asyncDispose]());
    for (const bucket of [OURS, THEIRS]) await swift.createBucket(bucket);
    const proxy = scope.own('proxy', await FaultProxy.start(swift.port), (it) => it[Symbol.asyncDispose]());
    const receiver = scope.own('receiver', await Receiver.start(), (it) => it.close());
    const environment = {
      ROOMTAPE_S3_BUCKET: OURS,
      ROOMTAPE_S3_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
      ROOMTAPE_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      ROOMTAPE_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
      ROOMTAPE_S3_FORCE_PATH_STYLE: 'true',
      ROOMTAPE_KEEP_LOCAL: 'false',
      ROOMTAPE_ALLOW_PRIVATE_URLS: 'true',
    };
    const service = scope.own('service', await Service.start(environment), (it) => it.close());
    // Longer than all of this takes.
    const api = new Api(service.url, await signToken(service.key, {}, '24h'));
    return new World({ swift, proxy, receiver, service, api });
  }

  presigned(objectName: string, seconds: number): Promise<string> {
    const endpoint = `http://127.0.0.1:${this.proxy.port}`;
    return presign({
      place: { endpoint, region: 'us-east-1', bucket: THEIRS, forcePathStyle: true },
      credentials: S3_CREDENTIALS,
      objectName,
      method: 'PUT',
      seconds,
    });
  }

  async deliveries(id: string): Promise<readonly Delivery[]> {
    const answer = await this.api.call('GET', `/v2/recordings/${id}/deliveries`);
    if (!answer.ok) throw new Error(`The deliveries of ${id} were answered ${answer.status}.`);
    return ((await answer.json()) as { data: Delivery[] }).data;
  }

  /** Null: there is no such object. */
  async md5(bucket: string, key: string): Promise<string | null> {
    try {
      const got = await this.swift.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const content = (await got.Body?.transformToByteArray()) ?? new Uint8Array();
      return createHash('md5').update(content).digest('hex');
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return null;
      throw error;
    }
  }

  /** Names of what is still here of a recording. */
  filesHere(id: string): string[] {
    const folder = join(this.service.server.dataDir, 'recordings', id, 'files');
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  async record(index: number): Promise<Made> {
    const roomId = await this.api.createRoom();
    const token = await this.service.participantToken(roomId, { name: 'Ada', participantId: 'ada' });
    const ada = await Participant.join({
      url: this.service.url,
      roomId,
      token,
      name: 'Ada',
      index: 0,
      of: 1,
      via: 'room',
      size: { width: 320, height: 180 },
    });
    const expires = index % 3 === 1;
    const objectName = `${index}.mp4`;
    const id = await this.api.startRecording(
      roomId,
      { quality: 'low' },
      {
        awsDirPath: `/soak/${index}/`,
        preSignedUrl: await this.presigned(objectName, expires ? EXPIRES_S : LASTS_S),
        webhookUrl: this.receiver.url('/hook'),
      },
    );
    await delay(RECORDED_MS);
    await this.api.endRecording(roomId);
    await ada.leave();
    await this.api.finished(id, 10 * MINUTE_MS);
    return { id, objectName, expires, byHand: index % 3 === 2 };
  }
}

const faultOf = (random: () => number): Fault => {
  const kinds: readonly Fault[] = [{ kind: '503' }, { kind: 'hang' }, { kind: 'cut', afterBytes: 0 }];
  return kinds[Math.floor(random() * kinds.length)] ?? { kind: '503' };
};

/** Recordings are made, destinations fail in one way after another, and in the middle of it the server dies. */
const whileAway = async (
  world: World,
  minutes: number,
  random: () => number,
  note: (text: string) => void,
): Promise<Made[]> => {
  const began = performance.now();
  const lastsMs = minutes * MINUTE_MS;
  const everyMs = Math.max(15_000, lastsMs / RECORDINGS_AT_MOST);
  const made: Made[] = [];
  let killed = false;
  world.receiver.behave = status(503);
  while (performance.now() - began < lastsMs) {
    world.proxy.set(faultOf(random));
    const next = performance.now() + everyMs;
    made.push(await world.record(made.length));
    note(`${made.length} recordings wait for their destinations`);
    if (!killed && performance.now() - began > lastsMs / 2) {
      killed = true;
      const pid = await world.service.pidOf('server');
      if (pid !== null) process.kill(pid, 'SIGKILL');
      await waitFor('another server', MINUTE_MS, async () => {
        const now = await world.service.pidOf('server');
        return now !== null && now !== pid;
      });
      await world.service.server.healthy();
      note('the server was killed, and is back');
    }
    await delay(Math.max(0, Math.min(next, began + lastsMs) - performance.now()));
  }
  return made;
};

/** Resolves with how many were resumed by a call. */
const resume = async (world: World, made: readonly Made[]): Promise<number> => {
  let resumed = 0;
  for (const { id, objectName, expires, byHand } of made) {
    for (const delivery of await world.deliveries(id)) {
      const isExpired = expires && delivery.type === 'presigned-url';
      if (delivery.status === 'done' || (!byHand && !isExpired)) continue;
      const body = isExpired ? { preSignedUrl: await world.presigned(objectName, LASTS_S) } : {};
      const path = `/v2/recordings/${id}/deliveries/${delivery.id}/retry`;
      await waitFor(`a delivery of ${id} to be resumed`, MINUTE_MS, async () => {
        const answer = await world.api.call('POST', path, body);
        const { status: code } = answer;
        // It may have begun by itself at this moment; a URL that is over is taken by nobody.
        if (code === 409 && !isExpired) return true;
        if (code !== 200 && code !== 409) throw new Error(`A retry was answered ${code}: ${await answer.text()}`);
        return code === 200;
      });
      resumed += 1;
    }
  }
  return resumed;
};

const run = async ({ minutes, seed, scope, note }: SoakOptions): Promise<SoakResult> => {
  const world = await World.open(scope);
  const random = seededRandom(seed);
  const awayMinutes = minutes ?? MINUTES;
  const made = await whileAway(world, awayMinutes, random, note);
  const violations: string[] = [];
  for (const { id } of made) {
    if (world.filesHere(id).length !== 1) violations.push(`The file of ${id} was not kept until it was delivered.`);
  }
  const refusedCalls = world.receiver.received.length;
  world.proxy.set({ kind: 'none' });
  world.receiver.behave = status(200);
  const backAt = performance.now();
  note(`everything is back after ${awayMinutes} minutes`);
  const resumed = await resume(world, made);
  const limitMs = Math.min(LONGEST_WAIT_MS, awayMinutes * MINUTE_MS * LAST_WAIT_PER_OUTAGE) + SPARE_MS;
  const told = (): typeof world.receiver.received => world.receiver.received.slice(refusedCalls);
  const toldOf = (id: string): string[] =>
    told().flatMap((one) => (one.data?.id === id || one.data?.recordingId === id ? [one.webhookType] : []));
  const isAllThere = async (): Promise<boolean> => {
    // Callers have a limit a minute.
    await delay(LOOK_EVERY_MS);
    for (const { id } of made) {
      if (!(await world.deliveries(id)).every((delivery) => delivery.status === 'done')) return false;
      if (!toldOf(id).includes('recording-stopped')) return false;
    }
    return true;
  };
  await waitFor('everything to arrive', limitMs, isAllThere).catch((error: Error) =>
    violations.push(`${error.message} (seed ${seed})`),
  );
  const arrivedS = (performance.now() - backAt) / 1000;
  let objects = 0;
  for (const { id, objectName } of made) {
    const { file } = await world.api.recording(id);
    const md5s = [await world.md5(OURS, file?.filePath ?? ''), await world.md5(THEIRS, objectName)];
    if (md5s[0] !== null && md5s[0] === md5s[1]) objects += 2;
    else violations.push(`The objects of ${id} are ${md5s.join(' and ')}.`);
    const order = [...new Set(toldOf(id).filter((type) => EVENTS.includes(type)))];
    if (order.join() !== EVENTS.join()) violations.push(`The webhooks of ${id} came as ${order.join(', ')}.`);
  }
  await waitFor('files to go from here once they are delivered', SPARE_MS, () =>
    made.every(({ id }) => world.filesHere(id).length === 0),
  ).catch((error: Error) => violations.push(error.message));
  const all = (await Promise.all(made.map(({ id }) => world.deliveries(id)))).flat();
  return {
    figures: figuresOf(world, { made, all, resumed, refusedCalls, awayMinutes, arrivedS, objects }),
    violations,
  };
};

interface Counted {
  readonly made: readonly Made[];
  readonly all: readonly Delivery[];
  readonly resumed: number;
  readonly refusedCalls: number;
  readonly awayMinutes: number;
  readonly arrivedS: number;
  readonly objects: number;
}

const figuresOf = (world: World, counted: Counted): Figure[] => {
  const { made, all, resumed, refusedCalls, awayMinutes, arrivedS, objects } = counted;
  const attempts = all.map((delivery) => delivery.attempts);
  const byId = new Map<string, Set<string>>();
  for (const { id, webhookType, data } of world.receiver.received) {
    byId.set(id, (byId.get(id) ?? new Set()).add(`${webhookType} ${data?.id ?? data?.recordingId}`));
  }
  const calls = world.receiver.received.length;
  return [
    { what: 'destinations were away', value: awayMinutes, unit: 'minutes' },
    { what: 'recordings done meanwhile', value: made.length, unit: 'recordings', atLeast: 1 },
    { what: 'deliveries', value: all.length, unit: '', atLeast: 2 * made.length },
    { what: '… that had to be tried again', value: attempts.filter((count) => count > 1).length, unit: '' },
    { what: '… resumed by hand', value: resumed, unit: '' },
    { what: '… done', value: all.filter((one) => one.status === 'done').length, unit: '', atLeast: all.length },
    { what: 'attempts', value: attempts.reduce((sum, count) => sum + count, 0), unit: '' },
    { what: 'most attempts of one', value: Math.max(0, ...attempts), unit: '' },
    { what: 'objects there, whole', value: objects, unit: 'objects', atLeast: 2 * made.length },
    { what: 'last of all after the return', value: arrivedS, unit: 's' },
    { what: 'webhook calls refused meanwhile', value: refusedCalls, unit: 'calls', atLeast: 1 },
    { what: 'webhook calls taken afterwards', value: calls - refusedCalls, unit: 'calls' },
    { what: 'webhook ids', value: byId.size, unit: 'events' },
    {
      what: 'webhook ids that name two events',
      value: [...byId.values()].filter((events) => events.size > 1).length,
      unit: '',
      atMost: 0,
    },
  ];
};

export const destinations: Soak = {
  promise:
    'Bucket, presigned URLs and webhook endpoint are away for an hour: everything arrives, once, and nothing goes before.',
  run,
};
