/** Writer and reader in different processes, which is how they are used: only the files are between them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readJournal } from '../../../src/journal/reader.ts';
import { sealAbandonedJournals } from '../../../src/journal/resume.ts';
import { readAll, SESSION, silentLog, temporaryFolder, until } from '../../unit/journal/fixtures.ts';

const startWriter = (root: string, seconds: number) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer-process.ts'), root, String(seconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const handedOver: { packets: number; atNs: bigint }[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [packets, at] = line.split(' ');
      handedOver.push({ packets: Number(packets), atNs: BigInt(at ?? 0) });
    }
  });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, handedOver, ended };
};

it('kill -9 of the writer loses at most the last second, and what is left is whole', async () => {
  const root = await temporaryFolder();
  const { child, handedOver, ended } = startWriter(root, 60);
  await until('two chunks and a half', () => handedOver.length > 260);
  child.kill('SIGKILL');
  await ended;
  const last = handedOver.at(-1);
  const mustBeThere = handedOver.filter(({ atNs }) => atNs < (last?.atNs ?? 0n) - 1_000_000_000n).at(-1)?.packets ?? 0;
  for (const sealFirst of [false, true]) {
    if (sealFirst) expect(await sealAbandonedJournals(root, silentLog)).toEqual([SESSION]);
    const { records } = await readAll(join(root, SESSION));
    const sequence = records.flatMap((record) => (record.type === 'rtp' ? [record.payload.readUInt32BE(0)] : []));
    expect(sequence).toEqual(sequence.map((_, position) => position));
    expect(sequence.length).toBeGreaterThanOrEqual(mustBeThere);
    expect(mustBeThere).toBeGreaterThan(0);
  }
  expect((await readAll(join(root, SESSION))).problems).toEqual([]);
});

it('a reader in another process follows chunk after chunk and misses nothing', async () => {
  const root = await temporaryFolder();
  const { handedOver, ended } = startWriter(root, 1.5);
  let gone = false;
  void ended.then(() => {
    gone = true;
  });
  const sequence: number[] = [];
  const chunks = new Set<number>();
  for await (const { chunk, records, problems } of readJournal(join(root, SESSION), {
    follow: true,
    ended: () => gone,
  })) {
    expect(problems).toEqual([]);
    chunks.add(chunk);
    for (const record of records) if (record.type === 'rtp') sequence.push(record.payload.readUInt32BE(0));
  }
  expect(chunks.size).toBeGreaterThan(2);
  expect(sequence).toEqual(sequence.map((_, position) => position));
  expect(sequence.length).toBe(handedOver.at(-1)?.packets);
});
