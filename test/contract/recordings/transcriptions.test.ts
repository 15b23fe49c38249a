/**
 * Transcriptions from what was asked for to what is there: on a real database and through the real HTTP side, who listens and who sums up
 * stood in for at their ports. The whole of it: test/scenario/transcript.test.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { deliveriesOf } from '../../../src/catalog/deliveries.ts';
import { listEvents } from '../../../src/catalog/events.ts';
import { filesOf, transcriptFilesOf } from '../../../src/catalog/files.ts';
import { journalUses } from '../../../src/catalog/recordings.ts';
import { endSession } from '../../../src/catalog/sessions.ts';
import { findTranscription, transcriptionsOf } from '../../../src/catalog/transcriptions.ts';
import { utterancesOf } from '../../../src/catalog/utterances.ts';
import type { ParticipantId, RecordingId, TranscriptionId } from '../../../src/domain/ids.ts';
import type { TranscriptionRequest } from '../../../src/domain/transcription.ts';
import { FileKeeper } from '../../../src/processes/file-keeper.ts';
import { Deliveries } from '../../../src/recordings/deliveries.ts';
import type { SummaryOutcome } from '../../../src/recordings/transcription-ports.ts';
import { signToken } from '../../support/api.ts';
import { CaptionWatcher } from '../../support/caption-watcher.ts';
import { waitFor } from '../../support/wait-for.ts';
import { CREDENTIALS, RunningApi } from '../api/running-api.ts';
import { ADA, BOB, digest, listening, type Rehearsed, said } from './rehearsed-transcripts.ts';
import { catalog, code, config, folder, log, row, system } from './rehearsed-workflow.ts';
import { captionsPort, filesOfTest, transcriptionsPort } from './transcript-api.ts';

const PLAIN: TranscriptionRequest = { engine: null, language: null, summary: null };
const SUMMED_UP: TranscriptionRequest = { engine: null, language: 'en', summary: { prompt: 'As a poem.' } };

const opened: Rehearsed[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) {
    await one.transcriptions.close();
    await one.finishing.close();
  }
});

const open = (options: Parameters<typeof listening>[0] = {}): Rehearsed => {
  const one = listening(options);
  opened.push(one);
  return one;
};

/** A room whose recording runs, and is listened to. */
const recorded = async (request: TranscriptionRequest = PLAIN, options: Parameters<typeof listening>[0] = {}) => {
  const heard = open(options);
  const sys = await system(undefined, {}, heard.transcriptions);
  const recording = await sys.workflow.start({ roomId: sys.roomId, config, transcription: request });
  await heard.transcriptions.settled();
  const [transcription] = await transcriptionsOf(catalog, [recording.id]);
  if (!transcription) expect.fail('There is no transcription.');
  return { ...sys, ...heard, recording, id: transcription.id };
};
type Recorded = Awaited<ReturnType<typeof recorded>>;

const stop = (sys: Recorded) => sys.workflow.stop({ roomId: sys.roomId, recordingId: null, reason: 'requested' });
const found = async (id: TranscriptionId) => (await findTranscription(catalog, id)) ?? expect.fail('It is gone.');
const status = async (id: TranscriptionId) => (await found(id)).status;
const becomes = (id: TranscriptionId, wanted: string) =>
  waitFor(`the transcription to be ${wanted}`, 10_000, async () => (await status(id)) === wanted);
const eventsOf = async (recordingId: RecordingId) => {
  const filter = { after: null, limit: 100, roomId: null, sessionId: null, types: ['transcription-*'] };
  return ((await listEvents(catalog, { ...filter, recordingId })) ?? []).map(({ type, data }) => ({
    ...JSON.parse(data),
    type,
  }));
};
/** Everything is heard, and said. */
const heardOut = async (sys: Recorded): Promise<void> => {
  await sys.transcriptions.completed(sys.id, { durationSeconds: 20, engine: 'test/1' });
};

describe('a recording that is transcribed', () => {
  it('has its utterances kept as they come, once, and its files when the last is there', async () => {
    const sys = await recorded();
    expect(sys.works).toMatchObject([
      {
        transcriptionId: sys.id,
        recordingId: sys.recording.id,
        finished: false,
        engine: 'embedded',
        language: null,
        excludeParticipants: [],
        heard: { seconds: 0, speakers: {} },
      },
    ]);
    expect(await status(sys.id)).toBe('running');
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'Hello\u0000there,\n Bob. \ud800'));
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 1.2, 'Hello Ada.'));
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 1.2, 'Hello Ada.'));
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 4, ' '));
    await sys.transcriptions.heardUpTo(sys.id, 5);
    await stop(sys);
    await sys.transcriptions.settled();
    expect(sys.told).toContain(`finished ${sys.id}`);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    expect(await found(sys.id)).toMatchObject({ engine: 'test/1', language: 'en', duration_seconds: 20 });
    expect((await utterancesOf(catalog, sys.id)).map(({ text }) => text)).toEqual([
      'Hello there, Bob. \ufffd',
      'Hello Ada.',
    ]);
    const files = await transcriptFilesOf(catalog, [sys.id]);
    expect(files.map((file) => file.transcript_kind).toSorted()).toEqual([
      'transcript.json',
      'transcript.srt',
      'transcript.tsv',
      'transcript.txt',
      'transcript.vtt',
    ]);
    for (const { path, bytes } of files) expect(readFileSync(join(folder, path))).toHaveLength(bytes);
    // They are nobody's video.
    expect(await filesOf(catalog, [sys.recording.id])).toEqual([]);
    expect(await eventsOf(sys.recording.id)).toEqual([
      expect.objectContaining({ type: 'transcription-started', id: sys.id, meetingId: sys.roomId }),
      expect.objectContaining({ type: 'transcription-stopped', id: sys.id, recordingId: sys.recording.id }),
    ]);
    expect((await row(sys.recording.id)).status).toBe('composing');
  });

  it('knows somebody who changes his name by the last one', async () => {
    const sys = await recorded();
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'One.'));
    await sys.transcriptions.heard(sys.id, { ...ADA, name: ' Ada\nLovelace\u0000 ' }, said(ADA, 3, 'Two.'));
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    const txt = (await transcriptFilesOf(catalog, [sys.id])).find((file) => file.transcript_kind === 'transcript.txt');
    expect(readFileSync(join(folder, txt?.path ?? ''), 'utf8')).toBe('[00:00:01] Ada Lovelace\nOne. Two.\n');
  });

  it('whose words are over keeps none of them', async () => {
    const sys = await recorded(SUMMED_UP);
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'A plan for Friday.'));
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    await sys.compositions.settled();
    await sys.compositions.failed(await compositionOf(sys), 'No.');
    const keeper = new FileKeeper({ catalog, dataDir: folder, retentionMs: 1_000, log });
    await keeper.sweep(new Date(Date.now() + 60_000));
    expect(await utterancesOf(catalog, sys.id)).toEqual([]);
    expect(await transcriptFilesOf(catalog, [sys.id])).toEqual([]);
    expect((await found(sys.id)).summary).toMatchObject({ method: 'extractive', title: '' });
  });

  it('in which nobody speaks has files that say nothing', async () => {
    const sys = await recorded(SUMMED_UP);
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    const vtt = (await transcriptFilesOf(catalog, [sys.id])).find((file) => file.transcript_kind === 'transcript.vtt');
    expect(readFileSync(join(folder, vtt?.path ?? ''), 'utf8')).toBe('WEBVTT\n');
    expect(await found(sys.id)).toMatchObject({ language: 'en', failure_reason: null });
  });

  it('is not hurt by an engine that can not hear it', async () => {
    const sys = await recorded();
    await sys.transcriptions.failed(sys.id, 'There is no model: pull one.');
    expect(await found(sys.id)).toMatchObject({ status: 'failed', failure_reason: 'There is no model: pull one.' });
    expect(await eventsOf(sys.recording.id)).toMatchObject([
      { type: 'transcription-started' },
      { type: 'transcription-failed', reason: 'There is no model: pull one.' },
    ]);
    expect((await row(sys.recording.id)).status).toBe('recording');
    // What came too late is refused.
    await expect(sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'Late.'))).rejects.toThrow();
    await stop(sys);
    expect((await row(sys.recording.id)).status).toBe('composing');
  });

  it('goes on behind what was kept when the server is killed, and tells nobody twice', async () => {
    const sys = await recorded();
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'One.'));
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 2, 'Two.'));
    await sys.transcriptions.heardUpTo(sys.id, 1.5);
    const next = open();
    await next.transcriptions.resume();
    expect(next.works).toMatchObject([
      { transcriptionId: sys.id, heard: { seconds: 1.5, speakers: { ada: 2.5, bob: 3.5 } } },
    ]);
    // The former one, were it still alive, changes nothing.
    await expect(sys.transcriptions.heard(sys.id, ADA, said(ADA, 9, 'Ghost.'))).rejects.toThrow(/taken over/);
    await sys.transcriptions.completed(sys.id, { durationSeconds: 3, engine: 'ghost' });
    expect(await status(sys.id)).toBe('running');
    await next.transcriptions.heard(sys.id, BOB, said(BOB, 2, 'Two.'));
    await next.transcriptions.completed(sys.id, { durationSeconds: 20, engine: 'test/1' });
    await becomes(sys.id, 'completed');
    expect((await utterancesOf(catalog, sys.id)).map(({ text }) => text)).toEqual(['One.', 'Two.']);
    expect((await eventsOf(sys.recording.id)).map(({ type }) => type)).toEqual([
      'transcription-started',
      'transcription-stopped',
    ]);
  });

  it('keeps its journal until it is heard', async () => {
    const sys = await recorded();
    const uses = async () =>
      (await journalUses(catalog)).find(({ journalDir }) => journalDir.includes(sys.media.sessionId));
    await stop(sys);
    await sys.compositions.settled();
    await sys.compositions.failed(await compositionOf(sys), 'No.');
    expect((await row(sys.recording.id)).status).toBe('failed');
    expect((await uses())?.releasedAt).toBeNull();
    await heardOut(sys);
    expect((await uses())?.releasedAt).toBeInstanceOf(Date);
  });

  it('that is deleted leaves no word, and whoever waits is told', async () => {
    const sys = await recorded();
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'A secret.'));
    await sys.workflow.delete(sys.recording.id);
    expect(sys.told).toContain(`cancel ${sys.id}`);
    expect(await findTranscription(catalog, sys.id)).toBeNull();
    expect(await utterancesOf(catalog, sys.id)).toEqual([]);
    await expect(sys.transcriptions.heard(sys.id, ADA, said(ADA, 2, 'More.'))).rejects.toThrow();
    const next = open();
    await next.transcriptions.resume();
    expect(next.works).toEqual([]);
    const told = await catalog
      .selectFrom('events')
      .select('type')
      .where('recording_id', '=', sys.recording.id)
      .execute();
    expect(told.map(({ type }) => type)).toContain('transcription-failed');
  });

  it('that is deleted when all is there loses its files', async () => {
    const sys = await recorded(SUMMED_UP);
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'A secret.'));
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    const place = join(folder, 'recordings', sys.recording.id);
    expect(readdirSync(join(place, 'transcripts'))).toEqual([sys.id]);
    await sys.workflow.delete(sys.recording.id);
    expect(existsSync(place)).toBe(false);
    expect(await transcriptFilesOf(catalog, [sys.id])).toEqual([]);
    const kept = await catalog.selectFrom('transcriptions').selectAll().where('id', '=', sys.id).executeTakeFirst();
    expect(kept).toMatchObject({ status: 'completed', summary: null });
  });
});

const compositionOf = async ({ recording }: Recorded): Promise<string> => {
  const one = await catalog
    .selectFrom('compositions')
    .select('id')
    .where('recording_id', '=', recording.id)
    .executeTakeFirst();
  return one?.id ?? '';
};

describe('its figures', () => {
  it('tell what waits, what was written down, what failed, and what summaries cost', async () => {
    const usage = { calls: 2, retries: 1, promptTokens: 900, completionTokens: 70, estimated: false, cost: null };
    let [tries, hours] = [0, 0];
    const sys = await recorded(SUMMED_UP, {
      now: () => new Date(Date.now() + 3_600_000 * hours),
      summarize: async ({ transcript }) => {
        tries += 1;
        const done = digest(transcript);
        if (tries > 1) return { ...done, summary: { ...done.summary, method: 'model', usage } };
        return { kind: 'failed', reason: 'Away.', detail: '', retryable: true, retryAfterMs: null, digest: done };
      },
    });
    const figures = async (): Promise<Record<string, number>> => {
      const text = await sys.metrics.text(catalog, { processes: 1, waiting: 2, setbacks: { died: 3, hindered: 0 } });
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return Object.fromEntries(
        lines.map((line) => line.split(/ (?=\S+$)/)).map(([name, value]) => [name, Number(value)]),
      );
    };
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'Now.'));
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'Now.'));
    const live = await figures();
    expect(live).toMatchObject({
      roomtape_utterances_total: 1,
      'roomtape_transcriptions{status="running"}': expect.any(Number),
      roomtape_transcriber_processes: 1,
      roomtape_transcriptions_waiting: 2,
      'roomtape_transcriber_setbacks_total{verdict="died"}': 3,
    });
    expect(live.roomtape_transcription_backlog_seconds).toBeGreaterThan(0);
    await stop(sys);
    await heardOut(sys);
    await waitFor('the first try', 5_000, () => tries === 1);
    await waitFor('its end', 5_000, async () => (await found(sys.id)).summary_error !== null);
    await sys.finishing.settled();
    hours = 1;
    await sys.finishing.runDue();
    await becomes(sys.id, 'completed');
    await sys.finishing.settled();
    expect(await figures()).toMatchObject({
      'roomtape_transcriptions_ended_total{outcome="completed"}': 1,
      roomtape_summary_failures_total: 1,
      'roomtape_summaries_total{method="model"}': 1,
      'roomtape_summary_tokens_total{kind="prompt"}': 900,
      'roomtape_summary_tokens_total{kind="completion"}': 70,
    });
    const deaf = await recorded();
    await deaf.transcriptions.failed(deaf.id, 'Nobody hears.');
    const text = await deaf.metrics.text(catalog, { processes: 0, waiting: 0, setbacks: { died: 0, hindered: 0 } });
    expect(text).toContain('roomtape_transcriptions_ended_total{outcome="failed"} 1');
  });
});

describe('its summary', () => {
  const failing = (retryable: boolean): Parameters<typeof listening>[0] => ({
    summarize: async ({ transcript }): Promise<SummaryOutcome> => ({
      kind: 'failed',
      reason: 'The model is away.',
      detail: '',
      retryable,
      retryAfterMs: null,
      digest: digest(transcript),
    }),
  });

  it('is made once all is heard, and told of last', async () => {
    const prompts: (string | null)[] = [];
    const sys = await recorded(SUMMED_UP, {
      summarize: async ({ transcript, prompt }) => {
        prompts.push(prompt);
        expect(await transcriptFilesOf(catalog, [sys.id])).toHaveLength(5);
        expect((await eventsOf(sys.recording.id)).map(({ type }) => type)).toEqual(['transcription-started']);
        return digest(transcript);
      },
    });
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'We decided to ship on Friday.'));
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    expect(prompts).toEqual(['As a poem.']);
    expect((await transcriptFilesOf(catalog, [sys.id])).map((file) => file.transcript_kind)).toEqual(
      expect.arrayContaining(['summary.txt', 'summary.json']),
    );
    expect((await found(sys.id)).summary).toMatchObject({ method: 'extractive', promptApplied: false });
  });

  it('is tried for again where its model is away; the transcript is there meanwhile', async () => {
    let now = new Date('2030-01-01T00:00:00Z');
    const sys = await recorded(SUMMED_UP, { ...failing(true), now: () => now });
    await stop(sys);
    await heardOut(sys);
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      await waitFor('an attempt', 10_000, async () => (await found(sys.id)).summary_attempts === attempt);
      await sys.finishing.settled();
      expect(await found(sys.id)).toMatchObject({ status: 'summarizing', summary_error: 'The model is away.' });
      expect(await transcriptFilesOf(catalog, [sys.id])).toHaveLength(5);
      now = new Date(now.getTime() + 3_600_000);
      await sys.finishing.runDue();
    }
    await becomes(sys.id, 'completed');
    expect(await found(sys.id)).toMatchObject({
      summary: { method: 'extractive' },
      summary_error: 'The model is away.',
    });
  });

  it('is picked by rules at once where trying again can not help', async () => {
    const sys = await recorded(SUMMED_UP, failing(false));
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    expect(await found(sys.id)).toMatchObject({ summary_attempts: 1, summary: { method: 'extractive' } });
  });
});

describe('a participant who is purged', () => {
  it('is taken out of transcript and summary, which are made anew', async () => {
    const sys = await recorded(SUMMED_UP);
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'I stay.'));
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 3, 'I want to be forgotten.'));
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    const before = await transcriptFilesOf(catalog, [sys.id]);
    const { recording } = sys;
    await catalog
      .transaction()
      .execute((trx) => sys.transcriptions.withdraw(trx, recording.id, 'bob' as ParticipantId));
    await sys.transcriptions.renew(recording.id);
    await becomes(sys.id, 'completed');
    const after = await transcriptFilesOf(catalog, [sys.id]);
    const fresh = after.filter(({ id }) => !before.some((file) => file.id === id));
    expect(fresh).toHaveLength(7);
    for (const { path } of fresh) expect(readFileSync(join(folder, path), 'utf8')).not.toMatch(/bob|forgotten/i);
    for (const { path } of before) expect(existsSync(join(folder, path))).toBe(false);
    // It has ended once, and was told once.
    expect((await eventsOf(recording.id)).map(({ type }) => type)).toEqual([
      'transcription-started',
      'transcription-stopped',
    ]);
  });

  it('while it is heard is not heard any more', async () => {
    const sys = await recorded();
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 3, 'I want to be forgotten.'));
    await stop(sys);
    await catalog
      .insertInto('purges')
      .values({ recording_id: sys.recording.id, participant_id: 'bob' as ParticipantId })
      .execute();
    await catalog
      .transaction()
      .execute((trx) => sys.transcriptions.withdraw(trx, sys.recording.id, 'bob' as ParticipantId));
    await sys.transcriptions.renew(sys.recording.id);
    expect(sys.works.at(-1)).toMatchObject({ excludeParticipants: ['bob'], finished: true, heard: { speakers: {} } });
    expect(await utterancesOf(catalog, sys.id)).toEqual([]);
  });
});

describe('deliveries', () => {
  const planning = () =>
    new Deliveries({
      catalog,
      sender: {
        toBucket: () => Promise.reject(new Error('no')),
        toUrl: () => Promise.reject(new Error('no')),
        abandon: async () => undefined,
      },
      dataDir: folder,
      retryForMs: 1000,
      backoff: { firstMs: 1, mostMs: 1 },
      keepLocal: true,
      localRetentionMs: 0,
      tell: async () => undefined,
      wake: () => undefined,
      log,
    });

  it.each([
    [{ directory: 'meetings', preSignedUrl: null }, true],
    [{ directory: null, preSignedUrl: 'https://example.org/put' }, false],
  ])('go where the start call says (%j)', async (destinations, delivered) => {
    const heard = open({ deliveries: planning() });
    const sys = await system(undefined, {}, heard.transcriptions);
    const started = await sys.workflow.start({ roomId: sys.roomId, config, transcription: SUMMED_UP, destinations });
    await heard.transcriptions.settled();
    const id = (await transcriptionsOf(catalog, [started.id]))[0]?.id ?? expect.fail('None.');
    await sys.workflow.stop({ roomId: sys.roomId, recordingId: null, reason: 'requested' });
    await heard.transcriptions.completed(id, { durationSeconds: 1, engine: 'test/1' });
    await becomes(id, 'completed');
    const names = (await deliveriesOf(catalog, [started.id])).map((one) => one.object_name);
    const kinds = [
      'summary.json',
      'summary.txt',
      'transcript.json',
      'transcript.srt',
      'transcript.tsv',
      'transcript.txt',
      'transcript.vtt',
    ];
    expect(names.toSorted()).toEqual(delivered ? kinds.map((kind) => `meetings/${started.id}-${kind}`) : []);
  });
});

describe('through the API', () => {
  const api = (sys: Rehearsed) =>
    RunningApi.start({}, undefined, undefined, {
      transcriptions: transcriptionsPort(catalog, { again: sys.again, problem: async () => null }),
      captions: captionsPort(catalog, sys.captions),
      ...filesOfTest(catalog, folder),
    });
  const path = '/ai/v1/post-transcriptions';

  const completed = async () => {
    const sys = await recorded(SUMMED_UP);
    const words = [
      { word: 'The', start: 1, end: 1.2 },
      { word: 'budgets', start: 1.2, end: 1.6 },
      { word: 'grew.', start: 1.6, end: 2 },
    ];
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'The budgets grew.', { words }));
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 3, 'Wir haben viele Häuser gebaut.', { language: 'de' }));
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 5, '今日は予算について話します。', { language: 'ja' }));
    await sys.transcriptions.heard(
      sys.id,
      { ...BOB, id: 'bo2', participantId: 'bo2' },
      { ...said(BOB, 7, 'ÉTÉ à la plage.', { language: 'fr' }), speakerId: 'bo2' },
    );
    await stop(sys);
    await heardOut(sys);
    await becomes(sys.id, 'completed');
    return sys;
  };

  it('is listed, told of and fetched, with and without the slash', async () => {
    const sys = await completed();
    await using server = await api(sys);
    for (const url of [`${path}?roomId=${sys.roomId}`, `${path}/?roomId=${sys.roomId}`]) {
      server.system.roomList.push({ ...(await roomOf(sys)) });
      const list = await server.get(url);
      expect(list.body).toMatchObject({ pageInfo: { total: 1 }, transcriptions: [{ id: sys.id }] });
    }
    for (const url of [`${path}/${sys.id}`, `${path}/${sys.id}/`]) {
      const { body } = await server.get(url);
      expect(body).toMatchObject({
        id: sys.id,
        status: 'completed',
        roomId: sys.roomId,
        recordingId: sys.recording.id,
        filePath: null,
        userStorage: null,
        engine: 'test/1',
        failureReason: null,
        speakers: [
          { id: 'ada', name: 'Ada' },
          { id: 'bob', name: 'Bob' },
          { id: 'bo2', name: 'Bob (2)' },
        ],
        summary: { status: 'done', method: 'extractive', prompt: 'As a poem.', promptApplied: false },
      });
      expect(Object.keys(body.transcriptionFilePaths).toSorted()).toEqual(['json', 'srt', 'tsv', 'txt', 'vtt']);
      const vtt = await fetch(body.transcriptionFilePaths.vtt);
      expect(vtt.headers.get('content-type')).toBe('text/vtt; charset=utf-8');
      expect(await vtt.text()).toContain('<v Bob (2)>ÉTÉ à la plage.');
      const summary = await fetch(body.summarizedFilePaths.txt);
      expect(summary.headers.get('content-disposition')).toContain(`${sys.recording.id}-summary.txt`);
    }
    expect((await server.get(`${path}/nobody`)).body).toMatchObject({
      statusCode: 404,
      code: 'TRANSCRIPTION_NOT_FOUND',
    });
    const foreign = await tokenFor({ roomId: 'another' });
    expect((await server.get(`${path}/${sys.id}`, { authorization: foreign })).status).toBe(403);
  });

  it.each<[string, string[], string[]]>([
    ['budget', ['The budgets grew.'], ['budgets']],
    ['Budgeting GREW', ['The budgets grew.'], ['budgets', 'grew']],
    ['"the budgets"', ['The budgets grew.'], ['The budgets']],
    ['haus', ['Wir haben viele Häuser gebaut.'], ['Häuser']],
    ['予算', ['今日は予算について話します。'], ['予算']],
    ['été', ['ÉTÉ à la plage.'], ['ÉTÉ']],
    ['budget or haus', ['The budgets grew.', 'Wir haben viele Häuser gebaut.'], ['budgets', 'Häuser']],
    ['budget -grew', [], []],
    ['100%', [], []],
    ['the', ['The budgets grew.'], ['The']],
  ])('finds %s', async (query, texts, marked) => {
    const sys = await completed();
    await using server = await api(sys);
    const { body } = await server.get(`${path}/${sys.id}/search?q=${encodeURIComponent(query)}`);
    expect(body.data.map(({ text }: { text: string }) => text)).toEqual(texts);
    expect(body.pageInfo.total).toBe(texts.length);
    const highlights = body.data.flatMap((one: { highlights: { text: string }[] }) =>
      one.highlights.map(({ text }) => text),
    );
    expect(highlights).toEqual(marked);
    if (query === 'budget') {
      expect(body.data[0]).toMatchObject({
        start: 1,
        end: 2.5,
        speaker: { participantId: 'ada', name: 'Ada' },
        highlights: [{ from: 4, to: 11, start: 1.2, end: 1.6 }],
      });
    }
  });

  it('says where in the text something was found, whatever else stands in it', async () => {
    const sys = await recorded();
    const texts = [
      'Use the <b> tag <!-- twice --> for all budgets, <v Bob>too</v>.',
      'See https://example.com/a?b=1&amp;c or e-mail a.b@example.com about budgets, plans.',
      'Budgets --> 1.5 < 2, \u202ebudgets\u202c and 👩‍👩‍👧 "budgets".',
    ];
    for (const [i, text] of texts.entries()) await sys.transcriptions.heard(sys.id, ADA, said(ADA, 2 * i, text));
    await using server = await api(sys);
    const { body } = await server.get(`${path}/${sys.id}/search?q=budgeting`);
    expect(
      body.data.map(({ highlights }: { highlights: { text: string }[] }) => highlights.map(({ text }) => text)),
    ).toEqual([['budgets'], ['budgets'], ['Budgets', 'budgets']]);
    for (const query of ['"', '((', '&', ':*', '-', 'or or', '%', '\\', "'", '<->', '\u0002', 'a'.repeat(200)]) {
      expect((await server.get(`${path}/${sys.id}/search?q=${encodeURIComponent(query)}`)).status, query).toBe(200);
    }
  });

  it('refuses searches for nothing', async () => {
    const sys = await completed();
    await using server = await api(sys);
    expect((await server.get(`${path}/${sys.id}/search`)).status).toBe(400);
    expect((await server.get(`${path}/${sys.id}/search?q=%20`)).status).toBe(400);
    expect((await server.get(`${path}/nobody/search?q=x`)).status).toBe(404);
  });

  it('does it again while what was recorded is kept', async () => {
    const sys = await completed();
    await using server = await api(sys);
    const { recording } = sys;
    await server.system.recordings.start({ roomId: await server.liveRoom(), config, id: recording.id });
    const again = `/v2/recordings/${recording.id}/transcriptions`;
    const key = { 'idempotency-key': 'once' };
    const body = { engine: 'embedded', language: 'en', summary: { enabled: true } };
    const first = await server.call('POST', again, { body, headers: key });
    expect(first.body).toMatchObject({ status: expect.stringMatching(/queued|running/), recordingId: recording.id });
    expect(first.body.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect((await server.call('POST', again, { body, headers: key })).body.id).toBe(first.body.id);
    await sys.transcriptions.settled();
    expect(sys.works.at(-1)).toMatchObject({ transcriptionId: first.body.id, finished: true, language: 'en' });
    await sys.transcriptions.heard(first.body.id, ADA, said(ADA, 1, 'Otherwise.'));
    await sys.transcriptions.completed(first.body.id, { durationSeconds: 20, engine: 'test/2' });
    await becomes(first.body.id, 'completed');
    const list = await server.get(`${path}?recordingId=${recording.id}`);
    expect(list.body.transcriptions.map(({ engine }: { engine: string }) => engine).toSorted()).toEqual([
      'test/1',
      'test/2',
    ]);
    const shown = await server.get(`/v2/recordings/${recording.id}?withTranscription=true`);
    expect(shown.body.transcription).toMatchObject({ id: sys.id, engine: 'test/1' });
    expect((await server.get(`/v2/recordings/${recording.id}`)).body).not.toHaveProperty('transcription');
    expect((await server.post(again, { engine: 'whisper' })).status).toBe(400);
    expect((await server.post(again, { language: 'x' })).status).toBe(400);
    expect((await server.post('/v2/recordings/nobody/transcriptions', {})).body).toMatchObject({
      code: 'RECORDING_NOT_FOUND',
    });
  });

  it('says why it can not be done again', async () => {
    const erased = await recorded(PLAIN, { journal: async () => null });
    expect(await code(erased.again.transcribe(erased.recording.id, PLAIN))).toBe('RECORDING_NOT_ENDED');
    await stop(erased);
    expect(await code(erased.again.transcribe(erased.recording.id, PLAIN))).toBe('RECORDING_JOURNAL_ERASED');
    const refused = await recorded(PLAIN, { problem: 'The model knows English only.' });
    await stop(refused);
    await expect(refused.again.transcribe(refused.recording.id, PLAIN)).rejects.toThrow(
      '"language": The model knows English only.',
    );
  });
});

describe('live captions', () => {
  const watch = async (sys: Recorded, headers: Record<string, string> = {}, query = '') => {
    const server = await RunningApi.start({}, undefined, undefined, { captions: captionsPort(catalog, sys.captions) });
    server.system.roomList.push(await roomOf(sys));
    const authorization = await tokenFor({ roomId: sys.roomId, roles: ['rtc'] });
    const url = `${server.url}/v2/rooms/${sys.roomId}/captions${query}`;
    return { server, url, authorization, watcher: await CaptionWatcher.open(url, { authorization, ...headers }) };
  };

  it('tell what is said as it is kept, and where a watcher was when he comes back', async () => {
    const sys = await recorded();
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 1, 'Before.'));
    const { server, url, authorization, watcher } = await watch(sys);
    await using _server = server;
    expect(watcher.status).toBe(200);
    await waitFor('the stream', 5_000, () => watcher.events.length > 0);
    expect(watcher.events[0]).toMatchObject({ type: 'state', data: '{"transcribing":true}' });
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 2, 'Now\nand here.'));
    await sys.transcriptions.heard(sys.id, BOB, said(BOB, 2, 'Now\nand here.'));
    await waitFor('a caption', 5_000, () => watcher.captions.length > 0);
    expect(watcher.captions).toMatchObject([{ speakerId: 'bob', name: 'Bob', text: 'Now and here.' }]);
    const last = watcher.captions[0]?.id ?? 0;
    watcher.leave();
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 5, 'Meanwhile.'));
    const back = await CaptionWatcher.open(url, { authorization, 'last-event-id': String(last) });
    await waitFor('what was missed', 5_000, () => back.captions.length > 0);
    expect(back.captions.map(({ text }) => text)).toEqual(['Meanwhile.']);
    const all = await CaptionWatcher.open(`${url}?after=0`, { authorization });
    await waitFor('everything', 5_000, () => all.captions.length === 3);
    sys.captions.begin(sys.media.sessionId);
    await waitFor('the state', 5_000, () => back.events.at(-1)?.type === 'state');
    // The session is over, and the last word is told.
    await endSession(catalog, sys.media.sessionId, new Date());
    await sys.transcriptions.sessionEnded(sys.media.sessionId);
    await sys.transcriptions.heard(sys.id, ADA, said(ADA, 9, 'Goodbye.'));
    await sys.transcriptions.completed(sys.id, { durationSeconds: 20, engine: 'test/1' });
    await Promise.all([back.ended, all.ended]);
    expect(all.captions.map(({ text }) => text)).toEqual(['Before.', 'Now and here.', 'Meanwhile.', 'Goodbye.']);
    expect(all.events.at(-1)?.type).toBe('end');
    const late = await CaptionWatcher.open(url, { authorization });
    expect(late.status).toBe(400);
  });

  it('bring all that was missed, however much it is, and what is said meanwhile', async () => {
    const sys = await recorded();
    const words = Array.from({ length: 60 }, (_, i) => ({ word: `word${i}`, start: i * 0.3, end: i * 0.3 + 0.2 }));
    const text = words.map(({ word }) => word).join(' ');
    const say = (i: number) => sys.transcriptions.heard(sys.id, ADA, said(ADA, i * 20, `${i} ${text}`, { words }));
    for (let i = 0; i < 250; i += 1) await say(i);
    const { server, watcher } = await watch(sys, {}, '?after=0');
    await using _server = server;
    for (let i = 250; i < 260; i += 1) await say(i);
    await waitFor('everything', 20_000, () => watcher.captions.length >= 260);
    expect(watcher.captions.map(({ text: one }) => Number.parseInt(one, 10))).toEqual([...Array(260).keys()]);
    watcher.leave();
  });

  it('end with the server, to be taken up again', async () => {
    const sys = await recorded();
    const { server, watcher } = await watch(sys);
    await waitFor('the stream', 5_000, () => watcher.events.length > 0);
    await server[Symbol.asyncDispose]();
    await watcher.ended;
    expect(watcher.events.map(({ type }) => type)).not.toContain('end');
  });

  it('are for who has a token for the room', async () => {
    const sys = await recorded();
    const { server, url, watcher } = await watch(sys);
    await using _server = server;
    expect((await fetch(url)).status).toBe(401);
    const foreign = await tokenFor({ roomId: 'another' });
    expect((await fetch(url, { headers: { authorization: foreign } })).status).toBe(403);
    const token = await tokenFor({});
    const inQuery = await CaptionWatcher.open(`${url}?token=${token}`, {});
    expect(inQuery.status).toBe(200);
    expect((await fetch(`${url}?after=x`, { headers: { authorization: token } })).status).toBe(400);
    inQuery.leave();
    watcher.leave();
  });
});

const tokenFor = (claims: Record<string, unknown>): Promise<string> => signToken(CREDENTIALS, claims);

const roomOf = async (sys: Recorded) => ({
  id: 'room',
  roomId: sys.roomId,
  customRoomId: null,
  disabled: false,
  createdAt: new Date(),
  updatedAt: new Date(),
});
