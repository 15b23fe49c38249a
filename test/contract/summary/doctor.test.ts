/** What `roomtape doctor` says of a language model. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { languageModelFinding } from '../../../src/cli/language-model.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { ChatServer, refuse, say } from '../../support/chat-server.ts';

const KEY = 'sk-doctor-0123456789';

let server: ChatServer;
beforeEach(async () => {
  server = await ChatServer.start();
});
afterEach(() => server.close());

const look = (env: Record<string, string> = {}) =>
  languageModelFinding(
    loadConfig({
      env: { ROOMTAPE_LLM_URL: server.url, ROOMTAPE_LLM_MODEL: 'm', ROOMTAPE_LLM_KEY: KEY, ...env },
      cwd: '/nowhere',
    }),
  );

describe('doctor', () => {
  it('keeps quiet where none is configured', async () => {
    expect(await languageModelFinding({ llm: undefined })).toBeUndefined();
  });

  it('asks it once, as for a meeting', async () => {
    expect(await look()).toEqual({
      about: 'language model',
      verdict: 'ok',
      words: '"m" sums up, and names what it rests on (1000 tokens read, 100 written)',
    });
    expect(server.questions).toHaveLength(1);
    expect(server.questions[0]?.data.transcript).toHaveLength(3);
  });

  it('says what is wrong and what to do, and never the key', async () => {
    server.model = refuse(401, { message: `Incorrect API key provided: ${KEY}` });
    const refused = await look();
    expect(refused).toMatchObject({ verdict: 'warning', words: expect.stringContaining('ROOMTAPE_LLM_KEY') });
    expect(refused?.words).toContain('Incorrect API key provided: [hidden]');
    expect(refused?.words).not.toContain(KEY);
    server.model = (_question, response) => say(response, 'I am a poet, not a clerk.');
    expect((await look())?.words).toContain('no answer that can be used, twice');
    await server.close();
    expect(await look()).toMatchObject({ verdict: 'warning', words: expect.stringContaining("can't be reached") });
  });
});
