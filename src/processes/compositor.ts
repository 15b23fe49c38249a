/**
 * A compositor process: dials the server's work socket, names its lease, renders the runs of segments it is given and packages the
 * file when it is told to. It reads the journal from disk, writes to its own scratch folder and the segments folder, and knows
 * nothing else: no database, no secret. Hostile media can only take this process down; the run is then given to another.
 *
 * It ends when there is nothing left to do (0), when its task cannot succeed (1, after `failed`), and when it fails where another try may
 * help (1, after `stumbled`). When the connection closes it is killed by its own hand, in the middle of whatever it does: whoever leads the
 * composition next starts another one, and a decoder that hangs would keep it from ending otherwise.
 */
import { mkdir } from 'node:fs/promises';
import { availableParallelism, constants, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeWith, type Guard, guardWith } from '../composition/careful-decoding.ts';
import { Composer } from '../composition/composer.ts';
import { NothingToComposeError } from '../composition/nothing-to-compose.ts';
import { readFacts } from '../composition/segment-files.ts';
import type { FrameRef } from '../composition/setbacks.ts';
import {
  type CompositionTask,
  type CopyConfig,
  type IncidentTold,
  WORK_VERSION,
  type WorkEvent,
  workMethods,
  workNotice,
} from '../composition/task.ts';
import type { RecordingId } from '../domain/ids.ts';
import { SEGMENT_TICKS } from '../domain/media-time.ts';
import { packageSegments, type SegmentInput } from '../packaging/package-segments.ts';
import { dial, type Peer } from '../support/ipc.ts';
import { createLogger, type Logger } from '../support/log.ts';
import { chosen, selectRecords } from '../timeline/selection.ts';
import { segmentInput } from './compose-journal.ts';
import { copyRecording } from './copy-recording.ts';
import { type OpenJournalFeed, openJournalFeed } from './journal-feed.ts';

/** x264 gains little from more on these sizes, and segments of other processes use the other cores. */
const MOST_THREADS = 4;
/** After `failed` the server ends this process; should it not, it ends itself. */
const FAREWELL_MS = 5_000;
/** The server is told this often that the work gets on. */
const SIGN_OF_LIFE_MS = 1_000;
/** What a machine may lack now and have later. */
const LACKS = ['ENOSPC', 'EDQUOT', 'ENOMEM', 'EMFILE', 'ENFILE'] as const;

/** What the server has told us besides answers. */
interface Notices {
  journalEnded: boolean;
  stopped: boolean;
}

class Compositor {
  readonly #peer: Peer;
  readonly #task: CompositionTask;
  readonly #notices: Notices;
  readonly #log: Logger;
  /** Grows with everything that gets done, and while the journal is waited for. */
  #steps = 0;
  /** What is made of whole segments is no hostile media, and one call may take minutes: it is alive as long as the process is. */
  #packaging = false;
  #open: { readonly composer: Composer; readonly feed: OpenJournalFeed } | null = null;
  #endTold = false;

  constructor(peer: Peer, task: CompositionTask, notices: Notices, log: Logger) {
    this.#log = log;
    this.#peer = peer;
    this.#task = task;
    this.#notices = notices;
  }

  /** Works until there is nothing left to do. */
  async work(): Promise<void> {
    // Not recursive: where the composition's folder is gone, so is the work, and nobody would remove it again.
    await mkdir(this.#task.scratchDir, { mode: 0o700 });
    const signs = this.#giveSigns();
    try {
      for (;;) {
        const { run, package: wanted } = workMethods.next.result.parse(await this.#peer.request('next', {}));
        if (run) await this.#render(run);
        else if (wanted && this.#task.copy) await this.#copy(this.#task.copy);
        else if (wanted) await this.#package(wanted.ticks);
        else return;
      }
    } finally {
      clearInterval(signs);
      await this.#close();
    }
  }

  #giveSigns(): NodeJS.Timeout {
    let told = this.#steps;
    return setInterval(() => {
      if (this.#steps !== told || this.#packaging) this.#tell({ type: 'alive' });
      told = this.#steps;
    }, SIGN_OF_LIFE_MS);
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
      ended: () => {
        // Asked at every look for more: to wait is to be alive.
        this.#steps += 1;
        return this.#notices.journalEnded;
      },
      stopped: () => this.#notices.stopped,
      onIncident: (incident) => this.#tell({ type: 'incident', incident }),
      ...(config.participants && { filter: selectRecords(chosen(config.participants)) }),
    });
    this.#tellEnd(feed.knownTicks);
    const threads = Math.min(MOST_THREADS, availableParallelism());
    const onStep = (): void => {
      this.#steps += 1;
    };
    const decoding = decodeWith(this.#guard(feed));
    const onPaused = (paused: boolean): void => this.#tell({ type: 'paused', paused });
    const options = { feed, recordingId, config, segmentsDir, scratchDir, threads, decoding, onStep, onPaused };
    this.#open = { feed, composer: new Composer(options) };
    return this.#open;
  }

  /** What this process decodes, and how carefully. `feed`: places what is left out; null where it has no place of its own. */
  #guard(feed: OpenJournalFeed | null): Guard {
    const { shunned, careful } = this.#task;
    const before = async (frame: FrameRef): Promise<void> => {
      await this.#peer.request('decoding', { frame, incident: skipOf(frame, feed) });
    };
    const after = (): void => this.#tell({ type: 'decoded' });
    const onStep = (): void => {
      this.#steps += 1;
    };
    return guardWith({ shunned, careful: careful ? { before, after } : null, onStep });
  }

  /** Makes the file of all segments. What is not there as it should be is told: it is rendered again, and this is asked for once more. */
  async #package(ticks: number): Promise<void> {
    const { segmentsDir, scratchDir, artifactPath, config } = this.#task;
    await this.#close();
    const segments: SegmentInput[] = [];
    let whole = true;
    for (let index = 0; index * SEGMENT_TICKS < ticks; index++) {
      const wanted = Math.min(SEGMENT_TICKS, ticks - index * SEGMENT_TICKS);
      if ((await readFacts(segmentsDir, index))?.ticks !== wanted) {
        whole = false;
        this.#tell({ type: 'segment-lost', index });
      }
      segments.push(segmentInput(segmentsDir, index, wanted, config.mode));
    }
    if (!whole) return;
    this.#packaging = true;
    try {
      const fileFormat = config.fileFormat ?? 'mp4';
      const artifact = await packageSegments({ segments, artifactPath, scratchDir, fileFormat });
      this.#tell({ type: 'packaged', artifact });
    } finally {
      this.#packaging = false;
    }
  }

  /** Makes a recording's files by copying packets. The recording is over; packets of its span may still be on their way to the journal. */
  async #copy(copy: CopyConfig): Promise<void> {
    const artifacts = await copyRecording(copy, {
      journalDir: this.#task.journalDir,
      recordingId: this.#task.recordingId as RecordingId,
      artifactPath: this.#task.artifactPath,
      scratchDir: this.#task.scratchDir,
      guard: this.#guard(null),
      follow: true,
      ended: () => this.#notices.journalEnded,
      stopped: () => true,
      onIncident: (incident) => this.#tell({ type: 'incident', incident }),
      onStep: () => {
        this.#steps += 1;
      },
    });
    this.#tell({ type: 'copied', artifacts });
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
    if (!open) return;
    open.composer.close();
    const { undecodable } = open.composer;
    if (undecodable > 0) this.#log.info({ undecodable, recordingId: this.#task.recordingId }, 'Frames were damaged.');
    await open.feed.close();
  }
}

/** What it would mean for the recording if this frame had to be left out. */
const skipOf = ({ stream, timeNs }: FrameRef, feed: OpenJournalFeed | null): IncidentTold => {
  const of = [...(feed?.timeline.streams() ?? [])].find((candidate) => candidate.stream === stream);
  return {
    type: 'frame-skipped',
    key: `frame/${stream}/${timeNs}`,
    ...(feed ? feed.placeOf(timeNs) : { fromSeconds: null, atMs: Date.now() }),
    toSeconds: null,
    message:
      'A decoder died over a picture or a packet, which is left out: the track stands still, or is silent, until it can go on.',
    ...(of && { participantId: of.participantId, source: of.source }),
  };
};

const environmentVariable = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`A compositor is started by the server, which sets ${name}; it is not set.`);
  return value;
};

const isHindered = (error: unknown): boolean => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return LACKS.some((name) => code === name || code === -constants.errno[name]);
};

/** Resolves to the exit code. */
const run = async (log: Logger): Promise<number> => {
  const notices: Notices = { journalEnded: false, stopped: false };
  const peer = await dial(environmentVariable('ROOMTAPE_WORK_SOCKET'), {
    onEvent: (event) => {
      const { type } = workNotice.parse(event);
      if (type === 'journal-ended') notices.journalEnded = true;
      else notices.stopped = true;
    },
    onClose: () => process.kill(process.pid, 'SIGKILL'),
  });
  try {
    const lease = environmentVariable('ROOMTAPE_LEASE');
    const hello = await peer.request('hello', { version: WORK_VERSION, lease, pid: process.pid });
    await new Compositor(peer, workMethods.hello.result.parse(hello), notices, log).work();
    return 0;
  } catch (error) {
    log.error({ err: error }, 'A composition failed.');
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof NothingToComposeError) {
      peer.emit({ type: 'failed', reason } satisfies WorkEvent);
      await delay(FAREWELL_MS);
    } else {
      await peer.request('stumbled', { reason, hindered: isHindered(error) });
    }
    return 1;
  }
};

setPriority(constants.priority.PRIORITY_LOW);
// The event loop may hold a decoder's or the file system's pending work: nobody waits for it any more.
process.exit(await run(createLogger('compositor', 'info')));
