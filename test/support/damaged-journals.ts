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
import { CHUNK_HEADER_BYTES, recordSize } from '../../src/journal/format.ts';
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
/** A journal that is cut off says by its ticks, one every 250 ms, how far it reached; and packets arrive some milliseconds after what they hold. */
const BLUR_S = 0.35;
/** An incident is placed by the records around it: the nearest are as far off as two packets are. */
const NEAR_S = 0.1;

export const DAMAGES = [
  'flipped byte',
  'garbage',
  'chunk cut off',
  'chunk cut off between records',
  'journal cut off',
  'journal cut off between records',
  'chunk gone',
] as const;
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

/** Where the record begins that holds this byte. */
const recordBefore = (chunk: Buffer, byte: number): number => {
  let at = CHUNK_HEADER_BYTES;
  for (let size = recordSize(chunk, at); size > 0 && at + size <= byte; size = recordSize(chunk, at)) at += size;
  return at;
};

/** Damages a copy. Resolves with where. */
const damage = async (directory: string, kind: DamageKind, random: () => number): Promise<string> => {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.rtj')).sort();
  const chosen = Math.floor(random() * names.length);
  const name = names[chosen] ?? '';
  const path = join(directory, name);
  const bytes = await readFile(path);
  const anywhere = Math.floor(random() * bytes.length);
  const at = kind.endsWith('between records') ? recordBefore(bytes, anywhere) : anywhere;
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
    case 'chunk cut off between records':
      await writeFile(path, bytes.subarray(0, at));
      return `${name} at ${at}`;
    case 'journal cut off':
    case 'journal cut off between records':
      await writeFile(path, bytes.subarray(0, at));
      for (const later of names.slice(chosen + 1)) await rm(join(directory, later));
      return `${name} at ${at}`;
    case 'chunk gone':
      await rm(path);
      return name;
  }
};

interface Readable {
  /** Of what was recorded: seconds of the file, by stream and time of arrival. */
  readonly packets: ReadonlyMap<string, number>;
  /** Seconds of the file up to the last record that can be read. */
  readonly seconds: number;
}

const readable = async (directory: string): Promise<Readable> => {
  const packets = new Map<string, number>();
  let lastNs = START_NS;
  for await (const { records } of readJournal(directory)) {
    for (const record of records) {
      const { arrivalNs } = record;
      lastNs = Math.max(lastNs, Math.min(arrivalNs, STOP_NS));
      if (record.type !== 'rtp' || arrivalNs < START_NS || arrivalNs >= STOP_NS) continue;
      packets.set(`${record.stream}/${arrivalNs}/${record.payload.readUInt16BE(2)}`, (arrivalNs - START_NS) / 1e9);
    }
  }
  return { packets, seconds: (lastNs - START_NS) / 1e9 };
};

/** Seconds of the file that are missing and that nothing tells of. */
const untold = (missing: readonly number[], incidents: readonly Incident[]): number[] =>
  missing.filter(
    (seconds) =>
      !incidents.some(
        ({ fromSeconds, toSeconds }) =>
          seconds >= (fromSeconds ?? 0) - NEAR_S && seconds <= (toSeconds ?? Number.POSITIVE_INFINITY) + NEAR_S,
      ),
  );

const judge = async (directory: string, folder: string): Promise<Omit<Damaged, 'kind' | 'where'>> => {
  const whole = await readable(JOURNAL);
  const left = await readable(directory);
  const missing = [...whole.packets].flatMap(([packet, seconds]) => (left.packets.has(packet) ? [] : [seconds]));
  const lostPackets = missing.length;
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
  const silent = untold(missing, incidents);
  if (silent.length > 0) {
    violations.push(`${silent.length} of ${lostPackets} lost packets are told of by nothing, e.g. at ${silent[0]} s.`);
  }
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
    return { kind, where, ...(await judge(directory, folder)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
