import { describe, expect, it } from 'vitest';
import { GAP_WAIT_NS, Reorder, START_WAIT_NS } from '../../../src/timeline/reorder.ts';
import { MS } from './support/session.ts';

/** Pushes `[sequence, arrival in ms]` and tells what came out: sequence numbers, and `-n` for n lost. */
const run = (packets: readonly (readonly [number, number])[], highest: number | null = null) => {
  const out: number[] = [];
  const reorder = new Reorder(
    { packet: ({ sequence }) => out.push(sequence), lost: (count) => out.push(-count) },
    highest,
  );
  const push = ([sequence, ms]: readonly [number, number]): void => {
    reorder.expire(ms * MS);
    const payload = Buffer.from([sequence & 0xff]);
    reorder.push({ sequence, timestamp: 0, marker: false, payloadType: 96, payload, colour: null }, ms * MS);
    payload.fill(0);
  };
  packets.forEach(push);
  return { out, reorder, push };
};

const AFTER = START_WAIT_NS / MS;

describe('Reorder', () => {
  it('gathers the first packets before it decides which is the first', () => {
    const { out, reorder } = run([
      [7, 0],
      [5, 10],
      [6, 20],
    ]);
    expect(out).toEqual([]);
    reorder.expire(START_WAIT_NS);
    expect(out).toEqual([5, 6, 7]);
  });

  it('puts packets in order across the wrap, and drops duplicates', () => {
    const { out, reorder } = run([
      [65_534, 0],
      [65_535, AFTER],
      [1, AFTER + 1],
      [65_535, AFTER + 2],
      [0, AFTER + 3],
      [1, AFTER + 4],
    ]);
    expect(out).toEqual([65_534, 65_535, 0, 1]);
    expect(reorder.late).toBe(2);
  });

  it('waits for a gap in journal time, then tells the loss', () => {
    const { out, reorder } = run([
      [1, 0],
      [2, AFTER],
      [5, 200],
      [8, 700],
    ]);
    expect(out).toEqual([1, 2]);
    expect(reorder.waiting).toBe(true);
    reorder.expire(200 * MS + GAP_WAIT_NS - 1);
    expect(out).toEqual([1, 2]);
    reorder.expire(200 * MS + GAP_WAIT_NS);
    expect(out).toEqual([1, 2, -2, 5]);
    reorder.expire(700 * MS + GAP_WAIT_NS);
    expect(out).toEqual([1, 2, -2, 5, -2, 8]);
    expect(reorder.waiting).toBe(false);
    expect(reorder.deadlineNs).toBe(Number.POSITIVE_INFINITY);
  });

  it('takes a retransmission within the wait, and none after', () => {
    const { out, push } = run([
      [1, 0],
      [2, AFTER],
      [4, 200],
      [3, 3600],
      [6, 3700],
    ]);
    expect(out).toEqual([1, 2, 3, 4]);
    push([7, 7201]);
    push([5, 7202]);
    expect(out).toEqual([1, 2, 3, 4, -1, 6, 7]);
  });

  it('goes on where a snapshot left off, cycles included', () => {
    const { out, reorder } = run(
      [
        [1, 0],
        [65_535, 5],
        [0, 10],
      ],
      2 * 65_536 - 2,
    );
    reorder.expire(START_WAIT_NS);
    expect(out).toEqual([65_535, 0, 1]);
  });

  it('waits for nothing that came before the snapshot, though some of it is sent again', () => {
    const { out, reorder } = run(
      [
        [96, 0],
        [103, 5],
        [102, 10],
      ],
      100,
    );
    reorder.expire(5 * MS + START_WAIT_NS);
    expect(out).toEqual([102, 103]);
    expect(reorder.waiting).toBe(false);
  });

  it('believes a sender that begins anew after two packets in a row', () => {
    const { out } = run([
      [100, 0],
      [101, AFTER],
      [40_000, 200],
      [102, 210],
      [30_000, 220],
      [30_001, 230],
      [30_002, 240],
    ]);
    expect(out).toEqual([100, 101, 102, -1, 30_000, 30_001, 30_002]);
  });

  it('gives a gap up early when too much waits behind it', () => {
    const { out, reorder, push } = run([
      [0, 0],
      [1, AFTER],
    ]);
    for (let i = 0; i < 5000; i += 1) push([3 + i, AFTER + 1]);
    expect(out.slice(0, 4)).toEqual([0, 1, -1, 3]);
    expect(reorder.waiting).toBe(false);
  });

  it('releases everything at the end', () => {
    const { out, reorder } = run([
      [1, 0],
      [3, 5],
      [6, 6],
    ]);
    reorder.flush();
    expect(out).toEqual([1, -1, 3, -2, 6]);
    reorder.flush();
    expect(out).toHaveLength(5);
  });
});
