import { describe, expect, test } from 'vitest';
import { readTemplateAddress } from '../../../web/client/template-address.ts';
import { nextLayout, type TemplateLayout } from '../../../web/client/template-layout.ts';

describe('the address of a template page', () => {
  test.each([
    ['?participantId=p&meetingId=m&token=t', { roomId: 'm', token: 't', participantId: 'p' }],
    ['?roomId=r&token=t&theme=dark', { roomId: 'r', token: 't', participantId: undefined }],
    ['?roomId=r&meetingId=m&token=t&participantId=', { roomId: 'm', token: 't', participantId: undefined }],
  ])('%s names its room', (search, address) => {
    expect(readTemplateAddress(search)).toEqual(address);
  });

  test('gives way to what the page says', () => {
    const given = { roomId: 'a', token: 'b', participantId: 'c' };
    expect(readTemplateAddress('?meetingId=m&token=t&participantId=p', given)).toEqual(given);
    expect(readTemplateAddress('', given)).toEqual(given);
  });

  test.each([
    ['', 'no meetingId and no token'],
    ['?token=t', 'no meetingId.'],
    ['?meetingId=m&token=', 'no token.'],
  ])('%s says what it lacks', (search, words) => {
    expect(() => readTemplateAddress(search)).toThrow(words);
  });
});

describe('the layout that is asked for', () => {
  const said = (payload: unknown, topic = 'RECORDING_LAYOUT') => ({
    topic,
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    participantId: 'ada',
    at: '2026-01-06T13:01:40.814Z',
  });

  test('is what was said, one after the other', () => {
    let layout: TemplateLayout = {};
    const say = (change: unknown): TemplateLayout => {
      layout = nextLayout(layout, said({ layout: change }));
      return layout;
    };
    expect(say({ type: 'SIDEBAR', gridSize: 6 })).toEqual({ type: 'SIDEBAR', gridSize: 6 });
    expect(say({ priority: 'PIN' })).toEqual({ type: 'SIDEBAR', gridSize: 6, priority: 'PIN' });
    expect(say({ type: null, gridSize: 0 })).toEqual({ type: 'SIDEBAR', gridSize: 4, priority: 'PIN' });
    expect(say({ type: 'CAROUSEL' })).toEqual({ type: 'SIDEBAR', gridSize: 4, priority: 'PIN' });
  });

  test.each([
    ['chat', said({ layout: { type: 'GRID' } }, 'chat')],
    ['no JSON', said('{')],
    ['no object', said('12')],
    ['no layout', said({ type: 'GRID' })],
  ])('is not in what is %s', (_what, message) => {
    const layout: TemplateLayout = { type: 'SIDEBAR' };
    expect(nextLayout(layout, message)).toBe(layout);
  });
});
