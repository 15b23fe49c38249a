/**
 * Copies of a real journal (the writer's own, of four chunks) with damage that follows from a seed, composed. Whatever the damage is: a file is made
 * of what can be read, evenly spaced and as long as what is readable reaches; what is missing in it is told; and where nothing can be made
 * that is said, never met as a crash.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NothingToComposeError } from '../../src/composition/nothing-to-compose.ts';
import type { RecordingId } from '../../src/domain/ids.ts';
import type { Incident } from '../../src/domain/incidents.ts';
import { readJournal } from '../../src/journal/reader.ts';
import { scanJournal } from '../../src/journal/scan.ts';
import { composeJournal } from '../../src/processes/compose-journal.ts';
import { CONFIG, picturesOf } from '../unit/composition/rendering.ts';

/** 6.5 s, recorded from 0.5 s to 6 s. */
const JOURNAL = fileURLToPath(new URL('../fixtures/journals/1.0/f1f1f1f1f1f1f1f1f1f1f1f1', import.meta.url));
const RECORDING = 'c0ffee00'.repeat(3) as RecordingId;
const START_NS = 0.5e9;
const STOP_NS = 6e9;
const FRAMES_PER_SECOND = 30;
/** A tick comes every 250 ms: nobody can tell what is missing in less; and packets arrive some milliseconds after what they hold. */
const BLUR_S = 0.35;

export const DAMAGES = ['flipped byte', 'garbage', 'chunk cut off', 'journal cut off', 'chunk gone'] as const;
export type DamageKind = (typeof DAMAGES)[number];

export interface Damaged {
  readonly kind: DamageKind;
  /** By which it can be found again: the chunk's name, where in it, and how much. */
  readonly where: string;
  /** `none`: the journal does not say any more what was recorded, and that was said. */
  readonly outcome: 'whole' | 'shorter' | 'none';
  readonly lostPackets: number;
  readonly incidents: number;
  readonly violations: readonly string[];
}

/** Damages a copy. Resolves with where. */
const damage = async (directory: string, kind: DamageKind, random: () => number): Promise<string> => {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.rtj')).sort();
  const chosen = Math.floor(random() * names.length);
  const name = names[chosen] ?? '';
  const path = join(directory, name);
  const bytes = await readFile(path);
  const at = Math.floor(random() * bytes.length);
  switch (kind) {
    case 'flipped byte': {
      const by = 1 + Math.floor(random() * 255);
      bytes[at] = (bytes[at] ?? 0) ^ by;
      await writeFile(path, bytes);
      return `${name} at ${at}, by ${by}`;
    }
    case 'garbage': {
      const length = Math.min(bytes.length - at, 1 + Math.floor(random() * 8192));
      for (let i = at; i < at + length; i++) bytes[i] = Math.floor(random() * 256);
      await writeFile(path, bytes);
      return `${name} at ${at}, ${length} bytes`;
    }
    case 'chunk cut off':
      await writeFile(path, bytes.subarray(0, at));
      return `${name} at ${at}`;
    case 'journal cut off':
      await writeFile(path, bytes.subarray(0, at));
      for (const later of names.slice(chosen + 1)) await rm(join(directory, later));
      return `${name} at ${at}`;
    case 'chunk gone':
      await rm(path);
      return name;
  }
};

interface Readable {
  /** Of what was recorded. */
  readonly packets: number;
  /** The longest time without one, ns. */
  readonly holeNs: number;
  /** Seconds of the file up to the last record that can be read. */
  readonly seconds: number;
}

const readable = async (directory: string): Promise<Readable> => {
  let packets = 0;
  let holeNs = 0;
  let packetNs = START_NS;
  let lastNs = START_NS;
  for await (const { records } of readJournal(directory)) {
    for (const { type, arrivalNs } of records) {
      lastNs = Math.max(lastNs, Math.min(arrivalNs, STOP_NS));
      if (type !== 'rtp' || arrivalNs < START_NS || arrivalNs >= STOP_NS) continue;
      packets += 1;
      holeNs = Math.max(holeNs, arrivalNs - packetNs);
      packetNs = Math.max(packetNs, arrivalNs);
    }
  }
  return { packets, holeNs, seconds: (lastNs - START_NS) / 1e9 };
};

const judge = async (directory: string, folder: string, kind: DamageKind): Promise<Omit<Damaged, 'kind' | 'where'>> => {
  const whole = await readable(JOURNAL);
  const left = await readable(directory);
  const lostPackets = whole.packets - left.packets;
  const isKnown =
    (await scanJournal(directory))?.recordings.some(({ recordingId }) => recordingId === RECORDING) === true;
  const incidents: Incident[] = [];
  const violations: string[] = [];
  let path: string;
  try {
    const facts = await composeJournal({
      journalDir: directory,
      recordingId: RECORDING,
      config: { ...CONFIG, width: 320, height: 180 },
      workDir: join(folder, 'work'),
      artifactPath: join(folder, 'file'),
      onIncident: (incident) => incidents.push(incident),
    });
    ({ path } = facts);
  } catch (error) {
    // Nothing can be made of a recording that nothing tells of, or of whose time nothing is left.
    const isRight = error instanceof NothingToComposeError && (!isKnown || left.seconds < BLUR_S);
    if (!isRight) violations.push(`It could not be composed: ${error instanceof Error ? error.message : error}`);
    return { outcome: 'none', lostPackets, incidents: incidents.length, violations };
  }
  const pictures = await picturesOf(path);
  const uneven = pictures.findIndex(({ seconds }, i) => Math.abs(seconds - i / FRAMES_PER_SECOND) > 1e-6);
  if (uneven >= 0) violations.push(`Picture ${uneven} is shown at ${pictures[uneven]?.seconds} s.`);
  const seconds = pictures.length / FRAMES_PER_SECOND;
  if (seconds < left.seconds - BLUR_S || seconds > whole.seconds + BLUR_S) {
    violations.push(`${seconds.toFixed(2)} s were composed of ${left.seconds.toFixed(2)} s that can be read.`);
  }
  const isHole = kind !== 'journal cut off' && lostPackets > 0;
  // What is shorter may be told, and need not be: it is no more than what a network loses.
  if (isHole && left.holeNs > BLUR_S * 1e9 && incidents.length === 0)
    violations.push(`${lostPackets} packets are lost, and nothing tells of it.`);
  const outcome = seconds > whole.seconds - BLUR_S ? 'whole' : 'shorter';
  return { outcome, lostPackets, incidents: incidents.length, violations };
};

/** One damage, of this kind; everything else about it follows from `random`. */
export const composeDamaged = async (kind: DamageKind, random: () => number): Promise<Damaged> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-damage-'));
  try {
    const directory = join(folder, 'journal');
    await cp(JOURNAL, directory, { recursive: true });
    const where = await damage(directory, kind, random);
    return { kind, where, ...(await judge(directory, folder, kind)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
