import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CrashPlan, type CrashRound, CrashRounds, describeRound } from '../support/crash-rounds.ts';
import { InitSystem } from '../support/init-system.ts';
import { PatientApi } from '../support/patient-api.ts';
import { Service } from '../support/service.ts';

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
    service = await Service.run(InitSystem.start, PatientApi);
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
});
