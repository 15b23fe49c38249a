/** Opens journals: one folder a session, each with one writer at a time. `PacketSinkFactory` in the rooms' terms. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionId } from '../domain/ids.ts';
import type { Logger } from '../support/log.ts';
import { BlockPool } from './block-pool.ts';
import { syncDirectory } from './chunk-files.ts';
import { createSystemClock, type JournalClock } from './clock.ts';
import { JournalCounters } from './counters.ts';
import { type Disk, groupReadableDisk, systemDisk } from './disk.ts';
import { type JournalLimits, JournalSink, type OpenJournalOptions } from './journal-sink.ts';
import { findJournalStart, sealAbandonedChunks } from './resume.ts';

export type { JournalLimits, JournalSink, OpenJournalOptions, RoomState } from './journal-sink.ts';

/** 64 MiB is two minutes of a room that sends 4 Mbps, and no burden for a machine that serves one. */
const DEFAULT_LIMITS: JournalLimits = { bufferBytes: 64 * 1024 * 1024, chunkMs: 10_000 };
export interface JournalSinkFactoryOptions {
  /** Folder of all journals; each session has one of its own inside. */
  readonly root: string;
  readonly log: Logger;
  readonly clock?: JournalClock;
  readonly limits?: Partial<JournalLimits>;
  /** The group of this process may read what is written. */
  readonly groupReads?: boolean;
  readonly disk?: Disk;
}

/** Satisfies `PacketSinkFactory` of `rooms/packet-sink.ts`. */
export const createJournalSinkFactory = (
  options: JournalSinkFactoryOptions,
): { open(session: OpenJournalOptions): Promise<JournalSink>; stats(): Record<string, number> } => {
  const clock = options.clock ?? createSystemClock();
  const mode = options.groupReads ? 0o750 : 0o700;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const pool = new BlockPool(limits.bufferBytes);
  const counters = new JournalCounters();
  const writing = new Set<SessionId>();
  return {
    stats: () => ({
      ...counters,
      journal_buffered_bytes: pool.usedBytes,
      journal_buffer_limit_bytes: limits.bufferBytes,
    }),
    open: async (session) => {
      if (writing.has(session.sessionId)) {
        throw new Error(`The journal of session "${session.sessionId}" is being written already.`);
      }
      writing.add(session.sessionId);
      try {
        const directory = join(options.root, session.sessionId);
        await mkdir(options.root, { recursive: true, mode });
        await mkdir(directory, { recursive: true, mode });
        await syncDirectory(options.root);
        await sealAbandonedChunks(directory, options.log);
        const start = await findJournalStart(directory, clock);
        const sink = new JournalSink({
          directory,
          session,
          clock,
          limits,
          pool,
          counters,
          start,
          log: options.log.child({ sessionId: session.sessionId }),
          disk: options.disk ?? (options.groupReads ? groupReadableDisk : systemDisk),
          onClosed: () => writing.delete(session.sessionId),
        });
        await sink.open();
        return sink;
      } catch (error) {
        writing.delete(session.sessionId);
        throw error;
      }
    },
  };
};
