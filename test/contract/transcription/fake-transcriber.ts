/**
 * A transcriber that hears nothing: it speaks the listen protocol, tells what its plan says and does wrong where it is told to. The plan comes
 * in the environment. What is to happen once is marked by a file in the journal's folder.
 */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dial } from '../../../src/support/ipc.ts';
import { type Hazard, LISTEN_VERSION, listenMethods, transcriptionTask } from '../../../src/transcription/task.ts';

export interface FakePlan {
  /** Utterances, one a second. */
  readonly total: number;
  /** Utterance at which it dies: once, or `always`. */
  readonly dieAt?: number;
  readonly always?: boolean;
  readonly stumble?: { readonly reason: string; readonly verdict: 'failed' | 'hindered' | 'died' };
  /** Utterance whose speech kills whoever takes it. */
  readonly poisonAt?: number;
  /** Utterance at which it falls silent, once. */
  readonly hangAt?: number;
  /** What it says first, once, that it may not say. */
  readonly nonsense?: unknown;
  readonly version?: number;
}

const plan = JSON.parse(process.env.PLAN ?? '{}') as FakePlan;
const peer = await dial(process.env.ROOMTAPE_LISTEN_SOCKET ?? '', { onClose: () => process.exit(0) });
const version = plan.version ?? LISTEN_VERSION;
const hello = await peer.request('hello', { version, lease: process.env.ROOMTAPE_LEASE, pid: process.pid });
const task = transcriptionTask.parse(hello);
const signs = setInterval(() => peer.emit({ type: 'alive' }), 50);

/** True the first time. */
const once = (what: string): boolean => {
  const mark = join(task.journalDir, what);
  if (existsSync(mark)) return false;
  writeFileSync(mark, '');
  return true;
};

const hear = async (start: number): Promise<void> => {
  appendFileSync(join(task.journalDir, 'diary'), `${start}\n`);
  if (plan.dieAt === start && (plan.always || once('died'))) {
    if (plan.stumble) await peer.request('stumbled', plan.stumble);
    process.exit(3);
  }
  if (plan.hangAt === start && once('hung')) {
    clearInterval(signs);
    await new Promise(() => setInterval(() => undefined, 1000));
  }
  const hazard: Hazard = { kind: 'speech', speakerId: 'ada', start };
  if (task.careful) await peer.request('attempt', { hazard });
  const shunned = task.shunned.some((one) => one.kind === 'speech' && one.start === start);
  if (shunned) return;
  if (plan.poisonAt === start) process.kill(process.pid, 'SIGSEGV');
  if (task.careful) peer.emit({ type: 'attempted' });
  const utterance = { start, end: start + 0.5, speakerId: 'ada', text: `word ${start}`, language: 'en', words: null };
  const speaker = { id: 'ada', participantId: 'ada', kind: 'microphone', name: 'Ada' };
  await peer.request('spoken', { speaker, utterance });
  await peer.request('heard', { seconds: start + 1 });
};

if (plan.nonsense !== undefined && once('nonsense')) {
  peer.emit(plan.nonsense);
  await new Promise(() => undefined);
}
for (let start = task.heard.seconds; start < plan.total; start += 1) await hear(start);
await peer.request('complete', listenMethods.complete.params.parse({ durationSeconds: plan.total, engine: 'fake/1' }));
process.exit(0);
