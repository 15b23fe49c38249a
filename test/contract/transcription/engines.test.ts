/** One suite for every engine: the embedded one, and an endpoint (a real server, with the embedded one behind it). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedEngine } from '../../../src/transcription/embedded-engine.ts';
import type { TranscriptionEngine } from '../../../src/transcription/engine.ts';
import { openHttpEngine } from '../../../src/transcription/http-engine.ts';
import { speechModels } from '../../support/speech-models.ts';
import { soundOf, turnsOf, wordErrors } from '../../support/spoken.ts';
import { openEndpoint } from '../../support/transcription-endpoint.ts';

interface Opened {
  readonly engine: TranscriptionEngine;
  close(): Promise<void>;
}

const embedded = async (): Promise<Opened> => {
  const { speech } = await speechModels();
  const engine = await openEmbeddedEngine(speech, null);
  return { engine, close: () => engine.close() };
};

const endpoint = async (): Promise<Opened> => {
  const behind = await embedded();
  const server = await openEndpoint({
    listen: async ({ speech }) => (await behind.engine.transcribe(speech, { language: null })).text,
  });
  const engine = openHttpEngine({ url: server.url, key: 'sk-test', model: 'moonshine', timeoutMs: 60_000 });
  return {
    engine,
    async close() {
      await engine.close();
      await server.close();
      await behind.close();
    },
  };
};

describe.each([
  ['embedded', embedded, null],
  ['endpoint', endpoint, 'times'],
] as const)('the %s engine', (_, open, words) => {
  let opened: Opened;
  let speech: Float32Array;
  beforeAll(async () => {
    opened = await open();
    speech = await soundOf('festival', 'alice', 0, 8);
  });
  afterAll(() => opened.close());

  it('says who it is', () => {
    expect(opened.engine.name).toMatch(/^[a-z-]+\/[a-z0-9.-]+$/);
    expect(opened.engine.concurrency).toBeGreaterThanOrEqual(1);
  });

  it('understands a sentence, and says its language', async () => {
    const heard = await opened.engine.transcribe(speech, { language: null });
    const [turn] = await turnsOf('festival');
    const { errors } = wordErrors(turn?.text ?? '', heard.text);
    expect(errors).toBeLessThanOrEqual(3);
    expect(heard.text).toBe(heard.text.trim());
    expect(heard.language).toBe('en');
  });

  it('takes the language that was asked for as the one that is spoken', async () => {
    expect(await opened.engine.transcribe(speech, { language: 'en-GB' })).toMatchObject({ language: 'en-GB' });
  });

  it('tells words with times in order within the stretch, or none at all', async () => {
    const heard = await opened.engine.transcribe(speech, { language: null });
    if (words === null) {
      expect(heard.words).toBeNull();
      return;
    }
    expect(heard.words?.map(({ word }) => word).join(' ')).toBe(heard.text);
    let last = 0;
    for (const { start, end } of heard.words ?? []) {
      expect(start).toBeGreaterThanOrEqual(last);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(8);
      last = start;
    }
  });

  it('answers as many at once as it says, each with its own', async () => {
    const [first, second] = await Promise.all([
      opened.engine.transcribe(speech, { language: null }),
      opened.engine.transcribe(await soundOf('festival', 'alice', 17.6, 23.5), { language: null }),
    ]);
    expect(first.text).toContain('planning meeting');
    expect(second.text).toContain('network');
  });

  it('gives up when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(opened.engine.transcribe(speech, { language: null, signal })).rejects.toThrow('enough');
  });

  it('can be closed twice, and is asked in vain then', async () => {
    const another = await open();
    await another.engine.close();
    await another.engine.close();
    await expect(another.engine.transcribe(speech, { language: null })).rejects.toThrow();
    await another.close();
  });
});
