import { describe, expect, it } from 'vitest';
import { type LinkEvent, type LinkState, nextLink } from '../../../web/client/reconnection.ts';

const lost: LinkEvent = { type: 'lost', spread: 1 };
const play = (state: LinkState, events: readonly LinkEvent[], nowMs = 0): LinkState =>
  events.reduce((present, event) => nextLink(present, event, nowMs), state);
const idle: LinkState = { status: 'idle' };
const joined = play(idle, [{ type: 'start' }, { type: 'opened' }, { type: 'joined' }]);

describe('the room link', () => {
  it('opens, joins, and is joined', () => {
    expect(play(idle, [{ type: 'start' }]).status).toBe('opening');
    expect(play(idle, [{ type: 'start' }, { type: 'opened' }]).status).toBe('joining');
    expect(joined).toEqual({ status: 'joined' });
  });

  it('retries soon after a loss, then ever later up to 2 s', () => {
    const delays: number[] = [];
    let state = joined;
    for (let attempt = 0; attempt < 7; attempt += 1) {
      state = nextLink(state, lost, 1000);
      if (state.status !== 'waiting') throw new Error(`The link is ${state.status}, not waiting.`);
      delays.push(state.retryInMs);
      state = nextLink(state, { type: 'retry' }, 1000);
    }
    expect(delays).toEqual([250, 500, 1000, 2000, 2000, 2000, 2000]);
  });

  it('spreads retries over half of the delay', () => {
    const state = nextLink(joined, { type: 'lost', spread: 0 }, 0);
    expect(state).toMatchObject({ status: 'waiting', retryInMs: 125 });
  });

  it('begins with short delays again after it was joined in between', () => {
    const again = play(joined, [
      lost,
      { type: 'retry' },
      lost,
      { type: 'retry' },
      { type: 'opened' },
      { type: 'joined' },
    ]);
    expect(nextLink(again, lost, 0)).toMatchObject({ status: 'waiting', retryInMs: 250 });
  });

  it('gives up at the door after 6 s and in the room after 3 minutes', () => {
    const atDoor = nextLink(idle, { type: 'start' }, 0);
    expect(nextLink(atDoor, lost, 5999).status).toBe('waiting');
    expect(nextLink(atDoor, lost, 6000)).toEqual({ status: 'over', end: { reason: 'unreachable', detail: '' } });

    const reopening = nextLink(nextLink(joined, lost, 10_000), { type: 'retry' }, 10_250);
    expect(nextLink(reopening, lost, 189_999).status).toBe('waiting');
    expect(nextLink(reopening, lost, 190_000).status).toBe('over');
  });

  it('ends from every state, once, and can be started again', () => {
    const removed: LinkEvent = { type: 'ended', end: { reason: 'removed', detail: '' } };
    const waiting = nextLink(joined, lost, 0);
    for (const state of [idle, joined, waiting]) expect(nextLink(state, removed, 0).status).toBe('over');
    const over = nextLink(joined, removed, 0);
    expect(nextLink(over, { type: 'ended', end: { reason: 'left', detail: '' } }, 0)).toBe(over);
    expect(nextLink(over, { type: 'start' }, 0).status).toBe('opening');
  });

  it('ignores events that a state has no use for', () => {
    expect(nextLink(joined, { type: 'retry' }, 0)).toBe(joined);
    expect(nextLink(joined, { type: 'opened' }, 0)).toBe(joined);
    expect(nextLink(idle, lost, 0)).toBe(idle);
  });
});
