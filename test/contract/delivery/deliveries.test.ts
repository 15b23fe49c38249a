/**
 * Deliveries on a real database and a real S3 server behind a proxy that fails on purpose. Hours and days pass by the injected clock.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { toWireStored } from '../../../src/api/wire-delivery.ts';
import { type Catalog, type DeliveryRow, transaction } from '../../../src/catalog/catalog.ts';
import { insertComposition } from '../../../src/catalog/compositions.ts';
import { deliveriesOf } from '../../../src/catalog/deliveries.ts';
import { filesOf, insertFile, markFileDeleted, transcriptFilesOf } from '../../../src/catalog/files.ts';
import { askForPurge, composePurges } from '../../../src/catalog/purges.ts';
import { findRecording } from '../../../src/catalog/recordings.ts';
import {
  finishHearing,
  insertTranscription,
  leaseTranscription,
  renewTranscription,
} from '../../../src/catalog/transcriptions.ts';
import { forgetUtterances, keepUtterance } from '../../../src/catalog/utterances.ts';
import type {
  CompositionId,
  DeliveryId,
  FileId,
  ParticipantId,
  RecordingId,
  TranscriptionId,
} from '../../../src/domain/ids.ts';
import { filesPort } from '../../../src/processes/api-ports.ts';
import { summarizeInThread, writeInThread } from '../../../src/processes/transcript-thread.ts';
import { Deliveries } from '../../../src/recordings/deliveries.ts';
import type { DeliverySender } from '../../../src/recordings/delivery-ports.ts';
import { tellDelivery } from '../../../src/recordings/tell-delivery.ts';
import { TranscriptFinishing } from '../../../src/recordings/transcript-finishing.ts';
import { TranscriptionMetrics } from '../../../src/recordings/transcription-metrics.ts';
import { newHexId, newUuid } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';
import { BUCKET, Clock, DeliveryRig, md5Of, deliveryRound as round, THEIRS } from '../../support/delivery-rig.ts';
import { waitFor } from '../../support/wait-for.ts';

const HOUR = 3_600_000;
const IDLE_MS = 1_500;
const LIMIT_MS = 20_000;

const scope = new Scope();
let rig: DeliveryRig;
let logged = '';
const log = pino(
  { level: 'debug' },
  new Writable({
    write: (chunk, _encoding, done) => {
      logged += chunk;
      done();
    },
  }),
);

beforeAll(async () => {
  rig = await DeliveryRig.start(scope, IDLE_MS);
}, 120_000);
afterAll(() => scope.close());

let clock: Clock;
let told: { type: string; id: DeliveryId }[];
beforeEach(async () => {
  rig.proxy.set({ kind: 'none' });
  clock = new Clock();
  told = [];
  logged = '';
  // What an earlier test left waiting is not this one's.
  await rig.catalog.updateTable('deliveries').set({ status: 'cancelled' }).where('status', '<>', 'done').execute();
});

const makeDeliveries = (
  options: Partial<{ keepLocal: boolean; localRetentionMs: number; sender: DeliverySender; catalog: Catalog }> = {},
): Deliveries =>
  new Deliveries({
    catalog: options.catalog ?? rig.catalog,
    sender: options.sender ?? rig.sender(),
    dataDir: rig.dataDir,
    retryForMs: 72 * HOUR,
    backoff: { firstMs: 5_000, mostMs: HOUR },
    keepLocal: options.keepLocal ?? true,
    localRetentionMs: options.localRetentionMs ?? 0,
    tell: async (_trx, type, { id }) => void told.push({ type, id }),
    wake: () => undefined,
    now: clock.now,
    random: () => 0.5,
    log,
  });

const rowsOf = (recordingId: RecordingId): Promise<DeliveryRow[]> => deliveriesOf(rig.catalog, [recordingId]);
const onlyRow = async (recordingId: RecordingId): Promise<DeliveryRow> => {
  const [row] = await rowsOf(recordingId);
  if (!row) throw new Error('The recording has no delivery.');
  return row;
};

it('brings a file to both destinations, verified, tells of each once, and keeps no secret', async () => {
  const deliveries = makeDeliveries();
  const preSignedUrl = await rig.presigned('both.mp4');
  const { recordingId, md5s } = await rig.finished(deliveries, { directory: 'meetings/räume', preSignedUrl });
  expect((await rowsOf(recordingId)).map(({ status, kind }) => `${kind} ${status}`)).toEqual([
    'bucket queued',
    'presigned-url queued',
  ]);
  await round(deliveries);
  const rows = await rowsOf(recordingId);
  expect(rows.map(({ status, attempts, verified }) => [status, attempts, verified?.md5])).toEqual([
    ['done', 1, md5s[0]],
    ['done', 1, md5s[0]],
  ]);
  expect(await rig.objectMd5(BUCKET, `meetings/räume/${recordingId}.mp4`)).toBe(md5s[0]);
  expect(await rig.objectMd5(THEIRS, 'both.mp4')).toBe(md5s[0]);
  expect(told.map(({ type }) => type)).toEqual(['recording-delivered', 'recording-delivered']);
  expect(new Set(told.map(({ id }) => id)).size).toBe(2);
  // In the event it says where the file is as in the recording object.
  for (const row of rows) await tellDelivery(rig.catalog, 'recording-delivered', row);
  const events = await rig.catalog.selectFrom('events').selectAll().where('recording_id', '=', recordingId).execute();
  const storages = events
    .filter(({ type }) => type === 'recording-delivered')
    .map(({ data }) => JSON.parse(data).userStorage);
  expect(storages).toEqual(rows.map(({ stored_at: at }) => at && toWireStored(at)));
  expect(storages[0]).toEqual({
    type: 's3',
    bucket: BUCKET,
    filePath: `meetings/räume/${recordingId}.mp4`,
    fileUrl: expect.stringContaining(`/${recordingId}.mp4`),
  });
  await round(deliveries);
  expect(told).toHaveLength(2);
  const signature = new URL(preSignedUrl).searchParams.get('X-Amz-Signature') ?? 'none';
  const kept = JSON.stringify([rows, await findRecording(rig.catalog, recordingId)]);
  expect(kept).not.toContain(signature);
  expect(logged).toContain('Delivered.');
  expect(logged).not.toContain(signature);
});

it('plans nothing where the state did not change: both are one transaction', async () => {
  const deliveries = makeDeliveries();
  const { recordingId } = await rig.finished(deliveries, { directory: '', preSignedUrl: null });
  const files = await filesOf(rig.catalog, [recordingId]);
  await expect(
    transaction(rig.catalog, async (trx) => {
      await deliveries.plan(trx, { recordingId, files, again: false });
      throw new Error('Rolled back.');
    }),
  ).rejects.toThrow('Rolled back.');
  expect(await rowsOf(recordingId)).toHaveLength(1);
});

it('gives every file of a recording a name of its own', async () => {
  const deliveries = makeDeliveries();
  const { recordingId, md5s } = await rig.finished(
    deliveries,
    { directory: 'apart', preSignedUrl: null },
    { files: 3 },
  );
  await round(deliveries);
  for (const [i, name] of ['', '-2', '-3'].entries()) {
    expect(await rig.objectMd5(BUCKET, `apart/${recordingId}${name}.mp4`)).toBe(md5s[i]);
  }
});

it('outlasts a bucket that answers 503 for an hour: waits grow, and it is there soon after', async () => {
  const deliveries = makeDeliveries();
  rig.proxy.set({ kind: '503' });
  const { recordingId } = await rig.finished(deliveries, { directory: '', preSignedUrl: null });
  const began = clock.ms;
  const waits: number[] = [];
  while (clock.ms - began < HOUR) {
    await round(deliveries);
    const row = await onlyRow(recordingId);
    expect(row.status).toBe('queued');
    expect(row.last_error).toMatch(/answered 503/);
    waits.push(row.due_at.getTime() - clock.ms);
    // Nothing happens before it is due.
    clock.ms = row.due_at.getTime() - 1;
    await round(deliveries);
    expect((await onlyRow(recordingId)).attempts).toBe(row.attempts);
    clock.to(row.due_at);
  }
  expect(waits).toEqual(waits.map((_, i) => 5_000 * 2 ** i));
  rig.proxy.set({ kind: 'none' });
  await round(deliveries);
  const row = await onlyRow(recordingId);
  expect(row).toMatchObject({ status: 'done', attempts: waits.length + 1, last_error: null });
  expect(told).toEqual([{ type: 'recording-delivered', id: row.id }]);
  expect(logged).not.toContain('secret-id');
});

it('cuts a bucket that hangs and an upload that breaks, and goes on where it was', async () => {
  const deliveries = makeDeliveries();
  const bytes = 33 * 2 ** 20;
  const { recordingId, md5s } = await rig.finished(deliveries, { directory: '', preSignedUrl: null }, { bytes });
  rig.proxy.set({ kind: 'hang' });
  await round(deliveries);
  expect((await onlyRow(recordingId)).last_error).toMatch(/does not answer/);
  clock.to((await onlyRow(recordingId)).due_at);
  // Of two parts of 16 MiB that go side by side, one is cut when 24 MiB are over.
  rig.proxy.set({ kind: 'cut', afterBytes: 24 * 2 ** 20 });
  await round(deliveries);
  const cut = await onlyRow(recordingId);
  expect(cut.resume).not.toBeNull();
  clock.to(cut.due_at);
  rig.proxy.set({ kind: 'none' });
  await round(deliveries);
  expect(rig.proxy.passedBytes).toBeLessThan(24 * 2 ** 20);
  expect(await onlyRow(recordingId)).toMatchObject({ status: 'done', attempts: 3, resume: null });
  expect(await rig.objectMd5(BUCKET, `${recordingId}.mp4`)).toBe(md5s[0]);
});

it('gives up after 72 hours, keeps the file, and goes on by hand with a fresh URL', async () => {
  const deliveries = makeDeliveries({ keepLocal: false });
  const expired = await rig.presigned('late.mp4', { seconds: 1 });
  await waitFor('the URL to expire', LIMIT_MS, async () => (await fetch(expired, { method: 'PUT' })).status === 403);
  const { recordingId, files, md5s } = await rig.finished(deliveries, { directory: null, preSignedUrl: expired });
  const began = clock.ms;
  let row = await onlyRow(recordingId);
  while (row.status === 'queued') {
    clock.to(row.due_at);
    await round(deliveries);
    row = await onlyRow(recordingId);
  }
  expect(clock.ms - began).toBe(72 * HOUR);
  expect(row).toMatchObject({ status: 'failed', last_error: expect.stringMatching(/answered 403 \(AccessDenied/) });
  expect(row.attempts).toBeGreaterThan(72);
  expect(told).toEqual([{ type: 'recording-delivery-failed', id: row.id }]);
  expect(existsSync(files[0]?.path ?? '')).toBe(true);
  await round(deliveries);
  expect(told).toHaveLength(1);
  await expect(deliveries.retry(newHexId<RecordingId>(), row.id, null)).rejects.toMatchObject({
    code: 'DELIVERY_NOT_FOUND',
  });

  const fresh = await rig.presigned('late.mp4');
  expect(await deliveries.retry(recordingId, row.id, fresh)).toMatchObject({ status: 'queued', due_at: clock.now() });
  await round(deliveries);
  expect(await onlyRow(recordingId)).toMatchObject({ status: 'done', last_error: null, url: null });
  expect(await rig.objectMd5(THEIRS, 'late.mp4')).toBe(md5s[0]);
  expect(told.map(({ type }) => type)).toEqual(['recording-delivery-failed', 'recording-delivered']);
  await expect(deliveries.retry(recordingId, row.id, fresh)).rejects.toMatchObject({ code: 'DELIVERY_DONE' });
  // Only a copy in the bucket can be read again: without one the file stays.
  expect(existsSync(files[0]?.path ?? '')).toBe(true);
});

it('lets callers whose servers hang keep neither the bucket nor other callers waiting', async () => {
  const real = rig.sender();
  const hanging: string[] = [];
  const sender: DeliverySender = {
    ...real,
    toUrl: async (url, file, signal) => {
      if (!url.startsWith('https://slow.')) return real.toUrl(url, file, signal);
      hanging.push(url);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  };
  const deliveries = makeDeliveries({ sender });
  for (let i = 0; i < 6; i += 1) {
    const preSignedUrl = `https://slow.example/${i}?X-Amz-Signature=0`;
    await rig.finished(deliveries, { directory: null, preSignedUrl });
    clock.ms += 1;
  }
  const preSignedUrl = await rig.presigned('unimpeded.mp4');
  const { recordingId } = await rig.finished(deliveries, { directory: 'unimpeded', preSignedUrl });
  const next = await deliveries.deliverDue();
  await waitFor('both to be delivered', LIMIT_MS, async () =>
    (await rowsOf(recordingId)).every(({ status }) => status === 'done'),
  );
  expect(hanging).toHaveLength(3);
  // What has no slot is not asked for again before one is free.
  expect(next && next > clock.now()).toBe(true);
  await deliveries.close();
});

it('never sends twice at once, however many servers look for what is due', async () => {
  const sending = new Map<string, number>();
  let most = 0;
  const real = rig.sender();
  const counting: DeliverySender = {
    ...real,
    toBucket: async (objectName, file, options) => {
      sending.set(objectName, (sending.get(objectName) ?? 0) + 1);
      most = Math.max(most, sending.get(objectName) ?? 0);
      return real.toBucket(objectName, file, options);
    },
  };
  const servers = [makeDeliveries({ sender: counting }), makeDeliveries({ sender: counting, catalog: rig.other })];
  const [one] = servers;
  if (!one) throw new Error('There is no server.');
  const recordings: RecordingId[] = [];
  for (let i = 0; i < 12; i += 1) {
    recordings.push((await rig.finished(one, { directory: 'shared', preSignedUrl: null })).recordingId);
  }
  await waitFor('all to be delivered', LIMIT_MS, async () => {
    await Promise.all(servers.map(round));
    const rows = await deliveriesOf(rig.catalog, recordings);
    return rows.every(({ status }) => status === 'done');
  });
  expect(sending.size).toBe(12);
  expect(most).toBe(1);
  expect(told).toHaveLength(12);
});

it('takes over what a server left that is gone, and ignores what that one still says', async () => {
  const lost = makeDeliveries({ catalog: rig.other });
  const { recordingId } = await rig.finished(lost, { directory: '', preSignedUrl: null });
  let goOn: (() => void) | undefined;
  const stuck: DeliverySender = {
    ...rig.sender(),
    // A server that stands still in the middle of sending, and goes on long after.
    toBucket: async (objectName, file, options) => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return rig.store.send(objectName, file, options);
    },
  };
  const standing = makeDeliveries({ catalog: rig.other, sender: stuck });
  await standing.deliverDue();
  await waitFor('the server to stand still', LIMIT_MS, () => goOn);
  const survivor = makeDeliveries();
  await round(survivor);
  const [row] = await rowsOf(recordingId);
  expect(row).toMatchObject({ status: 'running', fence: 1 });
  expect(await survivor.deliverDue()).toEqual(row?.lease_until);
  if (row?.lease_until) clock.to(row.lease_until);
  await round(survivor);
  expect(await onlyRow(recordingId)).toMatchObject({ status: 'done', fence: 2, attempts: 2 });
  goOn?.();
  await standing.settled();
  expect(await onlyRow(recordingId)).toMatchObject({ status: 'done', fence: 2 });
  expect(told).toHaveLength(1);
});

it('hands over at once when a server ends in order', async () => {
  const ending = makeDeliveries({ catalog: rig.other });
  rig.proxy.set({ kind: 'hang' });
  const { recordingId } = await rig.finished(ending, { directory: '', preSignedUrl: null });
  await ending.deliverDue();
  await waitFor('the upload to begin', LIMIT_MS, () => rig.proxy.connections > 0);
  await ending.close();
  expect(await onlyRow(recordingId)).toMatchObject({ status: 'queued', attempts: 0, last_error: null });
  rig.proxy.set({ kind: 'none' });
  await round(makeDeliveries());
  expect(await onlyRow(recordingId)).toMatchObject({ status: 'done', attempts: 1 });
});

it('stops when the recording is deleted, and is not found any more', async () => {
  const deliveries = makeDeliveries();
  rig.proxy.set({ kind: 'hang' });
  const { recordingId } = await rig.finished(deliveries, {
    directory: '',
    preSignedUrl: await rig.presigned('x', { port: rig.proxy.port }),
  });
  await deliveries.deliverDue();
  await waitFor('the uploads to begin', LIMIT_MS, () => rig.proxy.connections > 1);
  await deliveries.cancel(recordingId);
  expect(await rowsOf(recordingId)).toEqual([]);
  const rows = await rig.catalog.selectFrom('deliveries').selectAll().where('recording_id', '=', recordingId).execute();
  expect(rows.map(({ status, url }) => [status, url])).toEqual([
    ['cancelled', null],
    ['cancelled', null],
  ]);
  expect(told).toEqual([]);
});

it('removes the file here when the operator wants no copy, once every delivery is done, and reads it from the bucket', async () => {
  const deliveries = makeDeliveries({ keepLocal: false, localRetentionMs: HOUR });
  rig.proxy.set({ kind: 'hang' });
  const preSignedUrl = await rig.presigned('kept.mp4', { port: rig.proxy.port });
  const { recordingId, files, md5s } = await rig.finished(deliveries, { directory: 'd', preSignedUrl });
  const path = files[0]?.path ?? '';
  await round(deliveries);
  rig.proxy.set({ kind: 'none' });
  const [toBucket, toUrl] = await rowsOf(recordingId);
  if (!toBucket || !toUrl) throw new Error('Two deliveries were planned.');
  expect([toBucket.status, toUrl.status]).toEqual(['queued', 'queued']);
  clock.to(new Date(Math.max(toBucket.due_at.getTime(), toUrl.due_at.getTime())));
  await round(deliveries);
  expect((await rowsOf(recordingId)).map(({ status }) => status)).toEqual(['done', 'done']);
  clock.ms += HOUR - 1;
  await round(deliveries);
  expect(existsSync(path)).toBe(true);
  clock.ms += 1;
  await round(deliveries);
  expect(existsSync(path)).toBe(false);

  const port = filesPort(rig.catalog, rig.dataDir, rig.store);
  const [file] = await filesOf(rig.catalog, [recordingId]);
  expect(file?.removed_at).not.toBeNull();
  expect(await port.locate(file?.id ?? '')).toBeNull();
  const url = await port.elsewhere(file?.id ?? '', 'GET', 'attachment');
  const answer = await fetch(url ?? '');
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${recordingId}.mp4"`);
  const content = Buffer.from(await answer.arrayBuffer());
  expect(md5Of(content)).toBe(md5s[0]);
  const head = await fetch((await port.elsewhere(file?.id ?? '', 'HEAD', 'inline')) ?? '', { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '50001']);
});

it('puts what was composed again beside the recording, and what a purge made in its place', async () => {
  const deliveries = makeDeliveries();
  const { recordingId, files } = await rig.finished(deliveries, { directory: 'p', preSignedUrl: null });
  await round(deliveries);
  const names: (string | null)[] = [];
  const compositions: CompositionId[] = [];
  for (const isPurge of [false, true]) {
    clock.ms += 1_000;
    const id = newHexId<CompositionId>();
    compositions.push(id);
    const { config } = (await findRecording(rig.catalog, recordingId)) ?? {};
    if (!config) throw new Error('The recording is gone.');
    const request = { config, fixedLayout: false, excludeParticipants: [] };
    await insertComposition(rig.catalog, { id, recordingId, config: {}, request });
    if (isPurge) {
      const purge = { recordingId, participantId: 'ada' as ParticipantId };
      await askForPurge(rig.catalog, purge);
      await composePurges(rig.catalog, purge, id);
    }
    const [original] = await filesOf(rig.catalog, [recordingId]);
    const facts = { bytes: files[0]?.bytes ?? 0, durationSeconds: 1, width: 640, height: 360, format: 'mp4' };
    const made = await insertFile(rig.catalog, {
      ...facts,
      id: newHexId<FileId>(),
      recordingId,
      compositionId: id,
      type: 'video',
      path: original?.path ?? '',
      videoBytes: 1,
    });
    await transaction(rig.catalog, (trx) => deliveries.plan(trx, { recordingId, files: [made], again: true }));
    names.push((await rowsOf(recordingId)).at(-1)?.object_name ?? null);
    await round(deliveries);
  }
  expect(names).toEqual([`p/${recordingId}-${compositions[0]}.mp4`, `p/${recordingId}.mp4`]);
  expect((await rowsOf(recordingId)).map(({ status }) => status)).toEqual(['done', 'done', 'done']);
});

it('puts a transcript and its summary beside the video, and what a purge left of them in their place', async () => {
  const deliveries = makeDeliveries();
  const { recordingId } = await rig.finished(deliveries, { directory: 'räume', preSignedUrl: null });
  const id = newUuid<TranscriptionId>();
  const request = { engine: null, language: null, summary: { prompt: null } };
  await insertTranscription(rig.catalog, { id, recordingId, isOwn: true, request });
  const lease = await leaseTranscription(rig.catalog, id);
  if (!lease) throw new Error('It can not be heard.');
  for (const [speakerId, text] of [
    ['ada', 'Decided: --> <v Bob> 予算 שלום.'],
    ['bob', 'I will write it by Friday.'],
  ] as const) {
    const speaker = { id: speakerId, participantId: speakerId, kind: 'microphone', name: speakerId } as const;
    await keepUtterance(rig.catalog, lease, speaker, {
      start: 1,
      end: 2,
      speakerId,
      text,
      language: 'en',
      words: null,
    });
  }
  await finishHearing(rig.catalog, lease, { durationSeconds: 3, engine: 'test/1', language: 'en' });
  const finishing = new TranscriptFinishing({
    catalog: rig.catalog,
    summarize: summarizeInThread(undefined),
    write: writeInThread,
    metrics: new TranscriptionMetrics(),
    dataDir: rig.dataDir,
    recordingsDir: join(rig.dataDir, 'recordings'),
    deliveries,
    told: () => undefined,
    log,
  });
  const delivered = async (): Promise<Map<string, string>> => {
    await finishing.runDue();
    await finishing.settled();
    // So many at once.
    await waitFor('everything to be delivered', LIMIT_MS, async () => {
      await round(deliveries);
      return (await rowsOf(recordingId)).every(({ status }) => status === 'done' || status === 'cancelled');
    });
    const files = await transcriptFilesOf(rig.catalog, [id]);
    expect(files).toHaveLength(7);
    const there = new Map<string, string>();
    for (const { transcript_kind: kind, path } of files) {
      const text = readFileSync(join(rig.dataDir, path));
      expect(await rig.objectMd5(BUCKET, `räume/${recordingId}-${kind}`)).toBe(md5Of(text));
      there.set(kind ?? '', text.toString());
    }
    return there;
  };
  const both = await delivered();
  expect(both.get('transcript.vtt')).toContain('<v ada>Decided: --&gt; &lt;v Bob&gt; 予算 שלום.</v>');
  expect(both.get('summary.txt')).toContain('by Friday');
  await transaction(rig.catalog, async (trx) => {
    await forgetUtterances(trx, id, 'bob' as ParticipantId);
    await renewTranscription(trx, id);
  });
  for (const file of await transcriptFilesOf(rig.catalog, [id]))
    await markFileDeleted(rig.catalog, file.id, clock.now());
  await finishing.eraseFiles(recordingId);
  const left = await delivered();
  expect([...left.values()].join()).not.toContain('Friday');
  expect(left.get('transcript.txt')).toContain('予算');
  await finishing.close();
});

it('says that there is no bucket any more, and goes on when there is one', async () => {
  const none = rig.sender(null);
  const without = makeDeliveries({ sender: none });
  const { recordingId } = await rig.finished(without, { directory: '', preSignedUrl: null });
  await round(without);
  expect((await onlyRow(recordingId)).last_error).toContain('ROOMTAPE_S3_BUCKET');
  clock.to((await onlyRow(recordingId)).due_at);
  await round(makeDeliveries());
  expect((await onlyRow(recordingId)).status).toBe('done');
});
