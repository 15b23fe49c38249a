/** Progress of a long step: a bar on a terminal, a line now and then elsewhere. On standard error: standard output is for results. */
import { Presets, SingleBar } from 'cli-progress';

/** Lines elsewhere than on a terminal come at most this often. */
const LINE_INTERVAL_MS = 5_000;

export interface Progress {
  /** How far, 0–1. */
  update(part: number): void;
  done(): void;
}

let shown: SingleBar | undefined;

/** For whoever fails in the middle of a step: gives the terminal its cursor back, on a line of its own. */
export const abandonProgress = (): void => {
  if (shown?.isActive) shown.stop();
};

/** Begins to show a step. */
export const showProgress = (title: string): Progress => {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (!process.stderr.isTTY) {
    let last = started;
    console.error(`${title} …`);
    return {
      update: (part) => {
        if (performance.now() - last < LINE_INTERVAL_MS) return;
        last = performance.now();
        console.error(`${title} … ${Math.round(part * 100)} %`);
      },
      done: () => console.error(`${title}: done in ${seconds()}.`),
    };
  }
  const bar = new SingleBar(
    { format: `${title.padEnd(34)} {bar} {percentage} %`, stream: process.stderr, hideCursor: true },
    Presets.shades_classic,
  );
  shown = bar;
  bar.start(100, 0);
  return {
    update: (part) => bar.update(Math.round(part * 100)),
    done: () => {
      bar.update(100);
      bar.stop();
    },
  };
};
