import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { hearWindow, type Levels, NO_SPEAKER, type SpeakerState, speakingNow } from '../../../src/timeline/speaker.ts';
import { seeded } from './support/session.ts';

/** A script of windows: one line a voice, one character a window. `#` speech, `*` loud speech, `.` silence, `-` a noisy fan. */
const DBFS: Record<string, number> = { '#': -28, '*': -18, '.': -70, '-': -45 };

const play = (script: Record<string, string>, from: SpeakerState = NO_SPEAKER) => {
  const length = Math.max(...Object.values(script).map((line) => line.length));
  const active: string[] = [];
  const speaking: string[] = [];
  let state = from;
  for (let window = 0; window < length; window += 1) {
    const levels = Object.fromEntries(
      Object.entries(script).map(([id, line]) => [id, DBFS[line[window] ?? '.'] ?? -127]),
    );
    state = hearWindow(state, levels as Levels);
    active.push(state.active ?? '-');
    speaking.push(speakingNow(state).join('') || '-');
  }
  return { active: active.join(''), speaking, state };
};

const calm = (seconds: number): string => '.'.repeat(seconds * 10);

describe('who has the floor', () => {
  it('is nobody until somebody speaks, then he within 700 ms, and he keeps it', () => {
    const { active } = play({ a: `.....##########${calm(3)}`, b: calm(4) });
    expect(active.indexOf('a')).toBeLessThanOrEqual(5 + 6);
    expect(active.slice(active.indexOf('a'))).toMatch(/^a+$/);
  });

  it.each([
    ['a cough', '###'],
    ['a knock', '*'],
    ['two coughs a second apart', '###.......###'],
  ])('does not change at %s', (_, noise) => {
    const { active } = play({ a: `##########${calm(4)}`, b: `${calm(2)}${noise}` });
    expect(active).not.toContain('b');
  });

  it('passes to who answers within 700 ms, though his speech has gaps', () => {
    const { active } = play({ a: `####################${calm(2)}`, b: `${calm(2)}###.##.####.######` });
    const turn = active.indexOf('b');
    expect(turn).toBeGreaterThan(20);
    expect(turn).toBeLessThanOrEqual(20 + 6);
  });

  it('stays with the speaker while another talks into it, unless clearly louder', () => {
    const long = '#'.repeat(40);
    expect(play({ a: long, b: `${calm(1)}${'#'.repeat(30)}` }).active.slice(10)).toMatch(/^a+$/);
    expect(play({ a: long, b: `${calm(1)}${'*'.repeat(30)}` }).active.at(-1)).toBe('b');
  });

  it('does not flicker in a lively discussion', () => {
    const random = seeded(5);
    const line = () => Array.from({ length: 600 }, () => (random() < 0.6 ? '#' : '.')).join('');
    const { active } = play({ a: line(), b: line(), c: line() });
    const changes = [...active].filter((id, i) => i > 0 && id !== active[i - 1]).length;
    expect(changes).toBeLessThan(25);
  });

  it('does not stay with a fan that is switched on, and speech over the fan is heard', () => {
    const fan = '-'.repeat(200);
    const { state } = play({ a: fan, b: calm(20) });
    expect(speakingNow(state)).toEqual([]);
    const { active } = play({ a: '-'.repeat(30), b: '##########' }, { ...state, active: null });
    expect(active.at(-1)).toBe('b');
    expect(play({ a: '**********' }, state).active.at(-1)).toBe('a');
  });
});

describe('the border', () => {
  it('appears within 200 ms, bridges the gaps between words, and goes after 500 ms', () => {
    const { speaking } = play({ a: '..####..####.........' });
    expect(speaking.join('')).toBe('---aaaaaaaaaaaaa-----');
  });

  it('is worn by several at once', () => {
    expect(play({ b: '####', a: '####', c: '....' }).speaking.at(-1)).toBe('ab');
  });
});

describe('the state', () => {
  it('goes on after JSON as if nothing had been', () => {
    const script = { a: '###.##...####', b: '..###########' };
    const whole = play(script);
    const half = play({ a: script.a.slice(0, 6), b: script.b.slice(0, 6) });
    const rest = play({ a: script.a.slice(6), b: script.b.slice(6) }, JSON.parse(JSON.stringify(half.state)));
    expect(rest.state).toEqual(whole.state);
    expect(half.active + rest.active).toBe(whole.active);
  });

  it('takes nobody for a property of objects, whatever people call themselves', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const id = name as ParticipantId;
      let state = hearWindow(NO_SPEAKER, {});
      for (let i = 0; i < 10; i += 1) state = hearWindow(state, Object.fromEntries([[id, -20]]));
      expect([state.active, speakingNow(state)]).toEqual([id, [id]]);
      for (let i = 0; i < 10; i += 1) state = hearWindow(state, {});
      expect(speakingNow(state)).toEqual([]);
    }
  });

  it('forgets who is gone, but not that he spoke last', () => {
    const { state } = play({ a: '##########' });
    let after = state;
    for (let i = 0; i < 10; i += 1) after = hearWindow(after, {});
    expect(after).toEqual({ voices: {}, active: 'a' as ParticipantId });
  });
});
