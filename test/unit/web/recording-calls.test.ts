import { expect, test } from 'vitest';
import { runningIn } from '../../../web/room/recording-calls.ts';

test('the recording that runs is the newest, while it is live', () => {
  const page = (status: string) => ({
    data: [
      { id: 'b', status },
      { id: 'a', status: 'recording' },
    ],
  });
  expect(runningIn(page('starting'))).toEqual({ id: 'b', isPaused: false });
  expect(runningIn(page('recording'))).toEqual({ id: 'b', isPaused: false });
  expect(runningIn(page('paused'))).toEqual({ id: 'b', isPaused: true });
  for (const over of ['stopping', 'composing', 'done', 'failed']) expect(runningIn(page(over))).toBeNull();
  for (const odd of [
    null,
    'text',
    {},
    { data: null },
    { data: [] },
    { data: [null] },
    { data: [{ status: 'paused' }] },
  ])
    expect(runningIn(odd)).toBeNull();
});
