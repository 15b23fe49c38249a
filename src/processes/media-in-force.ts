/**
 * The settings that the media process was started with, kept beside its socket while it runs. It may outlive the supervisor that
 * started it, and goes on with them: whoever finds it compares them with the settings of now, so that no change is lost silently.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { diskFloors } from '../domain/disk-floors.ts';
import { type MediaSettings, mediaSettings } from '../rooms/media-settings.ts';
import { dial, type Peer } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import { hasEnded } from './end-of-process.ts';
import type { DataPaths } from './paths.ts';

/** The media process ends in order within 9 s when nobody is in a room, at once. */
const END_LIMIT_MS = 10_000;

const stats = z.object({ rooms_sessions: z.number() });

/** The media process's share of the settings. */
export const mediaSettingsOf = (config: Config, paths: DataPaths, groupReads = false): MediaSettings => ({
  groupReads,
  socketPath: paths.mediaSocket,
  journalsDir: paths.journals,
  resumeSecretFile: paths.resumeSecret,
  limits: {
    rooms: config.maxRooms,
    journalBufferBytes: Math.max(1, config.journalBufferBytes),
    leastFreeBytes: diskFloors(config.minFreeDiskBytes).toRecord,
  },
  logLevel: config.logLevel,
  rtc: {
    ...config.rtc,
    announcedAddresses: [...config.rtc.announcedAddresses],
    iceServers: [...config.rtc.iceServers],
  },
});

/**
 * Called by whoever starts the media process. May hold TURN passwords: for its owner alone. Where it can't be written (a full disk) nothing is
 * known afterwards, which is no reason to have no media process.
 */
export const rememberMediaSettings = (
  { mediaSettings: file }: DataPaths,
  settings: MediaSettings,
  log: Logger,
): void => {
  try {
    rmSync(file, { force: true });
    writeFileSync(`${file}.new`, JSON.stringify(settings), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    log.error({ err: error }, 'The settings of the media process could not be written down.');
  }
};

/** Names of the settings in which the media process that runs (or ran last) differs from these; empty where nothing is known of it. */
export const outdatedMediaSettings = (config: Config, paths: DataPaths): string[] => {
  const old = readSettings(paths.mediaSettings);
  if (!old) return [];
  const now = mediaSettings.parse(JSON.parse(JSON.stringify(mediaSettingsOf(config, paths))));
  const pairs: [name: string, was: unknown, is: unknown][] = [
    ['ROOMTAPE_RTC_PORT', old.rtc.port, now.rtc.port],
    ['ROOMTAPE_RTC_BIND_ADDRESS', old.rtc.bindAddress, now.rtc.bindAddress],
    ['ROOMTAPE_RTC_ANNOUNCED_ADDRESS', old.rtc.announcedAddresses, now.rtc.announcedAddresses],
    ['ROOMTAPE_RTC_TCP', old.rtc.tcp, now.rtc.tcp],
    ['ROOMTAPE_RTC_USE_REMB', old.rtc.useRemb, now.rtc.useRemb],
    ['ROOMTAPE_ICE_SERVERS', old.rtc.iceServers, now.rtc.iceServers],
    ['ROOMTAPE_MAX_ROOMS', old.limits?.rooms, now.limits?.rooms],
    ['ROOMTAPE_JOURNAL_BUFFER', old.limits?.journalBufferBytes, now.limits?.journalBufferBytes],
    ['ROOMTAPE_MIN_FREE_DISK', old.limits?.leastFreeBytes, now.limits?.leastFreeBytes],
    ['ROOMTAPE_LOG_LEVEL', old.logLevel, now.logLevel],
  ];
  return pairs.filter(([, was, is]) => !isDeepStrictEqual(was, is)).map(([name]) => name);
};

/** What to say of outdated settings, to the log and by the doctor. */
export const outdatedWords = (names: readonly string[]): string =>
  `The media process still runs with the earlier ${names.join(', ')}: people may be talking, so it was not restarted. ` +
  'To have the new settings take effect, end Roomtape in order (Ctrl-C) and start it again.';

const readSettings = (file: string): MediaSettings | undefined => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return mediaSettings.safeParse(JSON.parse(text)).data; // one of another version tells nothing
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // nor does one that was cut off
    throw error;
  }
};

/**
 * Ends a media process that an earlier supervisor left, where its settings are not those of now and nobody is in a room; where people
 * are, says so loudly. For the supervisor, before it adopts or spawns.
 */
export const endOutdatedMedia = async (config: Config, paths: DataPaths, log: Logger): Promise<void> => {
  const names = outdatedMediaSettings(config, paths);
  if (names.length === 0) return;
  let peer: Peer;
  try {
    peer = await dial(paths.mediaSocket, {});
  } catch {
    return; // nobody listens: the next one is started with the settings of now
  }
  try {
    const { rooms_sessions } = stats.parse(await peer.request('stats', {}));
    if (rooms_sessions > 0) {
      log.warn({ settings: names, sessions: rooms_sessions }, outdatedWords(names));
      return;
    }
    const pid = Number(await readFile(paths.mediaPid, 'utf8'));
    log.info(
      { pid, settings: names },
      'The media process that was left has other settings and nobody to serve: it is ended.',
    );
    process.kill(pid, 'SIGTERM');
    // Should it take too long, whoever starts the next one will say so.
    await hasEnded(pid, END_LIMIT_MS);
  } finally {
    peer.close();
  }
};
