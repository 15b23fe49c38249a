import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { DurableEvent } from '../../../src/rooms/control.ts';
import { DurableOutbox } from '../../../src/rooms/durable-outbox.ts';
import { KeyframePlan } from '../../../src/rooms/keyframe-plan.ts';
import { type KeptMessage, MessageBoard } from '../../../src/rooms/message-board.ts';
import { RateLimit } from '../../../src/rooms/rate-limit.ts';
import { RateLimitedLog } from '../../../src/support/log.ts';

const message = (topic: string, payload: string): KeptMessage => ({ topic, payload, participantId: 'ada', at: '' });

describe('the message board', () => {
  test('keeps the newest hundred of each topic', () => {
    const board = new MessageBoard();
    for (let n = 1; n <= 130; n++) board.keep(message('chat', String(n)));
    board.keep(message('other', 'x'));
    const chat = board.all().filter((kept) => kept.topic === 'chat');
    expect(chat).toHaveLength(100);
    expect(chat[0]?.payload).toBe('31');
    expect(chat.at(-1)?.payload).toBe('130');
    expect(board.all()).toHaveLength(101);
  });

  test('is bounded in topics and in size, and gives up the quietest first', () => {
    const board = new MessageBoard();
    for (let n = 0; n < 100; n++) board.keep(message(`topic ${n}`, 'x'));
    expect(board.all().map((kept) => kept.topic)).toEqual(Array.from({ length: 64 }, (_, n) => `topic ${n + 36}`));
    for (let n = 0; n < 64; n++) board.keep(message('large', 'y'.repeat(16_384)));
    const characters = board.all().reduce((sum, kept) => sum + kept.payload.length, 0);
    expect(characters).toBeLessThanOrEqual(512 * 1024);
    expect(board.all().at(-1)?.topic).toBe('large');
  });
});

describe('a rate limit', () => {
  test('lets a burst through, then its rate', () => {
    const limit = new RateLimit(20, 20, 0);
    const taken = (nowMs: number): number => {
      let count = 0;
      while (limit.take(nowMs)) count += 1;
      return count;
    };
    expect(taken(0)).toBe(20);
    expect(taken(500)).toBe(10);
    expect(taken(60_000)).toBe(20);
  });
});

describe('the keyframe plan', () => {
  const sources = (count: number) =>
    Array.from({ length: count }, () => {
      const source = {
        asked: 0,
        requestKeyframe: () => {
          source.asked += 1;
        },
      };
      return source;
    });
  const asked = (list: { asked: number }[]): number => list.reduce((sum, source) => sum + source.asked, 0);

  test('spreads requests over a second', () => {
    const plan = new KeyframePlan();
    const all = sources(10);
    plan.spread(all, 0);
    plan.tick(0);
    expect(asked(all)).toBe(1);
    plan.tick(450);
    expect(asked(all)).toBe(5);
    plan.tick(1000);
    expect(all.every((source) => source.asked === 1)).toBe(true);
  });

  test('does not begin anew while it is being carried out, nor ask what is gone', () => {
    const plan = new KeyframePlan();
    const all = sources(4);
    plan.spread(all, 0);
    plan.tick(0);
    plan.spread(all, 100);
    const [, gone] = all;
    if (gone) plan.forget(gone);
    plan.tick(5000);
    expect(all.map((source) => source.asked)).toEqual([1, 0, 1, 1]);
  });
});

describe('the durable outbox', () => {
  const left = (participantId: string): DurableEvent => ({
    type: 'participant-left',
    sessionId: 's',
    roomId: 'r',
    participantId,
    atMs: 0,
    reason: 'left',
  });
  const stopped: DurableEvent = {
    type: 'recording-stopped',
    recordingId: 'x',
    sessionId: 's',
    roomId: 'r',
    stoppedNs: 0,
    stoppedAtMs: 0,
    reason: 'requested',
  };
  const outbox = (most?: number) => new DurableOutbox(new RateLimitedLog(pino({ level: 'silent' })), most);

  test('numbers events and keeps them until they are acknowledged', () => {
    const box = outbox();
    expect([left('a'), left('b'), left('c')].map((event) => box.push(event).sequence)).toEqual([1, 2, 3]);
    box.acknowledge(2);
    expect(box.pending().map((entry) => entry.sequence)).toEqual([3]);
    box.acknowledge(3);
    expect(box.pending()).toEqual([]);
    expect(box.push(left('d')).sequence).toBe(4);
  });

  test('drops the oldest history when nobody comes, never the end of a recording', () => {
    const box = outbox(3);
    for (const event of [stopped, left('a'), left('b'), left('c'), left('d')]) box.push(event);
    expect(box.pending().map((entry) => entry.sequence)).toEqual([1, 4, 5]);
    expect(box.dropped).toBe(2);
  });
});
