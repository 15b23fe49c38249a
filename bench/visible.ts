/**
 * What it saves to decode visible video only, and of that the smallest simulcast layer that fills its tile: CPU seconds a recorded minute
 * of 4, 9 and 25 people who send cameras of 1280x720, at 720p.
 *
 * "grid": everybody is seen; beside it the same people who send their largest layer alone, so that each is decoded in full. "spotlight": who
 * speaks is seen, the others are not; beside it that grid.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CompositionConfig } from '../src/composition/task.ts';
import type { LayoutProgram } from '../src/domain/layout.ts';
import { renameSealed } from '../src/journal/chunk-files.ts';
import type { EncodedTrack } from '../src/synthetic/encoded-track.ts';
import { Rehearsal, saveJournal } from '../test/unit/composition/rehearsal.ts';
import { cpuSecondsToRun } from './cpu.ts';
import { CONFIG, PEOPLE, rehearse } from './rehearsed-session.ts';
import { apart, type BenchOptions, type Row, temporaryFolder } from './row.ts';

const CHILD = fileURLToPath(new URL('./compose-child.ts', import.meta.url));
const COUNTS = [4, 9, 25];
const LAYERS = [
  { rid: 'l', size: { width: 320, height: 180 } },
  { rid: 'm', size: { width: 640, height: 360 } },
  { rid: 'h', size: { width: 1280, height: 720 } },
] as const;
const SECONDS = 20;
const QUICK_SECONDS = 4;
const GRID: LayoutProgram = { type: 'GRID', priority: 'SPEAKER', gridSize: 25 };
const SPOTLIGHT: LayoutProgram = { ...GRID, type: 'SPOTLIGHT' };

/** Three layers and a voice of one of those who are encoded; who else is there sends what one of them sends. */
interface Sender {
  readonly layers: readonly EncodedTrack[];
  readonly voice: EncodedTrack;
}

const senders = async (seconds: number): Promise<Sender[]> => {
  const bySize = await Promise.all(LAYERS.map(({ size }) => rehearse({ content: 'camera', size, seconds })));
  return Array.from({ length: PEOPLE }, (_, i) => {
    const [first] = bySize;
    const voice = first?.[i]?.audio;
    if (!voice) throw new Error(`Person ${i} was not rehearsed.`);
    return { layers: bySize.flatMap((people) => people[i]?.video ?? []), voice };
  });
};

interface Session {
  readonly people: number;
  /** All three layers, or the largest alone. */
  readonly simulcast: boolean;
  readonly layout: LayoutProgram;
}

/** Writes the journal of a finished session. */
const save = async (all: readonly Sender[], session: Session, seconds: number, directory: string): Promise<void> => {
  const { people, simulcast, layout } = session;
  const rehearsal = new Rehearsal();
  const toMs = 200 + seconds * 1000;
  for (let i = 0; i < people; i++) {
    const sender = all[i % all.length];
    if (!sender) continue;
    const shared = { participant: `person-${i}`, fromMs: 200, toMs };
    rehearsal.joins(shared.participant, `Person ${i}`, 100);
    rehearsal.publishes({ ...shared, source: 'microphone', media: sender.voice });
    if (simulcast) {
      for (const [layer, media] of sender.layers.entries()) {
        const rid = LAYERS[layer]?.rid ?? 'h';
        rehearsal.publishes({ ...shared, source: 'camera', trackId: `camera-${i}`, media, rid });
      }
    } else {
      const largest = sender.layers.at(-1);
      if (largest) rehearsal.publishes({ ...shared, source: 'camera', media: largest });
    }
  }
  await saveJournal(rehearsal.recorded(220, toMs, layout).records(toMs + 500), directory);
  await renameSealed(directory, 1);
};

export async function* benchVisible({ quick, scope, note }: BenchOptions): AsyncGenerator<Row, void, undefined> {
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  note('preparing the senders');
  const all = await senders(seconds);
  const cost = (session: Session): Promise<number> =>
    apart(scope, async (inner) => {
      const { people, simulcast, layout } = session;
      note(`${people} people, ${layout.type}${simulcast ? '' : ', largest layers alone'}`);
      const folder = await temporaryFolder(inner);
      const journal = join(folder, 'journal');
      await save(all, session, seconds, journal);
      const config: CompositionConfig = { ...CONFIG, layout };
      const child = [CHILD, journal, join(folder, 'work'), join(folder, 'out'), JSON.stringify(config)];
      return ((await cpuSecondsToRun(process.execPath, child, inner)) * 60) / seconds;
    });
  const unit = 'CPU s / recorded minute';
  for (const people of COUNTS) {
    const full = await cost({ people, simulcast: false, layout: GRID });
    const grid = await cost({ people, simulcast: true, layout: GRID });
    const spotlight = await cost({ people, simulcast: true, layout: SPOTLIGHT });
    const name = `compose ${people} people with simulcast`;
    yield { what: `${name}, grid`, ours: grid, beside: { name: 'largest layers alone', value: full }, unit };
    yield { what: `${name}, spotlight`, ours: spotlight, beside: { name: 'grid', value: grid }, unit };
  }
}
