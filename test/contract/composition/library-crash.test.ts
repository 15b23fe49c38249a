/** A compositor whose media library crashes (a real segmentation fault) over a picture and over a packet of sound, under a real coordinator. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { CompositionCoordinator } from '../../../src/composition/coordinator.ts';
import type { ArtifactFacts, IncidentTold } from '../../../src/composition/task.ts';
import { renameSealed } from '../../../src/journal/chunk-files.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import { camera, sine, sound } from '../../unit/composition/media.ts';
import { RECORDING, Rehearsal, saveJournal } from '../../unit/composition/rehearsal.ts';
import { CONFIG, inFolder, picturesOf } from '../../unit/composition/rendering.ts';

const PROGRAM = fileURLToPath(new URL('../../../src/processes/compositor.ts', import.meta.url));
const CRASH = fileURLToPath(new URL('crash-in-library.ts', import.meta.url));
/** Recorded from 0.5 s to 7.5 s: two segments, the second from 4.27 s of the file on. */
const [FROM_MS, STARTED_MS, STOPPED_MS] = [200, 500, 7_500];

const hashOf = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** A frame that is like no other of its track, at or after a second of the file; never a keyframe of pictures. */
const frameAt = ({ frames, clockRate, codec }: EncodedTrack, seconds: number) => {
  const isAlone = (data: Uint8Array): boolean => frames.filter((other) => other.data.equals(data)).length === 1;
  const second = (time: number): number => time / clockRate - (STARTED_MS - FROM_MS) / 1000;
  const found = frames.find(
    ({ time, keyframe, data }) => second(time) >= seconds && (codec === 'opus' || !keyframe) && isAlone(data),
  );
  if (!found) throw new Error(`No frame at ${seconds} s can be told from others.`);
  return { hash: hashOf(found.data), seconds: second(found.time) };
};

test(
  'is tried again from its checkpoint, leaves out what kills it, and says what; all else is in the file',
  () =>
    inFolder(async (folder) => {
      const picture = await camera('vp8', 0, 8);
      const tone = await sound(8, (n) => sine(300 + n / 2_000, 0.3)(n));
      const poison = [frameAt(picture, 5.1), frameAt(tone, 5.6)] as const;
      const ada = new Rehearsal().joins('ada', 'Ada', 100);
      const sent = { participant: 'ada', fromMs: FROM_MS, toMs: 8_000 };
      ada.publishes({ ...sent, source: 'camera', media: picture });
      ada.publishes({ ...sent, source: 'microphone', media: tone });
      await saveJournal(ada.recorded(STARTED_MS, STOPPED_MS).records(8_000), join(folder, 'journal'));
      await renameSealed(join(folder, 'journal'), 1);

      const children: ChildProcess[] = [];
      const incidents: IncidentTold[] = [];
      const done: number[] = [];
      const ended = Promise.withResolvers<ArtifactFacts>();
      const coordinator = new CompositionCoordinator({
        socketPath: join(folder, 'work.sock'),
        maxProcesses: 1,
        log: pino({ level: 'silent' }),
        spawn: (environment) => {
          const env = { PATH: process.env.PATH, POISON: poison.map(({ hash }) => hash).join(','), ...environment };
          const child = spawn(process.execPath, ['--import', CRASH, PROGRAM], {
            env,
            stdio: ['ignore', 'ignore', 'inherit'],
          });
          children.push(child);
          return child;
        },
        onProgress: (_, segments) => done.push(segments),
        onCopied: () => ended.reject(new Error('Nobody asked for a copy.')),
        onIncident: (_, incident) => incidents.push(incident),
        onDone: (_, artifact) => ended.resolve(artifact),
        onFailed: (_, reason) => ended.reject(new Error(reason)),
      });
      await coordinator.open();
      try {
        await coordinator.start({
          compositionId: 'composition',
          recordingId: RECORDING,
          journalDir: join(folder, 'journal'),
          directory: join(folder, 'composition'),
          artifactPath: join(folder, 'recordings', 'file'),
          config: { ...CONFIG, width: 320, height: 180 },
          createdAtMs: 0,
          finished: true,
        });
        const artifact = await ended.promise;
        expect(artifact.durationSeconds).toBeCloseTo(7, 6);
        // Two before anybody is careful, and one for each of the two that are left out.
        expect(children.map(({ signalCode }) => signalCode).slice(0, 4)).toEqual(Array(4).fill('SIGSEGV'));
        expect(children).toHaveLength(5);
        // What was finished stays so.
        expect(done).toEqual(done.toSorted((a, b) => a - b));
        const skipped = (source: string) =>
          incidents.filter(
            (one) => one.type === 'frame-skipped' && one.source === source && one.participantId === 'ada',
          );
        expect(skipped('camera').map(({ fromSeconds }) => fromSeconds)).toEqual([expect.closeTo(poison[0].seconds, 1)]);
        expect(skipped('microphone').map(({ fromSeconds }) => fromSeconds)).toEqual([
          expect.closeTo(poison[1].seconds, 1),
        ]);
        expect(incidents).toHaveLength(2);
        const pictures = await picturesOf(artifact.path);
        expect(pictures.map(({ seconds }) => Math.round(seconds * 30))).toEqual(pictures.map((_, i) => i));
        expect(pictures).toHaveLength(210);
      } finally {
        await coordinator.close();
      }
    }),
  120_000,
);
