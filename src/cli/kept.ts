/** How much of the data folder recordings take, and how long they do: for the doctor. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatByteSize } from '../config/byte-size.ts';
import type { Config } from '../config/config.ts';
import { formatDuration } from '../config/duration.ts';
import { dataPaths } from '../processes/paths.ts';
import type { Finding } from './finding.ts';

const MIB = 2 ** 20;

/** Bytes of all files below a folder; what goes away meanwhile is not counted. */
const bytesBelow = (folder: string): number => {
  let bytes = 0;
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? bytesBelow(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  }
  return bytes;
};

const entriesOf = (folder: string) => {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
};

/** Journals and finished files, and what the settings say of both. */
export const kept = (config: Config): Finding => {
  const { journals, recordings } = dataPaths(config.dataDir);
  const { journalRetentionMs, journalMaxBytes, fileRetentionMs } = config;
  const mib = (folder: string): string => `${Math.ceil(bytesBelow(folder) / MIB)} MiB`;
  const cap = journalMaxBytes === 0 ? '' : ` and above ${formatByteSize(journalMaxBytes)} in all not as long`;
  const files = fileRetentionMs === 0 ? 'until they are deleted' : `for ${formatDuration(fileRetentionMs)}`;
  const words =
    `${mib(journals)} of journals, kept for ${formatDuration(journalRetentionMs)} after a recording is done${cap} ` +
    `(ROOMTAPE_JOURNAL_RETENTION, ROOMTAPE_JOURNAL_MAX_BYTES); ${mib(recordings)} of recordings, kept ${files} (ROOMTAPE_FILE_RETENTION)`;
  return { about: 'kept', verdict: 'ok', words };
};
