import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseText } from 'media-captions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveTrack } from '../../src/synthetic/encoded-track.ts';
import { Publisher } from '../../src/synthetic/publisher.ts';
import { CaptionWatcher } from '../support/caption-watcher.ts';
import { journalOf, secondsOf } from '../support/journal-facts.ts';
import { Service } from '../support/service.ts';
import { speechModels, TEST_MODEL_DIR } from '../support/speech-models.ts';
import { judge, type SpeakerName, type Turn } from '../support/spoken.ts';
import { type TalkingAtOnce, talkingAtOnce } from '../support/talking-at-once.ts';
import { waitFor } from '../support/wait-for.ts';

/** While nobody speaks the recording is paused. Seconds from when they began to be silent. */
const PAUSE = { from: 0.6, to: 2.2 };

interface TranscriptAnswer {
  readonly id: string;
  readonly status: string;
  readonly failureReason: string | null;
  readonly language: string;
  readonly transcriptionFilePaths: Record<string, string>;
  readonly summarizedFilePaths: Record<string, string>;
  readonly summary: { readonly method: string; readonly promptApplied: boolean };
}

/** Two people talk, and lose two packets of a hundred; the whole product writes down what they say, by its own engine. */
describe('a transcript', () => {
  let service: Service;
  let folder: string;
  let bucket: string;
  let talk: TalkingAtOnce;
  const people: Publisher[] = [];
  beforeAll(async () => {
    await speechModels();
    talk = await talkingAtOnce('festival');
    folder = await mkdtemp(join(tmpdir(), 'spoken-'));
    bucket = join(folder, 'bucket');
    await mkdir(bucket);
    service = await Service.start({ ROOMTAPE_MODEL_DIR: TEST_MODEL_DIR, ROOMTAPE_BUCKET_DIR: bucket });
  });
  afterAll(async () => {
    await Promise.all(people.map((person) => person.leave()));
    await service.close();
    await rm(folder, { recursive: true });
  });

  const joins = async (roomId: string, who: SpeakerName, index: number, epochNs: bigint): Promise<void> => {
    const microphone = join(folder, who);
    await saveTrack(microphone, talk.tracks[who]);
    const publisher = await Publisher.join({
      url: service.url,
      roomId,
      token: await service.participantToken(roomId, { participantId: who, name: who.toUpperCase() }),
      name: who,
      via: 'room',
      turn: { index, of: 2 },
      epochNs,
      wallOffsetMs: 0,
      camera: [],
      microphone,
      firstFrame: 'keyframe',
      impairment: { loss: 0.02, delayMs: 5, jitterMs: 10, seed: index + 11 },
      detour: null,
      onMark: () => undefined,
      onLost: (reason) => expect.fail(`${who} was lost: ${reason}`),
    });
    people.push(publisher);
  };

  it('says who said what and when, though they speak at once and the recording was paused', async () => {
    const roomId = await service.api.createRoom();
    const epochNs = process.hrtime.bigint() + 4_000_000_000n;
    const until = async (seconds: number): Promise<void> => {
      await delay(Math.max(0, Number(epochNs - process.hrtime.bigint()) / 1e6 + seconds * 1000));
    };
    await joins(roomId, 'alice', 0, epochNs);
    await joins(roomId, 'bob', 1, epochNs);
    const captions = await CaptionWatcher.open(`${service.url}/v2/rooms/${roomId}/captions?after=0`, {
      authorization: await service.participantToken(roomId, { roles: ['rtc'] }),
    });
    const transcription = { enabled: true, summary: { enabled: true, prompt: 'Be short.' } };
    const asked = { transcription, awsDirPath: '/meetings/' };
    const started = await service.api.call('POST', '/v2/recordings/start', { roomId, ...asked });
    expect(started.status).toBe(200);
    const recordingId = started.headers.get('x-recording-id') ?? '';
    await until(talk.restsAt + PAUSE.from);
    await service.api.changeRecording(recordingId, 'POST', '/pause');
    await until(talk.restsAt + PAUSE.to);
    await service.api.changeRecording(recordingId, 'POST', '/resume');
    await until(talk.seconds);
    expect((await service.api.call('POST', '/v2/recordings/end', { roomId })).status).toBe(200);
    const done = await waitFor('the transcript', 60_000, async () => {
      const answer = await service.api.call('GET', `/ai/v1/post-transcriptions/?roomId=${roomId}`);
      const [found] = ((await answer.json()) as { transcriptions: TranscriptAnswer[] }).transcriptions;
      if (found?.status === 'failed') throw new Error(`The transcription failed: ${found.failureReason}`);
      return found?.status === 'completed' ? found : null;
    });
    await Promise.all(people.splice(0).map((person) => person.leave()));

    const file = (await (await fetch(done.transcriptionFilePaths.json ?? '')).json()) as {
      segments: { start: number; end: number; text: string; speaker: string; speakerId: string }[];
    };
    const journal = await journalOf(service.journals, recordingId);
    const at = (seconds: number): number => secondsOf(journal, epochNs + BigInt(Math.round(seconds * 1e9)));
    const said = talk.turns.map((turn): Turn => ({ ...turn, start: at(turn.start), end: at(turn.end) }));
    const utterances = file.segments.map((segment) => ({ ...segment, language: 'en', words: null }));
    const { wordErrorRate, misplaced, missed, startsLate } = judge(said, utterances, 0);
    const text = file.segments.map(({ start, end, speaker, text: words }) => `${start}–${end} ${speaker}: ${words}`);
    expect(wordErrorRate, text.join('\n')).toBeLessThanOrEqual(0.08);
    expect(misplaced).toEqual([]);
    expect(missed).toEqual([]);
    for (const late of startsLate) expect(Math.abs(late), text.join('\n')).toBeLessThanOrEqual(0.4);
    const [first, second] = [said[0], said[1]];
    expect(second?.start).toBeLessThan(first?.end ?? 0);
    expect(done).toMatchObject({ language: 'en', summary: { method: 'extractive', promptApplied: false } });

    const vtt = await parseText(await (await fetch(done.transcriptionFilePaths.vtt ?? '')).text(), { strict: true });
    expect(vtt.errors).toEqual([]);
    expect(new Set(vtt.cues.map((cue) => /^<v ([^>]+)>/.exec(cue.text)?.[1]))).toEqual(new Set(['ALICE', 'BOB']));
    const overlaps = vtt.cues.some((a) =>
      vtt.cues.some((b) => a !== b && a.startTime < b.endTime && b.startTime < a.endTime),
    );
    expect(overlaps).toBe(true);
    expect(await (await fetch(done.summarizedFilePaths.txt ?? '')).text()).not.toBe('');

    const found = await service.api.call('GET', `/ai/v1/post-transcriptions/${done.id}/search?q=uploads`);
    expect(await found.json()).toMatchObject({ data: [{ speaker: { participantId: 'bob' } }] });
    await captions.ended;
    expect(captions.captions.map(({ text: words }) => words).toSorted()).toEqual(
      file.segments.map(({ text: words }) => words).toSorted(),
    );
    expect(captions.events.at(-1)?.type).toBe('end');
    await service.api.finished(recordingId);
    const endings = [
      '.mp4',
      '-summary.json',
      '-summary.txt',
      ...['json', 'srt', 'tsv', 'txt', 'vtt'].map((ending) => `-transcript.${ending}`),
    ];
    const delivered = endings.map((ending) => `${recordingId}${ending}`).toSorted();
    await waitFor('all files to be delivered', 30_000, async () => {
      const there: string[] = await readdir(join(bucket, 'meetings')).catch(() => []);
      return delivered.every((name) => there.includes(name));
    });
  });
});
