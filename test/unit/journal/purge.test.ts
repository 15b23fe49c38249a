/** Taking one participant out of a journal: what goes, what stays, and that every chunk reads as before otherwise. */
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StreamInfo } from '../../../src/domain/events.ts';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import { readIndex } from '../../../src/journal/chunk-ends.ts';
import { encodeIndex, FLAG_KEYFRAME } from '../../../src/journal/format.ts';
import { PURGED_NAME, purgeParticipant } from '../../../src/journal/purge.ts';
import { RECORD_TYPE } from '../../../src/journal/record.ts';
import { deleteJournal } from '../../../src/journal/retention.ts';
import { scanJournal } from '../../../src/journal/scan.ts';
import {
  chunkHeader,
  encoded,
  RECORDING,
  randomNumbers,
  readAll,
  recordingStarted,
  snapshotOf,
  temporaryFolder,
  writeChunk,
} from './fixtures.ts';

const ADA = 'ada' as ParticipantId;
const BOB = 'bob' as ParticipantId;
const ALWAYS = [{ fromNs: 0, toNs: null }];
const SECRET = 'what Ada said';

const streamOf = (stream: number, participantId: ParticipantId): StreamInfo => ({
  stream,
  trackId: `${participantId}-track`.padEnd(24, '0') as TrackId,
  participantId,
  source: 'microphone',
  ssrc: stream,
  payloadType: 111,
  codec: 'opus',
  clockRate: 48_000,
  fmtp: '',
  rid: null,
  clockDomain: participantId,
  extensions: {},
});
const info = (participantId: ParticipantId, name: string) => ({ participantId, name, hidden: false });
const known = (stream: number, participantId: ParticipantId) => ({
  ...streamOf(stream, participantId),
  extendedSequence: null,
  lastSenderReport: null,
});

/** Ten packets of each of both a second of 1 to 10 ms, a report, and somebody's second stream that is opened in the middle. */
const recordsOf = (chunk: number): Buffer[] => {
  const at = (ms: number): number => chunk * 1e9 + ms * 1e6;
  const media = Array.from({ length: 10 }, (_, i) => [
    encoded(RECORD_TYPE.rtp, at(i), Buffer.from(`${SECRET} ${i}`), 1, i === 0 ? FLAG_KEYFRAME : 0),
    encoded(RECORD_TYPE.rtp, at(i), Buffer.from(`what Bob said ${i}`), 2, i === 5 ? FLAG_KEYFRAME : 0),
  ]).flat();
  return [
    encoded(RECORD_TYPE.snapshot, at(0), {
      ...snapshotOf(chunk, { participants: [info(ADA, 'Ada Lovelace'), info(BOB, 'Bob')] }),
      streams: [known(1, ADA), known(2, BOB)],
    }),
    encoded(RECORD_TYPE.event, at(0), { type: 'participant-joined', participant: info(ADA, 'Ada Lovelace') }),
    ...media,
    encoded(RECORD_TYPE.senderReport, at(10), Buffer.from(SECRET.padEnd(28)), 1),
    encoded(RECORD_TYPE.event, at(11), { type: 'stream-opened', stream: streamOf(3, ADA) }),
    encoded(RECORD_TYPE.rtp, at(12), Buffer.from(SECRET), 3),
    encoded(RECORD_TYPE.tick, at(13)),
    encoded(RECORD_TYPE.event, at(14), recordingStarted(at(14))),
  ];
};

/** A chunk with an index that points where it should. */
const chunkOf = (chunk: number): Buffer => {
  const records = recordsOf(chunk);
  const offsets: number[] = [];
  let at = 16;
  for (const record of records) {
    offsets.push(at);
    at += record.length;
  }
  const index = {
    firstNs: chunk * 1e9,
    lastNs: chunk * 1e9 + 14e6,
    records: records.length,
    landmarks: [offsets.at(-1) ?? 0],
    streams: [
      { stream: 1, packets: 10, keyframes: [offsets[2] ?? 0] },
      { stream: 2, packets: 10, keyframes: [offsets[13] ?? 0] },
      { stream: 3, packets: 1, keyframes: [] },
    ],
  };
  const last = encoded(RECORD_TYPE.index, index.lastNs, encodeIndex(index));
  return Buffer.concat([chunkHeader(chunk), ...records, last]);
};

const journalOf = async (chunks: number): Promise<string> => {
  const directory = await temporaryFolder();
  for (let chunk = 1; chunk <= chunks; chunk++) await writeChunk(directory, chunk, chunkOf(chunk));
  return directory;
};
const packetsOf = async (directory: string): Promise<Record<number, number>> => {
  const counts: Record<number, number> = {};
  for (const record of (await readAll(directory)).records) {
    if (record.type === 'rtp' || record.type === 'sender-report')
      counts[record.stream] = (counts[record.stream] ?? 0) + 1;
  }
  return counts;
};
const bytesOf = async (directory: string): Promise<string> => {
  const files = (await readdir(directory)).map((name) => readFile(join(directory, name), 'latin1'));
  return (await Promise.all(files)).join('\n');
};

test('packets, reports and name of one participant go; everything else stays, and is found by the index', async () => {
  const directory = await journalOf(3);
  await chmod(join(directory, '00000001.rtj'), 0o640);
  const outcome = await purgeParticipant(directory, { participantId: ADA, remove: ALWAYS, keep: [] });
  expect(outcome).toMatchObject({ chunks: 3, packets: 36, unfinished: false });
  expect(await packetsOf(directory)).toEqual({ 2: 30 });
  const text = await bytesOf(directory);
  for (const gone of [SECRET, 'Lovelace']) expect(text).not.toContain(gone);
  const { records, problems } = await readAll(directory);
  expect(problems).toEqual([]);
  expect(records.filter(({ type }) => type === 'tick')).toHaveLength(3);
  expect(JSON.stringify(records)).toContain(PURGED_NAME);
  const found = await readIndex(directory, 2);
  expect(found?.landmarks).toMatchObject([{ type: 'event', event: { type: 'recording-started' } }]);
  expect(found?.index.streams).toEqual([{ stream: 2, packets: 10, keyframes: [expect.any(Number)] }]);
  expect((await scanJournal(directory))?.recordings.map(({ recordingId }) => recordingId)).toEqual([RECORDING]);
  expect((await stat(join(directory, '00000001.rtj'))).mode & 0o777).toBe(0o640);
  expect((await readdir(directory)).filter((name) => !name.endsWith('.rtj'))).toEqual([]);
  // Again there is nothing to do.
  expect(await purgeParticipant(directory, { participantId: ADA, remove: ALWAYS, keep: [] })).toEqual({
    chunks: 0,
    packets: 0,
    bytes: 0,
    unfinished: false,
  });
});

test('what others need stays, the name with it', async () => {
  const directory = await journalOf(3);
  const keep = [{ fromNs: 2e9, toNs: 2e9 + 999e6 }];
  const remove = [{ fromNs: 1e9 + 5e6, toNs: null }];
  expect(await purgeParticipant(directory, { participantId: ADA, remove, keep })).toMatchObject({
    chunks: 2,
    packets: 19,
  });
  expect(await packetsOf(directory)).toEqual({ 1: 5 + 11, 2: 30, 3: 1 });
  expect(await bytesOf(directory)).toContain('Lovelace');
});

test('of the texts that were shown those that he said go', async () => {
  const directory = await temporaryFolder();
  const said = (participantId: ParticipantId, text: string, ms: number) =>
    encoded(RECORD_TYPE.event, 1e9 + ms * 1e6, { type: 'text-shown', participantId, topic: 'ticker', text });
  const texts = [said(ADA, 'kept by Ada', 1), said(ADA, SECRET, 5), said(BOB, 'told by Bob', 6)];
  const snapshot = encoded(RECORD_TYPE.snapshot, 1e9, { ...snapshotOf(1), streams: [] });
  await writeChunk(directory, 1, Buffer.concat([chunkHeader(1), snapshot, ...texts]));
  const order = { participantId: ADA, remove: ALWAYS, keep: [{ fromNs: 1e9, toNs: 1e9 + 2e6 }] };
  expect(await purgeParticipant(directory, order)).toMatchObject({ chunks: 1, packets: 1 });
  const text = await bytesOf(directory);
  expect(text).not.toContain(SECRET);
  for (const kept of ['kept by Ada', 'told by Bob']) expect(text).toContain(kept);
});

test('a chunk that is being written is waited for', async () => {
  const directory = await journalOf(1);
  await writeChunk(directory, 2, chunkOf(2), 'open');
  const order = { participantId: ADA, remove: ALWAYS, keep: [] };
  expect(await purgeParticipant(directory, order)).toMatchObject({ chunks: 0, unfinished: true });
  // One that began when all was over has nothing of it.
  const earlier = { ...order, remove: [{ fromNs: 0, toNs: 1.9e9 }] };
  expect(await purgeParticipant(directory, earlier)).toMatchObject({ chunks: 1, unfinished: false });
  await deleteJournal(directory);
});

test('of damage nothing is kept, and what was cut off is done again', async () => {
  const whole = chunkOf(1);
  const random = randomNumbers(7);
  for (let round = 0; round < 60; round++) {
    const directory = await temporaryFolder();
    const damaged = Buffer.from(whole);
    const place = Math.floor(random() * damaged.length);
    if (round % 2 === 0) damaged.writeUInt8((damaged[place] ?? 0) ^ (1 + Math.floor(random() * 255)), place);
    const cut = round % 3 === 0 ? damaged.subarray(0, Math.floor(random() * damaged.length)) : damaged;
    await writeChunk(directory, 1, cut);
    await writeFile(join(directory, '00000001.rtj.x.purge'), whole);
    const isKnown = (await bytesOf(directory)).includes('"bob"');
    const before = await packetsOf(directory);
    await purgeParticipant(directory, { participantId: ADA, remove: ALWAYS, keep: [] });
    const after = await packetsOf(directory);
    expect([round, await bytesOf(directory)]).toEqual([round, expect.not.stringContaining(SECRET)]);
    expect([round, after[1], after[3]]).toEqual([round, undefined, undefined]);
    // Where nothing tells any more whose streams are whose, all may be hers.
    if (isKnown && after[2] !== undefined) expect([round, after[2]]).toEqual([round, before[2]]);
    expect((await readdir(directory)).every((name) => name.endsWith('.rtj'))).toBe(true);
  }
});

test('a journal that is gone has nothing to take out', async () => {
  const directory = join(await temporaryFolder(), 'gone');
  expect(await purgeParticipant(directory, { participantId: ADA, remove: ALWAYS, keep: [] })).toMatchObject({
    chunks: 0,
  });
});
