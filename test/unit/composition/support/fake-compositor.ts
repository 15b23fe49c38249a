/**
 * A compositor that renders nothing: it speaks the work protocol, writes the segments' facts files and does wrong where it is told to. The
 * plan comes in the environment. What is to happen once is marked by a file.
 */
import { appendFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compositionTask, WORK_VERSION, workMethods } from '../../../../src/composition/task.ts';
import { dial } from '../../../../src/support/ipc.ts';

export interface Plan {
  /** Segments; null: it follows a room that does not end. */
  readonly total: number | null;
  /** Segments at which it dies: once, or `always`. */
  readonly dieAt?: readonly number[];
  readonly always?: boolean;
  readonly lastWords?: string;
  /** Segment in which a frame kills whoever decodes it; the frame is of stream 7, its time the segment's number. */
  readonly poisonAt?: number;
  /** Segment at which it falls silent, once. */
  readonly hangAt?: number;
  /** What it says at its first segment, once, that it may not say. */
  readonly nonsense?: unknown;
  /** Another path than its own for the first file. */
  readonly stolenPath?: string;
  /** Segment at which it says, once, that its recording is paused, and waits. */
  readonly pausedAt?: number;
  /** Says once, when asked for the file, that this segment is not whole. */
  readonly loses?: number;
  /** It speaks another version of the work protocol. */
  readonly version?: number;
}

const plan = JSON.parse(process.env.PLAN ?? '{}') as Plan;
const diary = process.env.DIARY ?? '';
const peer = await dial(process.env.ROOMTAPE_WORK_SOCKET ?? '', { onClose: () => process.exit(0) });
const task = compositionTask.parse(
  await peer.request('hello', {
    version: plan.version ?? WORK_VERSION,
    lease: process.env.ROOMTAPE_LEASE,
    pid: process.pid,
  }),
);
mkdirSync(task.scratchDir, { recursive: true });
// Where a recording that is paused ends is not known.
const isOver = plan.pausedAt === undefined || existsSync(join(task.segmentsDir, 'waited'));
if (plan.total !== null && isOver) peer.emit({ type: 'end-known', ticks: plan.total * 128 });
const signs = setInterval(() => peer.emit({ type: 'alive' }), 50);

/** True the first time. */
const once = (what: string): boolean => {
  const mark = join(task.segmentsDir, what);
  if (existsSync(mark)) return false;
  writeFileSync(mark, '');
  return true;
};

const die = async (reason: string | undefined): Promise<never> => {
  if (reason) await peer.request('stumbled', { reason, hindered: false });
  process.exit(3);
};

const decode = async (frame: { stream: number; timeNs: number }): Promise<void> => {
  const key = `frame/${frame.stream}/${frame.timeNs}`;
  const incident = { type: 'frame-skipped', key, fromSeconds: null, toSeconds: null, atMs: 0, message: 'skipped' };
  if (task.careful) await peer.request('decoding', { frame, incident });
  const shunned = task.shunned.some(({ stream, timeNs }) => stream === frame.stream && timeNs === frame.timeNs);
  if (frame.timeNs === plan.poisonAt && !shunned) process.kill(process.pid, 'SIGSEGV');
  if (task.careful) peer.emit({ type: 'decoded' });
};

const render = async (index: number): Promise<void> => {
  if (plan.dieAt?.includes(index) && (plan.always || once(`died-${index}`))) await die(plan.lastWords);
  if (plan.nonsense !== undefined && once('nonsense')) peer.emit(plan.nonsense);
  if (plan.hangAt === index && once('hung')) {
    clearInterval(signs);
    await new Promise(() => setInterval(() => undefined, 1000));
  }
  if (plan.pausedAt === index && once('waited')) {
    peer.emit({ type: 'paused', paused: true });
    await new Promise(() => undefined);
  }
  await decode({ stream: 7, timeNs: index });
  const name = `${String(index).padStart(6, '0')}.json`;
  const facts = { version: 1, index, ticks: 128, videoBytes: 0, audioBytes: 0, levels: [] };
  writeFileSync(join(task.scratchDir, name), JSON.stringify(facts));
  renameSync(join(task.scratchDir, name), join(task.segmentsDir, name));
  peer.emit({ type: 'segment', index, ticks: 128 });
};

for (;;) {
  const { run, package: pack } = workMethods.next.result.parse(await peer.request('next', {}));
  if (run) appendFileSync(diary, `${task.compositionId} ${run.from}-${run.to}\n`);
  for (let index = run?.from ?? 0; run && index < Math.min(run.to, plan.total ?? Infinity); index += 1)
    await render(index);
  if (pack && plan.loses !== undefined && once('lost')) {
    peer.emit({ type: 'segment-lost', index: plan.loses });
    continue;
  }
  if (pack) {
    const path = plan.stolenPath && once('stolen') ? plan.stolenPath : `${task.artifactPath}.mp4`;
    writeFileSync(`${task.artifactPath}.mp4`, 'film');
    const facts = { bytes: 4, durationSeconds: 1, width: 2, height: 2, format: 'mp4', videoBytes: 4 };
    peer.emit({ type: 'packaged', artifact: { path, ...facts } });
  }
  if (!run) break;
}
clearInterval(signs);
// An empty request answers only when the server has read everything before it.
await peer.request('next', {});
peer.close();
