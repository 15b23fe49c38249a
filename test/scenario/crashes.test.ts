import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canvasSize } from '../../src/domain/layout.ts';
import {
  CRASH_ROUNDS_ENVIRONMENT,
  type CrashPlan,
  type CrashRound,
  CrashRounds,
  describeRound,
} from '../support/crash-rounds.ts';
import { InitSystem } from '../support/init-system.ts';
import { PatientApi } from '../support/patient-api.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { recoveryOf } from '../support/victims.ts';
import { waitFor } from '../support/wait-for.ts';

/** Everybody dies once; the long form, with moments left to chance, is `npm run soak -- crashes`. */
const ROUNDS: readonly CrashPlan[] = [
  { round: 1, victims: ['media'], moment: 'recording', afterS: 2.7 },
  { round: 2, victims: ['compositor', 'postgres'], moment: 'recording', afterS: 2.2 },
  { round: 3, victims: ['supervisor'], moment: 'recording', afterS: 1.9 },
  { round: 4, victims: ['everything'], moment: 'recording', afterS: 3.1 },
  { round: 5, victims: ['server'], moment: 'composing', afterS: 0.3 },
];

describe('kill -9 while a room is recorded', () => {
  let service: Service<InitSystem, PatientApi>;
  beforeAll(async () => {
    service = await Service.run(InitSystem.start, PatientApi, CRASH_ROUNDS_ENVIRONMENT);
  });
  afterAll(() => service.close());

  it('of everybody costs at most a second of media, no recording, and leaves nothing behind', async () => {
    const rounds = await CrashRounds.open(service);
    const verdicts: Promise<CrashRound>[] = [];
    for (const plan of ROUNDS) verdicts.push((await rounds.play(plan)).verdict);
    const played = await Promise.all(verdicts);
    const left = await rounds.close();
    const text = played.map(describeRound).join('\n');
    expect(
      played.flatMap(({ violations }) => violations),
      text,
    ).toEqual([]);
    expect(left, text).toEqual([]);
    console.log(text);
  });

  it('an upgrade adopts a live room, or takes it over by its journal, and the recording goes on as one file', async () => {
    const { server } = service;
    const sitting = await Sitting.open(service, 1, canvasSize('low', 'landscape'));
    const ada = await sitting.join({
      via: 'room',
      stays: true,
      size: { width: 320, height: 180 },
      fps: 15,
      seconds: 20,
    });
    sitting.grid([ada], { fresh: true });
    const recordingId = await sitting.startRecording({ quality: 'low' });
    await sitting.until(1.5);
    const media = await service.pidOf('media');
    const adopted = await recoveryOf('supervisor', server);
    process.kill(server.pid ?? 0, 'SIGUSR2');
    await adopted();
    expect(await service.pidOf('media')).toBe(media);
    await waitFor('her socket to be open again', 20_000, () => ada.timesBack > 0);
    await sitting.until(sitting.elapsed + 1);
    // What the supervisor tells a media process of another version.
    const fromNs = process.hrtime.bigint();
    sitting.changing();
    const succeeded = await recoveryOf('media', server);
    process.kill(media ?? 0, 'SIGUSR2');
    await waitFor('her to be back', 30_000, () => ada.timesBack > 1);
    await succeeded();
    sitting.interrupted(fromNs, process.hrtime.bigint() + 400_000_000n);
    sitting.grid([ada], { fresh: true });
    await sitting.until(sitting.elapsed + 3.5);
    await service.api.ended(sitting.roomId, recordingId);
    const { failures, text, finished } = await sitting.judged();
    expect(failures, text).toEqual([]);
    expect(finished.recording.incidents).toMatchObject([{ type: 'interrupted' }]);
    await sitting.leave();
  });
});
