/**
 * The server process: API, WebSocket and WHIP/WHEP termination, token checks, workflow, catalog. Restartable at will: rooms and journals
 * are the media process's, segments are on disk, everything else is in the database. It ends in order on SIGTERM, and when the
 * supervisor's socket closes.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApi } from '../api/create-api.ts';
import { openCatalog } from '../catalog/catalog.ts';
import { CompositionCoordinator } from '../composition/coordinator.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { loadCredentials } from '../config/credentials.ts';
import { purgeParticipant } from '../journal/purge.ts';
import { Admission } from '../recordings/admission.ts';
import { AutoStarts } from '../recordings/auto-starts.ts';
import { RecordingChanges } from '../recordings/changes.ts';
import { ComposingAgain } from '../recordings/composing-again.ts';
import { Compositions } from '../recordings/compositions.ts';
import { Deliveries } from '../recordings/deliveries.ts';
import { Merges } from '../recordings/merges.ts';
import type { Composer } from '../recordings/ports.ts';
import { Purges } from '../recordings/purges.ts';
import { RecordingFailures } from '../recordings/recording-failures.ts';
import { RoomClosing } from '../recordings/room-closing.ts';
import { SessionBook } from '../recordings/session-book.ts';
import { tellDelivery } from '../recordings/tell-delivery.ts';
import { RecordingWorkflow } from '../recordings/workflow.ts';
import type { DurableEvent } from '../rooms/control.ts';
import { MediaClient } from '../rooms/media-client.ts';
import { dial } from '../support/ipc.ts';
import { createLogger, type Logger } from '../support/log.ts';
import { Scope } from '../support/scope.ts';
import { WebhookMetrics } from '../webhooks/metrics.ts';
import { WebhookSender } from '../webhooks/sender.ts';
import { SigningKeys } from '../webhooks/signing-keys.ts';
import { filesPort, recordingsPort, roomsPort, sessionsPort } from './api-ports.ts';
import { readAutoStart } from './auto-start.ts';
import { CompositorGroup } from './compositor-group.ts';
import { deliverySender, openBucket } from './delivery-sender.ts';
import { DiskRoom } from './disk-room.ts';
import { bareEnvironment } from './environment.ts';
import { FileKeeper } from './file-keeper.ts';
import { idempotencyPort } from './idempotency-port.ts';
import { compositorIdentity, giveToCompositor, type RunAs, shareSocket, spawnAs } from './isolation.ts';
import { openJobs, serverJobs } from './jobs.ts';
import { JournalKeeper } from './journal-keeper.ts';
import { journalLookup } from './journal-lookup.ts';
import { mediaControl, mediaPort } from './media-control.ts';
import { outdatedMediaSettings, outdatedWords } from './media-in-force.ts';
import { type DataPaths, dataPaths } from './paths.ts';
import { rememberedRooms } from './remembered-rooms.ts';
import { serverHealth } from './server-health.ts';
import { captionsPort, transcriptionsPort } from './transcription-ports.ts';
import { openTranscripts } from './transcripts.ts';
import { eventsPort, webhookFileUrls } from './webhook-ports.ts';

/** The first wait is for a hiccup, the longest for an outage: an hour later a bucket that is back has everything. */
const DELIVERY_BACKOFF = { firstMs: 5_000, mostMs: 3_600_000 };
/** Where the supervisor has died nobody insists, and its successor's server waits for our port. */
const END_LIMIT_MS = 10_000;
/** The media process is started before us, and takes about a second. */
const MEDIA_LIMIT_MS = 10_000;

const startServer = async (config: Config, paths: DataPaths, log: Logger, scope: Scope): Promise<string> => {
  if (!config.databaseUrl)
    throw new Error('ROOMTAPE_DATABASE_URL is not set: this process is started by the supervisor.');
  for (const folder of [paths.recordings, paths.journals]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { credentials } = await loadCredentials(config);
  const { catalog, watch, close } = await openCatalog({ url: config.databaseUrl, log });
  scope.own('catalog', catalog, close);

  const keys = new SigningKeys(catalog);
  if (await keys.ensure()) log.info('Made the keys that webhooks are signed with.');
  const webhookMetrics = new WebhookMetrics();
  /** Where we are reached, until it is known better. */
  const own = { url: `http://localhost:${config.port}` };
  const webhooks = new WebhookSender({
    catalog,
    keys,
    reach: { allowed: config.allowPrivateUrls },
    fileUrlOf: webhookFileUrls(config, credentials, () => own.url),
    timeoutMs: config.webhookTimeoutMs,
    windowMs: config.webhookRetryWindowMs,
    metrics: webhookMetrics,
    log,
  });
  scope.own('webhooks', webhooks, () => webhooks.close());

  const background = (work: Promise<void>): void => {
    work
      .catch((error: unknown) => log.error({ err: error }, 'Work in the background failed.'))
      .finally(() => webhooks.wake());
  };
  const compositor = compositorIdentity(paths);
  const disks = [paths.recordings, paths.journals];
  const disk: DiskRoom = new DiskRoom({
    paths: disks,
    minFreeBytes: config.minFreeDiskBytes,
    onRoomAgain: () => coordinator.roomAgain(),
    log,
  });
  scope.own('disk room', disk, () => disk.close());
  const group = config.compositorCgroup === undefined ? null : new CompositorGroup(config.compositorCgroup, log);
  const coordinator = new CompositionCoordinator({
    socketPath: paths.workSocketOf(process.pid),
    maxProcesses: config.compositorConcurrency,
    hasRoom: () => disk.state !== 'none',
    spawn: (environment) => {
      const child = spawnAs(compositor, fileURLToPath(new URL('./compositor.ts', import.meta.url)), {
        stdio: ['ignore', 'inherit', 'inherit'],
        // Its own process group: Ctrl-C in a terminal would kill it before the coordinator can end it in order.
        detached: true,
        // Names are drawn in fonts of our own: the canvas need not read those of the machine.
        env: bareEnvironment({ ...environment, DISABLE_SYSTEM_FONTS_LOAD: '1' }),
      });
      group?.add(child.pid);
      return child;
    },
    onProgress: (id, done, total) => background(compositions.progressed(id, done, total)),
    onDone: (id, artifact) => background(compositions.composed(id, artifact)),
    onCopied: (id, artifacts) => background(compositions.copied(id, artifacts)),
    onFailed: (id, reason) =>
      background(compositions.failed(id, reason).finally(() => jobs.wake('recording-failures'))),
    onIncident: (id, incident) => background(compositions.befell(id, incident)),
    log,
  });
  const bucket = openBucket(config.bucket, config.deliveryIdleLimitMs);
  scope.own('bucket', bucket, (it) => it?.close());
  const deliveries = new Deliveries({
    catalog,
    sender: deliverySender(bucket, config),
    dataDir: paths.root,
    retryForMs: config.deliveryRetryMs,
    backoff: DELIVERY_BACKOFF,
    keepLocal: config.keepLocal,
    localRetentionMs: config.localRetentionMs,
    tell: tellDelivery,
    wake: () => jobs.wake('deliveries'),
    log,
  });
  scope.own('deliveries', deliveries, () => deliveries.close());
  const compositions = new Compositions({
    catalog,
    composer: composerOf(coordinator, compositor),
    deliveries,
    dataDir: paths.root,
    recordingsDir: paths.recordings,
    log,
  });
  removeStaleSockets(paths.run);
  await coordinator.open();
  shareSocket(paths.workSocketOf(process.pid), compositor);
  scope.own('coordinator', coordinator, () => coordinator.close());
  scope.own('compositions', compositions, () => compositions.settled());

  const book = new SessionBook(catalog);
  const client = new MediaClient({
    path: paths.mediaSocket,
    log,
    onHello: async ({ sessions, recordings }) => {
      await book.reconcile(sessions, new Date());
      await workflow.reconcile(recordings);
      // What began, or ended badly, while one of us was away.
      for (const kind of ['auto-starts', 'room-closing', 'recording-failures']) jobs.wake(kind);
    },
    onDurable: async (event) => {
      await takeEvent(event, book, workflow, changes).finally(() => webhooks.wake());
      if (event.type === 'session-ended') background(transcripts.transcriptions.sessionEnded(event.sessionId));
      if (event.type === 'session-started') jobs.wake('auto-starts');
      if (event.type === 'session-started' || event.type === 'session-ended') jobs.wake('room-closing');
    },
  });
  const control = mediaControl(client);
  const changes = new RecordingChanges({ catalog, media: control });
  const keeper = new JournalKeeper({
    catalog,
    root: paths.journals,
    retentionMs: config.journalRetentionMs,
    maxBytes: config.journalMaxBytes,
    log,
  });
  const journal = journalLookup(paths.journals);
  const admission = new Admission({
    paths: disks,
    minFreeDiskBytes: config.minFreeDiskBytes,
    mostRecordings: config.maxRecordings,
  });
  const transcripts = await openTranscripts({
    config,
    paths,
    catalog,
    deliveries,
    journal,
    group,
    told: () => webhooks.wake(),
    log,
  });
  scope.own('transcripts', transcripts, () => transcripts.close());
  const { transcriptions } = transcripts;
  const again = new ComposingAgain({ catalog, compositions, journal });
  const purges = new Purges({
    catalog,
    compositions,
    journal,
    deliveries,
    transcriptions,
    purgeJournal: purgeParticipant,
    dataDir: paths.root,
    recordingsDir: paths.recordings,
    log,
  });
  const jobs = openJobs(config, credentials.apiKey, log);
  const workflow = new RecordingWorkflow({
    catalog,
    media: control,
    compositions,
    journal,
    eraseJournal: (directory) => keeper.erase(directory),
    recordingsDir: paths.recordings,
    maxDurationMs: config.maxRecordingDurationMs,
    transitions: config.transitions,
    deliveries,
    transcriptions,
    admission,
    onDue: (work, at) => jobs.wake(work, { at }),
    log,
  });
  const closing = new RoomClosing({ catalog, media: control, log });
  const failures = new RecordingFailures({ catalog, media: control, log });
  const autoStarts = new AutoStarts({
    catalog,
    read: readAutoStart({ ...config, hasBucket: config.bucket !== undefined }, (options) => workflow.start(options)),
    log,
  });
  const isMediaThere = (): boolean => client.state === 'connected';
  const files = new FileKeeper({ catalog, dataDir: paths.root, retentionMs: config.fileRetentionMs, log });
  const isDatabaseThere = (): boolean => !watch.away;
  const due = { workflow, compositions, transcriptions, purges, closing, failures, autoStarts };
  const kept = { keeper, files, eventRetentionMs: config.eventRetentionMs };
  const work = { ...due, ...kept, webhooks, deliveries, catalog, isMediaThere, isDatabaseThere };
  for (const job of serverJobs(work)) jobs.add(job);
  await compositions.resume();
  await transcriptions.resume();
  client.start();
  scope.own('media client', client, () => client.close());
  // What happened while it was away is in journals and finished segments: rows follow.
  watch.onReturn(() => {
    client.refresh();
    background(compositions.resume());
    background(transcriptions.resume());
  });
  scope.own('jobs', jobs, () => jobs.close());
  jobs.start();

  const api = await createApi({
    ports: {
      events: eventsPort(catalog, () => webhooks.wake()),
      signing: keys,
      rooms: rememberedRooms(roomsPort(catalog, control)),
      sessions: sessionsPort(catalog, control),
      recordings: recordingsPort(
        catalog,
        workflow,
        changes,
        again,
        new Merges(catalog, compositions),
        purges,
        deliveries,
        () => webhooks.wake(),
      ),
      transcriptions: transcriptionsPort(catalog, transcripts),
      captions: captionsPort(catalog, transcripts.captions),
      files: filesPort(catalog, paths.root, bucket),
      idempotency: idempotencyPort(catalog),
      media: mediaPort(client),
      health: serverHealth({
        catalog,
        media: client,
        coordinator,
        watch,
        admission,
        disk,
        paths: disks,
        minFreeDiskBytes: config.minFreeDiskBytes,
        more: async () => `${await webhookMetrics.text(catalog, new Date())}${await transcripts.metrics()}`,
        jobs,
        kept: { journals: () => keeper.figures, freedFileBytes: () => files.freedBytes },
      }),
    },
    config: { ...config, hasBucket: config.bucket !== undefined },
    credentials,
    log,
  });
  scope.own('api', api, () => api.close());
  const url = await api.listen();
  own.url = url;
  // Whoever is told that we listen may send people at once. Without media we still answer what needs none.
  await client
    .connected(MEDIA_LIMIT_MS)
    .catch((error: unknown) => log.error({ err: error }, 'Listening without the media process.'));
  const outdated = outdatedMediaSettings(config, paths);
  if (outdated.length > 0) log.warn({ settings: outdated }, outdatedWords(outdated));
  return url;
};

/** The coordinator, whose compositors are somebody else's processes: they are given the folders that they work in. */
const composerOf = (coordinator: CompositionCoordinator, compositor: RunAs): Composer => ({
  start: (work) => {
    giveToCompositor(compositor, work);
    return coordinator.start(work);
  },
  finished: (id) => coordinator.finished(id),
  journalEnded: (id) => coordinator.journalEnded(id),
  cancel: (id) => coordinator.cancel(id),
});

/** Work and listen sockets of server processes that were killed. One that is just ending has no more use for its own. */
const removeStaleSockets = (run: string): void => {
  for (const name of readdirSync(run)) {
    if (/^(?:work|listen)(?:-\d+)?\.sock$/.test(name)) rmSync(join(run, name), { force: true });
  }
};

/** One event of the media process, written down. It may come twice. */
const takeEvent = async (
  event: DurableEvent,
  book: SessionBook,
  workflow: RecordingWorkflow,
  changes: RecordingChanges,
): Promise<void> => {
  switch (event.type) {
    case 'session-started':
      return book.sessionStarted(event.session);
    case 'session-ended':
      return book.sessionEnded(event.sessionId, event.atMs);
    case 'participant-joined':
      return book.participantJoined(event.sessionId, event.participant);
    case 'participant-left':
      return book.participantLeft(event.sessionId, event.participantId, event.atMs);
    case 'recording-changed':
      return changes.told(event.recording);
    case 'recording-stopped':
      return workflow.stoppedByMedia(event.recordingId, event);
  }
};

/** Where the supervisor that started us has died, another may have opened the socket that we found: it has a server of its own. */
const isOurs = (): boolean => {
  const [, , supervisor] = process.argv;
  return supervisor === undefined || Number(supervisor) === process.ppid;
};

const main = async (): Promise<void> => {
  const config = loadConfig();
  const log = createLogger('server', config.logLevel);
  const paths = dataPaths(config.dataDir);
  const scope = new Scope();
  const end = (code: number): void => {
    setTimeout(() => {
      log.error('The server did not end in time.');
      process.exit(1);
    }, END_LIMIT_MS).unref();
    scope.close().then(
      () => process.exit(code),
      (error: unknown) => {
        log.error({ err: error }, 'The server did not end in order.');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end(0));
  // Ctrl-C reaches the whole process group of a terminal; the supervisor decides when we end.
  process.on('SIGINT', () => undefined);
  const supervisor = await dial(paths.supervisorSocket, {
    onClose: () => {
      log.warn('The supervisor is gone; ending.');
      end(0);
    },
  });
  if (!isOurs()) {
    log.warn('The supervisor that started this server is gone; ending.');
    return end(0);
  }
  try {
    const url = await startServer(config, paths, log, scope);
    supervisor.emit({ listening: url });
  } catch (error) {
    log.fatal({ err: error }, 'The server could not start.');
    supervisor.emit({ failed: error instanceof Error ? error.message : String(error) });
    end(1);
  }
};

await main();
