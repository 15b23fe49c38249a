/** What the embedded engine does about weaknesses of its model. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedEngine } from '../../../src/transcription/embedded-engine.ts';
import type { TranscriptionEngine } from '../../../src/transcription/engine.ts';
import { speechModels } from '../../support/speech-models.ts';
import { soundOf } from '../../support/spoken.ts';

/** Where bob says "I will do that.", with a breath around it. Seconds of his track. */
const SENTENCE = { from: 55.95, to: 57.31 };
/** Cut so, the model alone hears nothing at any of them. */
const CUTS_MS = [17, 18, 41, 42, 64, 87, 107];

describe('the embedded engine', () => {
  let engine: TranscriptionEngine;
  beforeAll(async () => {
    engine = await openEmbeddedEngine((await speechModels()).speech, null);
  });
  afterAll(() => engine.close());

  it('hears a short sentence wherever it is cut', async () => {
    const heard: string[] = [];
    for (const cut of CUTS_MS) {
      const sound = await soundOf('festival', 'bob', SENTENCE.from + cut / 1000, SENTENCE.to + cut / 1000);
      heard.push((await engine.transcribe(sound, { language: null })).text);
    }
    expect(heard).toEqual(CUTS_MS.map(() => 'I will do that.'));
  });

  it('hears no words in silence', async () => {
    expect(await engine.transcribe(new Float32Array(16_000), { language: null })).toMatchObject({ text: '' });
  });
});
