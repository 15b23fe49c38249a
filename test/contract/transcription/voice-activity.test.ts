/** What the real detector cuts out of known speech. */
import { beforeAll, describe, expect, it } from 'vitest';
import { SPEECH_RATE } from '../../../src/transcription/engine.ts';
import { type Stretch, VoiceActivity } from '../../../src/transcription/voice-activity.ts';
import { speechModels } from '../../support/speech-models.ts';
import { soundOf, turnsOf } from '../../support/spoken.ts';

let model: string;
let voice: Float32Array;
beforeAll(async () => {
  model = (await speechModels()).voice;
  voice = await soundOf('flite', 'alice', 0, Number.POSITIVE_INFINITY);
});

/** In windows of a second, as recordings are heard. */
const hear = (activity: VoiceActivity, sound: Float32Array): Stretch[] => {
  const stretches: Stretch[] = [];
  for (let at = 0; at < sound.length; at += SPEECH_RATE) {
    stretches.push(...activity.hear(sound.subarray(at, at + SPEECH_RATE)));
  }
  return stretches;
};

describe('voice activity', () => {
  it('finds where somebody speaks, and gives a little of what lies around it', async () => {
    const activity = new VoiceActivity(model, 0);
    const found = [...hear(activity, voice), ...activity.flush()];
    const turns = (await turnsOf('flite')).filter(({ who }) => who === 'alice');
    expect(found.length).toBe(turns.length);
    for (const [i, { from, to, soundFrom, sound }] of found.entries()) {
      // The voice itself begins a quarter of a second into its file.
      expect(Math.abs(from / SPEECH_RATE - (turns[i]?.start ?? 0))).toBeLessThan(0.4);
      expect(Math.abs(to / SPEECH_RATE - (turns[i]?.end ?? 0))).toBeLessThan(0.5);
      expect(soundFrom).toBeLessThanOrEqual(from);
      expect(soundFrom + sound.length).toBeGreaterThanOrEqual(to);
      const lead = Math.max(0, soundFrom);
      const given = sound.subarray(lead - soundFrom, lead - soundFrom + 100);
      expect([...given]).toEqual([...voice.subarray(lead, lead + 100)]);
      expect(from).toBeGreaterThanOrEqual(found[i - 1]?.to ?? 0);
    }
  });

  it('finds the same where it begins later, and for somebody else after a long time without a packet', () => {
    const turn = voice.subarray(16 * SPEECH_RATE, 22 * SPEECH_RATE);
    const early = new VoiceActivity(model, 0);
    const [first] = [...hear(early, turn), ...early.flush()];
    const offset = 3_600 * SPEECH_RATE;
    const late = new VoiceActivity(model, offset);
    let nothing: Stretch[] = [];
    for (let second = 0; second < 600; second += 1) nothing = [...nothing, ...late.hearNothing(SPEECH_RATE)];
    expect(nothing).toEqual([]);
    expect(late.settled).toBe(offset + 600 * SPEECH_RATE);
    expect(late.isIdle).toBe(true);
    late.begin(offset + 600 * SPEECH_RATE);
    const [second] = [...hear(late, turn), ...late.flush()];
    expect((second?.from ?? 0) - offset - 600 * SPEECH_RATE).toBe(first?.from);
    expect(second?.sound.length).toBe(first?.sound.length);
  });

  it('ends a stretch when packets stop to come', () => {
    const activity = new VoiceActivity(model, 0);
    const before = hear(activity, voice.subarray(0, 4 * SPEECH_RATE));
    expect(before).toEqual([]);
    expect(activity.settled).toBeLessThan(SPEECH_RATE);
    const [stretch] = activity.hearNothing(SPEECH_RATE);
    expect(stretch?.to).toBeLessThanOrEqual(4.3 * SPEECH_RATE);
  });

  it('cuts whoever does not pause', () => {
    const activity = new VoiceActivity(model, 0);
    // Five seconds of speech without a pause, again and again.
    const phrase = voice.subarray(1 * SPEECH_RATE, 6 * SPEECH_RATE);
    const stretches: Stretch[] = [];
    for (let i = 0; i < 20; i += 1) stretches.push(...hear(activity, phrase));
    stretches.push(...activity.flush());
    expect(stretches.length).toBeGreaterThan(3);
    for (const { from, to } of stretches) expect(to - from).toBeLessThanOrEqual(26 * SPEECH_RATE);
    const heard = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
    expect(heard).toBeGreaterThan(90 * SPEECH_RATE);
  });

  it('hears nothing in silence and noise', () => {
    const activity = new VoiceActivity(model, 0);
    const noise = new Float32Array(10 * SPEECH_RATE).map((_, i) => 0.01 * Math.sin(i * i));
    expect([...hear(activity, new Float32Array(10 * SPEECH_RATE)), ...hear(activity, noise)]).toEqual([]);
    expect(activity.flush()).toEqual([]);
  });
});
