/**
 * A compositor process: dials the server's work socket, names its lease, renders the runs of segments it is given and packages the
 * file when it is told to. It reads the journal from disk, writes to its own scratch folder and the segments folder, and knows
 * nothing else: no database, no secret. Hostile media can only take this process down; the run is then given to another.
 *
 * It ends when there is nothing left to do (0), when the connection closes (0: whoever leads the composition next starts another
 * one), when its task cannot succeed (1, after `failed`), and when it fails where another try may help (1).
 */
import { mkdir } from 'node:fs/promises';
import { availableParallelism, constants, setPriority } from 'node:os';
import { Composer, NothingToComposeError } from '../composition/composer.ts';
import { readFacts } from '../composition/segment-files.ts';
import { type CompositionTask, WORK_VERSION, type WorkEvent, workMethods, workNotice } from '../composition/task.ts';
import type { RecordingId } from '../domain/ids.ts';
import { packageSegments, type SegmentInput } from '../packaging/package-segments.ts';
import { dial, type Peer, PeerClosedError } from '../support/ipc.ts';
import { createLogger, type Logger } from '../support/log.ts';
import { segmentInput } from './compose-journal.ts';
import { type OpenJournalFeed, openJournalFeed } from './journal-feed.ts';

/** x264 gains little from more on these sizes, and segments of other processes use the other cores. */
const MOST_THREADS = 4;
/** After `failed` the server ends this process; should it not, it ends itself. */
const FAREWELL_MS = 5_000;

/** What the server has told us besides answers. */
interface Notices {
  journalEnded: boolean;
}

class Compositor {
  readonly #peer: Peer;
  readonly #task: CompositionTask;
  readonly #notices: Notices;
  readonly #signal: AbortSignal;
  #open: { readonly composer: Composer; readonly feed: OpenJournalFeed } | null = null;
  #endTold = false;

  constructor(peer: Peer, task: CompositionTask, notices: Notices, signal: AbortSignal) {
    this.#peer = peer;
    this.#task = task;
    this.#notices = notices;
    this.#signal = signal;
  }

  /** Works until there is nothing left to do. */
  async work(): Promise<void> {
    await mkdir(this.#task.scratchDir, { recursive: true, mode: 0o700 });
    try {
      for (;;) {
        const { run, package: wanted } = workMethods.next.result.parse(await this.#peer.request('next', {}));
        if (run) await this.#render(run);
        else if (wanted) await this.#package();
        else return;
      }
    } finally {
      await this.#close();
    }
  }

  async #render({ from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    for (let index = from; index < to; index++) {
      const { composer } = await this.#composerAt(index);
      const ticks = await composer.render(index);
      if (ticks !== null) this.#tell({ type: 'segment', index, ticks });
      this.#tellEnd(composer.totalTicks);
      if (ticks === null) return;
    }
  }

  /** A composer only goes forward: for an earlier segment the journal is read again. */
  async #composerAt(index: number): Promise<{ readonly composer: Composer }> {
    if (this.#open && this.#open.composer.position <= index) return this.#open;
    await this.#close();
    const { journalDir, config, segmentsDir, scratchDir } = this.#task;
    const recordingId = this.#task.recordingId as RecordingId;
    const feed = await openJournalFeed({
      journalDir,
      recordingId,
      follow: true,
      ended: () => this.#notices.journalEnded,
      signal: this.#signal,
    });
    this.#tellEnd(feed.knownTicks);
    const threads = Math.min(MOST_THREADS, availableParallelism());
    this.#open = { feed, composer: new Composer({ feed, recordingId, config, segmentsDir, scratchDir, threads }) };
    return this.#open;
  }

  async #package(): Promise<void> {
    const { segmentsDir, artifactPath, config } = this.#task;
    await this.#close();
    const segments: SegmentInput[] = [];
    for (let facts = await readFacts(segmentsDir, 0); facts; facts = await readFacts(segmentsDir, segments.length)) {
      segments.push(segmentInput(segmentsDir, facts.index, facts.ticks, config.mode));
    }
    this.#tell({ type: 'packaged', artifact: await packageSegments({ segments, artifactPath }) });
  }

  #tellEnd(ticks: number | null): void {
    if (ticks === null || this.#endTold) return;
    this.#endTold = true;
    this.#tell({ type: 'end-known', ticks });
  }

  #tell(event: WorkEvent): void {
    this.#peer.emit(event);
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    open?.composer.close();
    await open?.feed.close();
  }
}

const environmentVariable = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`A compositor is started by the server, which sets ${name}; it is not set.`);
  return value;
};

/** Resolves to the exit code. */
const run = async (log: Logger): Promise<number> => {
  const notices: Notices = { journalEnded: false };
  const gone = new AbortController();
  const peer = await dial(environmentVariable('ROOMTAPE_WORK_SOCKET'), {
    onEvent: (event) => {
      if (workNotice.parse(event).type === 'journal-ended') notices.journalEnded = true;
    },
    onClose: () => gone.abort(),
  });
  try {
    const lease = environmentVariable('ROOMTAPE_LEASE');
    const hello = await peer.request('hello', { version: WORK_VERSION, lease, pid: process.pid });
    await new Compositor(peer, workMethods.hello.result.parse(hello), notices, gone.signal).work();
    return 0;
  } catch (error) {
    if (gone.signal.aborted || error instanceof PeerClosedError) return 0;
    log.error({ err: error }, 'A composition failed.');
    if (error instanceof NothingToComposeError) {
      peer.emit({ type: 'failed', reason: error.message } satisfies WorkEvent);
      const end = AbortSignal.any([gone.signal, AbortSignal.timeout(FAREWELL_MS)]);
      await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve()));
    } else {
      const reason = error instanceof Error ? error.message : String(error);
      await peer.request('stumbled', { reason });
    }
    return 1;
  } finally {
    peer.close();
  }
};

setPriority(constants.priority.PRIORITY_LOW);
// The event loop may hold a decoder's or the file system's pending work: nobody waits for it any more.
process.exit(await run(createLogger('compositor', 'info')));
