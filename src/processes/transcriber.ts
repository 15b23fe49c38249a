/**
 * A transcriber process: dials the server's listen socket, names its lease, hears one recording and says what is spoken in it. It reads the
 * journal from disk and knows nothing else: no database, no secret, no network. Hostile sound, or a native engine that crashes, can only
 * take this process down; another one goes on behind what was kept.
 *
 * It ends when the recording is heard to its end or others wait (0), and when it fails (1, after `stumbled`). When the connection closes it is
 * killed by its own hand: whoever leads next starts another one.
 */
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { decodeWith, guardWith } from '../composition/careful-decoding.ts';
import { NothingToComposeError } from '../composition/nothing-to-compose.ts';
import type { RecordingId } from '../domain/ids.ts';
import { dial, type Peer, RemoteError } from '../support/ipc.ts';
import { createLogger, type Logger } from '../support/log.ts';
import { selectRecords } from '../timeline/selection.ts';
import { EngineError, type TranscriptionEngine } from '../transcription/engine.ts';
import type { HeardJournal, Hearing } from '../transcription/hearing.ts';
import { remoteEngine } from '../transcription/remote-engine.ts';
import { Roster } from '../transcription/roster.ts';
import {
  type Hazard,
  LISTEN_VERSION,
  type ListenEvent,
  listenMethods,
  listenNotice,
  type TranscriptionTask,
} from '../transcription/task.ts';
import { type OpenJournalFeed, openJournalFeed } from './journal-feed.ts';

/** The server is told this often that the work gets on. */
const SIGN_OF_LIFE_MS = 1_000;
/** What is told is kept in the database before it is answered; one that is away for longer makes us pause. */
const KEPT_WITHIN_MS = 30_000;
/** Of the kernel's choice of what to end when memory runs out (proc(5), oom_score_adj): before anything that can't be done again. */
const ENDED_FIRST = '700';

/** What the server has told us besides answers. */
interface Notices {
  journalEnded: boolean;
  stopped: boolean;
  giveWay: boolean;
}

class Transcriber {
  readonly #peer: Peer;
  readonly #task: TranscriptionTask;
  readonly #notices: Notices;
  /** Grows with everything that gets done, and while the journal is waited for. */
  #steps = 0;

  constructor(peer: Peer, task: TranscriptionTask, notices: Notices) {
    this.#peer = peer;
    this.#task = task;
    this.#notices = notices;
  }

  async work(): Promise<void> {
    const signs = this.#giveSigns();
    await loadLibrary();
    const engine = await this.#openEngine();
    try {
      const journal = await this.#openJournal();
      this.#tell({ type: 'ready' });
      try {
        const hearing = await this.#hearing(journal, engine);
        const durationSeconds = await hearing.run();
        if (durationSeconds !== null) await this.#ask('complete', { durationSeconds, engine: engine.name });
      } finally {
        await journal.close();
      }
    } finally {
      clearInterval(signs);
      await engine.close();
    }
  }

  #openJournal(): Promise<OpenJournalFeed> {
    const task = this.#task;
    const roster = new Roster(task);
    return openJournalFeed({
      journalDir: task.journalDir,
      recordingId: task.recordingId as RecordingId,
      fromSeconds: task.heard.seconds,
      follow: true,
      ended: () => {
        // Asked at every look for more: to wait is to be alive.
        this.#steps += 1;
        // Who gives way stops waiting; the hearing takes that for no end.
        return this.#notices.journalEnded || this.#notices.giveWay;
      },
      stopped: () => this.#notices.stopped,
      // Pictures are never looked at. Who is hidden is known to the roster alone, once people have been read.
      filter: selectRecords({
        participant: () => true,
        source: (participantId, source) => roster.isHeard(participantId, source),
      }),
    });
  }

  async #hearing(journal: HeardJournal, engine: TranscriptionEngine): Promise<Hearing> {
    const { Hearing } = await import('../transcription/hearing.ts');
    const { recordingId, voiceModel, language, heard, participants, excludeParticipants } = this.#task;
    return new Hearing({
      journal,
      recordingId: recordingId as RecordingId,
      language,
      heard,
      participants,
      excludeParticipants,
      engine,
      voiceModel,
      decode: decodeWith(this.#packets()).sound,
      guard: (speakerId, start, ask) => this.#guarded({ kind: 'speech', speakerId, start }, ask),
      onUtterance: (speaker, utterance) => this.#ask('spoken', { speaker, utterance }),
      onHeard: (seconds) => this.#ask('heard', { seconds }),
      onStep: () => {
        this.#steps += 1;
      },
      shouldStop: () => this.#notices.giveWay,
    });
  }

  async #openEngine(): Promise<TranscriptionEngine> {
    const { engine, language } = this.#task;
    if (engine.kind === 'endpoint') return remoteEngine(engine, this.#peer);
    const { openEmbeddedEngine } = await import('../transcription/embedded-engine.ts');
    return openEmbeddedEngine(engine.model, language);
  }

  #packets() {
    const { shunned, careful } = this.#task;
    return guardWith({
      shunned: shunned.filter((one) => one.kind === 'packet'),
      careful: careful
        ? {
            before: (frame) => this.#attempt({ kind: 'packet', ...frame }),
            after: () => this.#tell({ type: 'attempted' }),
          }
        : null,
      onStep: () => {
        this.#steps += 1;
      },
    });
  }

  /** Null: others died over it. */
  async #guarded<T>(hazard: Extract<Hazard, { kind: 'speech' }>, ask: () => Promise<T>): Promise<T | null> {
    const { shunned, careful } = this.#task;
    const isSame = (one: Hazard): boolean =>
      one.kind === 'speech' && one.speakerId === hazard.speakerId && one.start === hazard.start;
    if (shunned.some(isSame)) return null;
    if (careful) await this.#attempt(hazard);
    const answer = await ask();
    if (careful) this.#tell({ type: 'attempted' });
    return answer;
  }

  async #attempt(hazard: Hazard): Promise<void> {
    await this.#peer.request('attempt', { hazard });
  }

  async #ask(method: 'spoken' | 'heard' | 'complete', params: unknown): Promise<void> {
    await this.#peer.request(method, params, KEPT_WITHIN_MS);
  }

  #tell(event: ListenEvent): void {
    this.#peer.emit(event);
  }

  #giveSigns(): NodeJS.Timeout {
    let told = this.#steps;
    return setInterval(() => {
      if (this.#steps !== told) this.#tell({ type: 'alive' });
      told = this.#steps;
    }, SIGN_OF_LIFE_MS);
  }
}

/**
 * Before anything that needs it is loaded, so that the server can be told where there is none for this system: no other process would find
 * one.
 */
const loadLibrary = async (): Promise<void> => {
  try {
    await import('sherpa-onnx-node');
  } catch (cause) {
    const system = `${process.platform} ${process.arch}`;
    const words = `sherpa-onnx, which finds and understands speech, has no library for this system (${system}): npm ci again, or another machine.`;
    throw new EngineError('refused', words, { cause });
  }
};

const environmentVariable = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`A transcriber is started by the server, which sets ${name}; it is not set.`);
  return value;
};

/** Whether another process would fare better, and when. */
const verdictOn = (error: unknown): 'failed' | 'hindered' | 'died' => {
  if (error instanceof NothingToComposeError) return 'failed';
  if (error instanceof EngineError) return error.code === 'refused' ? 'failed' : 'hindered';
  // What the server could not keep, or could not ask.
  if (error instanceof RemoteError) return error.code === 'refused' ? 'failed' : 'hindered';
  return error instanceof DOMException && error.name === 'TimeoutError' ? 'hindered' : 'died';
};

/** Resolves to the exit code. */
const run = async (log: Logger): Promise<number> => {
  const notices: Notices = { journalEnded: false, stopped: false, giveWay: false };
  const peer = await dial(environmentVariable('ROOMTAPE_LISTEN_SOCKET'), {
    onEvent: (event) => {
      const { type } = listenNotice.parse(event);
      if (type === 'journal-ended') notices.journalEnded = true;
      else if (type === 'recording-stopped') notices.stopped = true;
      else notices.giveWay = true;
    },
    onClose: () => process.kill(process.pid, 'SIGKILL'),
  });
  try {
    const lease = environmentVariable('ROOMTAPE_LEASE');
    const hello = await peer.request('hello', { version: LISTEN_VERSION, lease, pid: process.pid });
    await new Transcriber(peer, listenMethods.hello.result.parse(hello), notices).work();
    return 0;
  } catch (error) {
    const verdict = verdictOn(error);
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ err: verdict === 'died' ? error : undefined, reason }, 'A transcription stumbled.');
    await peer.request('stumbled', { reason, verdict });
    return 1;
  }
};

/** Where memory runs out, the kernel is to end us before it ends what records. */
const volunteer = (log: Logger): void => {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', ENDED_FIRST);
  } catch (error) {
    log.warn({ err: error }, 'The order in which processes end when memory runs out could not be set.');
  }
};

const log = createLogger('transcriber', 'info');
setPriority(constants.priority.PRIORITY_LOW);
volunteer(log);
// The event loop may hold the library's or the file system's pending work: nobody waits for it any more.
process.exit(await run(log));
