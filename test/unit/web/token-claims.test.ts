import { describe, expect, it } from 'vitest';
import { readTokenClaims } from '../../../web/client/token-claims.ts';

/** Unsigned on purpose: the page reads claims, the server verifies them. */
const tokenOf = (claims: object): string => {
  const utf8 = String.fromCharCode(...new TextEncoder().encode(JSON.stringify(claims)));
  return `e30.${btoa(utf8).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}.signature`;
};

describe('readTokenClaims', () => {
  it('reads names in any script', () => {
    expect(readTokenClaims(tokenOf({ name: 'Zoë 花子', participantId: 'p-1' }))).toEqual({
      name: 'Zoë 花子',
      participantId: 'p-1',
    });
  });

  it('has nothing to say about absent or senseless claims', () => {
    expect(readTokenClaims(tokenOf({ name: 7, participantId: '' }))).toEqual({ name: null, participantId: null });
  });

  it('is null where the token is none', () => {
    for (const text of ['', 'abc', 'a.!!.c', `a.${btoa('"text"')}.c`, `a.${btoa('{')}.c`]) {
      expect(readTokenClaims(text)).toBeNull();
    }
  });
});
