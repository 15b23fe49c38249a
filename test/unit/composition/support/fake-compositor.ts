/**
 * A compositor that renders nothing: it speaks the work protocol, writes the segments' facts files and dies where it is told to. The plan
 * comes in the environment: `{total, dieAt: [segment, …], lastWords?, diary}`; a death at a segment happens once, marked by a file.
 */
import { appendFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compositionTask, workMethods } from '../../../../src/composition/task.ts';
import { dial } from '../../../../src/support/ipc.ts';

const plan = JSON.parse(process.env.PLAN ?? '{}') as {
  total: number;
  dieAt: number[];
  always: boolean;
  diary: string;
  lastWords?: string;
};
const peer = await dial(process.env.ROOMTAPE_WORK_SOCKET ?? '', { onClose: () => process.exit(0) });
const task = compositionTask.parse(
  await peer.request('hello', { version: 1, lease: process.env.ROOMTAPE_LEASE, pid: process.pid }),
);
mkdirSync(task.scratchDir, { recursive: true });
peer.emit({ type: 'end-known', ticks: plan.total * 128 });
for (;;) {
  const { run, package: pack } = workMethods.next.result.parse(await peer.request('next', {}));
  if (run) appendFileSync(plan.diary, `${task.compositionId} ${run.from}-${run.to}\n`);
  for (let index = run?.from ?? 0; run && index < Math.min(run.to, plan.total); index += 1) {
    const mark = join(task.segmentsDir, `died-${index}`);
    if (plan.dieAt.includes(index) && (plan.always || !existsSync(mark))) {
      writeFileSync(mark, '');
      if (plan.lastWords) await peer.request('stumbled', { reason: plan.lastWords });
      process.exit(3);
    }
    const name = `${String(index).padStart(6, '0')}.json`;
    writeFileSync(join(task.scratchDir, name), '{}');
    renameSync(join(task.scratchDir, name), join(task.segmentsDir, name));
    peer.emit({ type: 'segment', index, ticks: 128 });
  }
  if (pack) {
    const path = `${task.artifactPath}.mp4`;
    writeFileSync(path, 'film');
    const facts = { bytes: 4, durationSeconds: 1, width: 2, height: 2, format: 'mp4', videoBytes: 4 };
    peer.emit({ type: 'packaged', artifact: { path, ...facts } });
  }
  if (!run) break;
}
// An empty request answers only when the server has read everything before it.
await peer.request('next', {});
peer.close();
