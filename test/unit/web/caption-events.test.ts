import { expect, test } from 'vitest';
import { captionOf, EventParser } from '../../../web/room/caption-events.ts';

const said = { speaker: { id: 'ada', name: 'Ada' }, text: 'Hello.', language: 'en' };
const STREAM = `retry: 2000\nevent: state\ndata: {"transcribing":true}\n\n: still here\n\nid: 7\nevent: caption\ndata: ${JSON.stringify(said)}\n\n`;

test('events are found however the stream is cut', () => {
  for (let size = 1; size < STREAM.length; size += 5) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < STREAM.length; at += size) events.push(...parser.take(STREAM.slice(at, at + size)));
    expect(events.map(({ type, id }) => [type, id])).toEqual([
      ['state', ''],
      ['caption', '7'],
    ]);
    expect(events.flatMap((event) => captionOf(event) ?? [])).toEqual([
      { id: 7, speakerId: 'ada', name: 'Ada', text: 'Hello.', language: 'en' },
    ]);
  }
});

test('what is no caption is left out', () => {
  expect(captionOf({ type: 'end', id: '', data: '{}' })).toBeNull();
  expect(captionOf({ type: 'caption', id: '1', data: '{"text":"who?"}' })).toBeNull();
});
