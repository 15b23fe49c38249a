/** Files of transcripts as programs that are not ours read them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseText } from 'media-captions';
import { Demuxer } from 'node-av/api';
import { parse as parseSubtitles } from 'subsrt-ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebVTTParser } from 'webvtt-parser';
import type { Transcript, Utterance } from '../../../../src/domain/transcript.ts';
import { TRANSCRIPT_FORMATS } from '../../../../src/domain/transcription.ts';
import { writeTranscript } from '../../../../src/transcription/files/transcript-files.ts';

const said = (speakerId: string, start: number, end: number, text: string): Utterance => ({
  start,
  end,
  speakerId,
  text,
  language: null,
  words: null,
});
const speaker = (id: string, name: string) => ({ id, participantId: id, kind: 'microphone', name }) as const;

const HOSTILE = '<script>alert(1)</script> --> 5 < 6 && {\\an8} &amp; \u202egnirts\n\n00:00:01.000 --> 00:00:02.000';
const transcript: Transcript = {
  language: 'en',
  durationSeconds: 3700,
  engine: 'test/1',
  speakers: [
    speaker('ada', 'Ada & <b>Co</b>'),
    speaker('dov', 'דב'),
    speaker('yuki', '雪'),
    speaker('tab', 'Tab\tand\nline > 1'),
  ],
  utterances: [
    { ...said('ada', 0.1234, 2.5, 'Hello, everybody.'), words: [{ word: 'Hello,', start: 0.12, end: 0.5 }] },
    said('dov', 1, 3, 'שלום לכולם, מה שלומכם?'),
    said(
      'yuki',
      3,
      12,
      '今日は新しい録画サービスと公開日について話します。質問はありますか？まず予算から始めて、それから計画に進みましょう。',
    ),
    said('tab', 12, 12, HOSTILE),
    said('ada', 3661.5, 3663, 'مرحبا 👋🏽 and goodbye.'),
  ],
};
const EMPTY: Transcript = { language: null, durationSeconds: 10, engine: 'test/1', speakers: [], utterances: [] };
/** Without what differs between formats: white space, and marks that no file may keep. */
const bare = (text: string): string => text.replace(/[\s\u202e]/g, '');

const decoded = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transcript-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What FFmpeg finds: packets with their times in ms. */
const demuxed = async (format: 'srt' | 'vtt'): Promise<{ from: number; to: number; text: string }[]> => {
  const path = join(folder, `it.${format}`);
  await writeFile(path, writeTranscript(transcript, format));
  await using input = await Demuxer.open(path);
  const found: { from: number; to: number; text: string }[] = [];
  for await (const packet of input.packets()) {
    if (!packet) continue;
    const { data, pts, duration } = packet;
    found.push({ from: Number(pts), to: Number(pts) + Number(duration), text: data?.toString('utf8') ?? '' });
    packet.free();
  }
  return found;
};

describe('WebVTT', () => {
  it('is valid to a parser by the specification, with every word under its speaker', () => {
    const { cues, errors } = new WebVTTParser().parse(writeTranscript(transcript, 'vtt'));
    expect(errors).toEqual([]);
    const spoken = cues.map(({ startTime, tree }) => {
      const [voice] = tree.children;
      return { startTime, name: voice?.value, text: (voice?.children ?? []).map(({ value }) => value).join('') };
    });
    // Its annotations keep their escapes, which a browser resolves (WebVTT §6.4).
    const names = spoken.map(({ name }) => decoded(name ?? ''));
    expect(new Set(names)).toEqual(new Set(['Ada & <b>Co</b>', 'דב', '雪', 'Tab and line > 1']));
    const of = (name: string): string =>
      bare(spoken.flatMap((cue, i) => (names[i] === name ? [cue.text] : [])).join(''));
    expect(of('Ada & <b>Co</b>')).toBe(bare('Hello, everybody.مرحبا 👋🏽 and goodbye.'));
    expect(of('דב')).toBe(bare(transcript.utterances[1]?.text ?? ''));
    expect(of('雪')).toBe(bare(transcript.utterances[2]?.text ?? ''));
    expect(spoken.map(({ startTime }) => startTime)).toEqual(
      spoken.map(({ startTime }) => startTime).toSorted((a, b) => a - b),
    );
  });

  it('is read by a player, overlaps and all', async () => {
    const { cues, errors } = await parseText(writeTranscript(transcript, 'vtt'), { strict: true });
    expect(errors).toEqual([]);
    expect(cues[0]).toMatchObject({ startTime: 0.123, endTime: 2.5 });
    expect(cues[1]).toMatchObject({ startTime: 1, endTime: 3 });
    expect(cues.at(-1)).toMatchObject({ startTime: 3661.5, endTime: 3663 });
    for (const cue of cues) expect(cue.endTime).toBeGreaterThan(cue.startTime);
    const hostile = cues.filter(({ text }) => text.startsWith('<v Tab and line &gt; 1>'));
    expect(bare(hostile.map(({ text }) => decoded(text.replace(/<[^>]*>/g, ''))).join(''))).toBe(bare(HOSTILE));
  });

  it("is taken apart by FFmpeg's demuxer", async () => {
    const { cues } = await parseText(writeTranscript(transcript, 'vtt'));
    const found = await demuxed('vtt');
    expect(found.map(({ from, to }) => [from, to])).toEqual(
      cues.map(({ startTime, endTime }) => [Math.round(startTime * 1000), Math.round(endTime * 1000)]),
    );
  });
});

describe('SubRip', () => {
  it('says the same to three parsers', async () => {
    const text = writeTranscript(transcript, 'srt');
    const player = await parseText(text, { type: 'srt', strict: true });
    expect(player.errors).toEqual([]);
    const times = player.cues.map(({ startTime, endTime }) => [
      Math.round(startTime * 1000),
      Math.round(endTime * 1000),
    ]);
    const captions = parseSubtitles(text, { format: 'srt' }).flatMap((one) => (one.type === 'caption' ? [one] : []));
    expect(captions.map(({ start, end }) => [start, end])).toEqual(times);
    const found = await demuxed('srt');
    expect(found.map(({ from, to }) => [from, to])).toEqual(times);
    expect(bare(found.map(({ text: part }) => part).join(''))).toContain(bare('שלום לכולם, מה שלומכם?'));
    // No markup, and nothing that begins a cue of its own.
    expect(text).not.toMatch(/[<{]/);
    expect(captions.at(-1)?.text.trim()).toBe('Ada & ‹b›Co‹/b›: مرحبا 👋🏽 and goodbye.');
  });
});

it('TSV has a line an utterance, as Whisper writes it, and the speaker', () => {
  const [head, ...lines] = writeTranscript(transcript, 'tsv').trimEnd().split('\n');
  expect(head).toBe('start\tend\ttext\tspeaker');
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(line.split('\t')).toHaveLength(4);
  expect(lines[0]).toBe('123\t2500\tHello, everybody.\tAda & <b>Co</b>');
});

it('plain text has paragraphs with speaker and time', () => {
  const text = writeTranscript(transcript, 'txt');
  expect(text.split('\n\n')[0]).toBe('[00:00:00] Ada & <b>Co</b>\nHello, everybody.');
  expect(text).toContain('[01:01:01] Ada & <b>Co</b>\nمرحبا 👋🏽 and goodbye.');
  const goingOn = {
    ...transcript,
    utterances: [said('ada', 0, 1, 'One.'), said('ada', 1.5, 2, 'Two.'), said('ada', 30, 31, 'Three.')],
  };
  expect(writeTranscript(goingOn, 'txt')).toBe(
    '[00:00:00] Ada & <b>Co</b>\nOne. Two.\n\n[00:00:30] Ada & <b>Co</b>\nThree.\n',
  );
});

it("JSON has Whisper's shape, and a speaker for each segment", () => {
  const file = JSON.parse(writeTranscript(transcript, 'json'));
  expect(Object.keys(file)).toEqual(expect.arrayContaining(['text', 'segments', 'language']));
  expect(file.text).toContain('Hello, everybody. שלום');
  expect(file.segments[0]).toEqual({
    id: 0,
    start: 0.123,
    end: 2.5,
    text: 'Hello, everybody.',
    speaker: 'Ada & <b>Co</b>',
    speakerId: 'ada',
    language: null,
    words: [{ word: 'Hello,', start: 0.12, end: 0.5 }],
  });
  expect(file.segments[1]).not.toHaveProperty('words');
  expect(file.segments.map(({ id }: { id: number }) => id)).toEqual([0, 1, 2, 3, 4]);
});

it.each(TRANSCRIPT_FORMATS)('%s of a recording in which nobody spoke is valid and not empty', async (format) => {
  const text = writeTranscript(EMPTY, format);
  expect(text.length).toBeGreaterThan(0);
  if (format === 'json') expect(JSON.parse(text)).toMatchObject({ text: '', segments: [], language: null });
  if (format === 'vtt' || format === 'srt') {
    expect(await parseText(text, { type: format, strict: true })).toMatchObject({ cues: [], errors: [] });
  }
  if (format === 'vtt') expect(new WebVTTParser().parse(text)).toMatchObject({ cues: [], errors: [] });
});
