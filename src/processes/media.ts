/**
 * The media process: rooms, transports and journals, and nothing else, so that it can be trusted to stay up and need not be trusted with
 * secrets. It goes on when the server process or the supervisor die, and is found again on its socket.
 *
 * On SIGUSR2 it makes room for another version of itself: journals are sealed, nothing is ended, and whoever comes next goes on with what was
 * recorded. (An older one that does not know the signal is ended by it, and leaves what a crash leaves: the same, less 100 ms.)
 *
 * Ends in order on SIGTERM, SIGINT or the server's `shutdown`: sessions (participants told, recordings stopped, journals sealed), the last
 * events handed to the server process, the port. What takes longer than the grace is cut off: journals are readable anyway.
 */
import { mkdir } from 'node:fs/promises';
import { sealAbandonedJournals } from '../journal/resume.ts';
import { createJournalSinkFactory } from '../journal/sink.ts';
import { systemClock } from '../rooms/clock.ts';
import { ControlServer } from '../rooms/control-server.ts';
import { openMediaEngine } from '../rooms/media-engine.ts';
import { type MediaSettings, mediaSettings } from '../rooms/media-settings.ts';
import { loadResumeSecret } from '../rooms/resume-token.ts';
import { Rooms } from '../rooms/rooms.ts';
import { mebibytes, watchFreeSpace } from '../support/free-space.ts';
import { dial } from '../support/ipc.ts';
import { createLogger, type Logger } from '../support/log.ts';
import { Scope } from '../support/scope.ts';
import { interruptedSessions } from './interrupted-sessions.ts';
import { HAND_OVER_SIGNAL } from './media-version.ts';

/** Below the supervisor's own limit of 10 s. */
const GRACE_MS = 9000;
/** The server process writes the last events to its database. */
const DRAIN_MS = 2000;
/** Only where a publisher takes no transport-wide feedback: all its simulcast layers together at 720p, with room to spare. */
const MAX_PUBLISH_BITRATE_BPS = 4_000_000;
/** Nobody is in a room, and no server process has come for so long: whoever started us is gone for good. */
const ORPHANED_AFTER_MS = 10 * 60 * 1000;
const ORPHAN_CHECK_MS = 30_000;

const readSettings = (): MediaSettings => {
  const text = process.env.ROOMTAPE_MEDIA;
  if (text === undefined) throw new Error('ROOMTAPE_MEDIA is not set: this process is started by the supervisor.');
  return mediaSettings.parse(JSON.parse(text));
};

/** Builds everything in order. The scope closes it in reverse. Rejects with a sentence where the port or the socket is taken. */
const startMedia = async (
  settings: MediaSettings,
  log: Logger,
  scope: Scope,
  onShutdown: (graceMs: number) => void,
) => {
  const { rtc, socketPath, journalsDir, limits, groupReads = false } = settings;
  process.umask(groupReads ? 0o027 : 0o077);
  const other = await dial(socketPath, {}).catch(() => undefined);
  if (other) {
    other.close();
    throw new Error(`Another media process answers on "${socketPath}".`);
  }
  const resumeSecret = loadResumeSecret(settings.resumeSecretFile);
  const sealed = await sealAbandonedJournals(journalsDir, log);
  if (sealed.length > 0) log.warn({ sessions: sealed }, 'Journals of a media process that died were sealed.');
  const engine = await openMediaEngine({
    bindAddress: rtc.bindAddress,
    port: rtc.port,
    announcedAddresses: rtc.announcedAddresses,
    tcp: rtc.tcp,
    congestionFeedback: rtc.useRemb ? 'remb' : 'transport-cc',
    maxPublishBitrateBps: MAX_PUBLISH_BITRATE_BPS,
    log,
  });
  scope.own('media engine', engine, () => engine.close());
  const control = new ControlServer({ path: socketPath, log, onShutdown });
  const rooms = new Rooms({
    engine,
    sinks: createJournalSinkFactory({
      root: journalsDir,
      groupReads,
      log,
      ...(limits && { limits: { bufferBytes: limits.journalBufferBytes } }),
    }),
    clock: systemClock,
    log,
    output: control,
    resumeSecret,
    iceServers: rtc.iceServers,
    mostSessions: limits?.rooms,
  });
  scope.own('control server', control, async () => {
    await control.drained(DRAIN_MS);
    await control.close();
  });
  scope.own('rooms', rooms, () => rooms.close());
  await rooms.goOn(await interruptedSessions(journalsDir, Date.now(), log));
  await control.start(rooms);
  rooms.start();
  const leastFree = limits?.leastFreeBytes ?? 0;
  if (leastFree > 0) {
    await mkdir(journalsDir, { recursive: true, mode: 0o700 });
    const stop = watchFreeSpace({
      paths: [journalsDir],
      log,
      onLook: (free) => {
        if (free >= leastFree) return;
        rooms.diskFull(new Error(`${mebibytes(free)} are free; below ${mebibytes(leastFree)} recordings are ended.`));
      },
    });
    scope.own('free space', stop, () => stop());
  }
  log.info({ port: engine.port, pid: process.pid }, 'The media process takes participants.');
  return rooms;
};

const main = async (): Promise<void> => {
  const settings = readSettings();
  const log = createLogger('media', settings.logLevel);
  const scope = new Scope();
  let ending = false;
  const end = (graceMs: number, why: string): void => {
    if (ending) return;
    ending = true;
    log.info({ why }, 'The media process ends.');
    setTimeout(() => {
      log.error({ graceMs }, 'The media process could not end in time; its journals are sealed at the next start.');
      process.exit(1);
    }, graceMs).unref();
    scope.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'The media process did not end in order.');
        process.exit(1);
      },
    );
  };
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'The media process met a bug and ends.');
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(GRACE_MS, signal));
  const rooms = await startMedia(settings, log, scope, (graceMs) => end(graceMs, 'shutdown'));
  process.on(HAND_OVER_SIGNAL, () => {
    if (ending) return;
    ending = true;
    log.info('The media process makes room for the next one.');
    rooms.handOver().then(() => process.exit(0), crash);
  });
  setInterval(() => {
    if (rooms.orphanedMs > ORPHANED_AFTER_MS) end(GRACE_MS, 'orphaned');
  }, ORPHAN_CHECK_MS);
};

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
