import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clientMessage, serverMessage } from '../../../src/rooms/protocol.ts';

const document = readFileSync(new URL('../../../docs/room-protocol.md', import.meta.url), 'utf8');
const lines = document.split('\n').filter((line) => /^[CS] \{/.test(line));

test('every message of the documented exchange is one of the protocol, and says all that it means', () => {
  for (const line of lines) {
    const message = JSON.parse(line.slice(2));
    const schema = line.startsWith('C') ? clientMessage : serverMessage;
    expect(schema.parse(message)).toEqual(message);
  }
});

test('the document names every message there is', () => {
  const names = [...clientMessage.options, ...serverMessage.options].map((option) => option.shape.type.value);
  expect(names.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
});
