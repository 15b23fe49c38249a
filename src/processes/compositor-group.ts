/**
 * A control group (cgroups(7)) of the compositors' own, where the operator names one. Nice 19 alone gives them a seventieth of a core beside
 * any other program that is busy; and where the system groups processes by session (sched(7), autogroup) it says nothing about other sessions at
 * all. In a group of their own all of them together have a fixed share beside the rest: enough to get on, too little to be felt.
 *
 * Version 2 of the file system (`cpu.weight`) and version 1 (`cpu.shares`).
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../support/log.ts';

/** A quarter of what one ordinary process or service has (100 and 1024): at least a fifth of a core beside one that is busy. */
const WEIGHT = '25';
const SHARES = '256';

export class CompositorGroup {
  readonly #folder: string;
  readonly #log: Logger;

  /** Makes the group if need be, and gives it its weight. Throws a sentence where that can't be. */
  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
    try {
      mkdirSync(folder, { recursive: true });
      const above = join(folder, '..', 'cgroup.subtree_control');
      if (!existsSync(join(folder, 'cpu.weight')) && existsSync(above)) writeFileSync(above, '+cpu', { flag: 'r+' });
      if (existsSync(join(folder, 'cpu.weight'))) writeFileSync(join(folder, 'cpu.weight'), WEIGHT);
      else writeFileSync(join(folder, 'cpu.shares'), SHARES, { flag: 'r+' });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `"${folder}" is no control group for CPU time that Roomtape may use (${reason}). Check ROOMTAPE_COMPOSITOR_CGROUP: ` +
          'the group above it must be delegated to this user, with the cpu controller.',
        { cause },
      );
    }
  }

  /** Puts a process into it. One that has ended already, or is not let in, is logged: it works all the same. */
  add(pid: number | undefined): void {
    if (pid === undefined) return;
    try {
      writeFileSync(join(this.#folder, 'cgroup.procs'), String(pid), { flag: 'r+' });
    } catch (error) {
      this.#log.warn({ err: error, pid }, 'A compositor could not be put into its control group.');
    }
  }
}
