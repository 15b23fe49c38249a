/** Under what circumstances something was measured: one line for the head of a table. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, type } from 'node:os';

const systemName = (): string => {
  if (type() !== 'Linux') return `${type()} ${release()}`;
  const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'));
  return name?.[1] ?? `Linux ${release()}`;
};

/** Date, machine, system, and the load: whether the machine had anything else to do. To be called before the work begins. */
export const circumstances = (): string => {
  const load = loadavg().map((value) => value.toFixed(2));
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores`,
    systemName(),
    `Node ${process.versions.node}`,
    `load average before: ${load.join(' ')}`,
  ].join(' · ');
};
