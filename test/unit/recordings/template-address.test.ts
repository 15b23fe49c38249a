import { describe, expect, test } from 'vitest';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { pageParticipant, templateAddress } from '../../../src/recordings/template-address.ts';

const MADE_UP = 'k3j9x0ab' as ParticipantId;
const OURS = { participantId: MADE_UP, meetingId: '2kyv-gzay-64pg', token: 'aaa.bbb.ccc' };
const ALL = 'participantId=k3j9x0ab&meetingId=2kyv-gzay-64pg&token=aaa.bbb.ccc';
const jwt = (claims: unknown): string =>
  `h.${Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)).toString('base64url')}.s`;

describe('the address that is opened', () => {
  test.each([
    ['no query', 'https://a.test/page', `https://a.test/page?${ALL}`],
    ['no path', 'https://a.test', `https://a.test?${ALL}`],
    ['an empty query', 'https://a.test/?', `https://a.test/?${ALL}`],
    ['a fragment', 'https://a.test/#/room?token=x', `https://a.test/?${ALL}#/room?token=x`],
    ['an empty fragment', 'https://a.test/#', `https://a.test/?${ALL}#`],
    ['a query of the caller', 'https://a.test/?theme=dark', `https://a.test/?theme=dark&${ALL}`],
    ['his encodings', 'https://a.test/?n=%7e+%zz&b=ü&c', `https://a.test/?n=%7e+%zz&b=ü&c&${ALL}`],
    ['a trailing separator', 'https://a.test/?a=1&', `https://a.test/?a=1&${ALL}`],
    ['a question mark in a value', 'https://a.test/?a=?b', `https://a.test/?a=?b&${ALL}`],
    [
      'his token',
      'https://a.test/?token=mine&a=1',
      'https://a.test/?token=mine&a=1&participantId=k3j9x0ab&meetingId=2kyv-gzay-64pg',
    ],
    [
      'all three, one of them twice',
      'https://a.test/?meetingId=m&token=t&participantId=p&token=u#x',
      'https://a.test/?meetingId=m&token=t&participantId=p&token=u#x',
    ],
    [
      'names that are encoded',
      'https://a.test/?%74oken=t&meeting%49d=m',
      'https://a.test/?%74oken=t&meeting%49d=m&participantId=k3j9x0ab',
    ],
    ['names in other letters', 'https://a.test/?Token=t', `https://a.test/?Token=t&${ALL}`],
    ['names without a value', 'https://a.test/?token=&meetingId&a=', `https://a.test/?a=&${ALL}`],
  ])('with %s', (_what, written, opened) => {
    expect(templateAddress(written, OURS)).toBe(opened);
    expect(URL.canParse(opened)).toBe(true);
  });

  test('encodes what it adds', () => {
    const query = new URL(templateAddress('https://a.test/', { ...OURS, meetingId: 'a&b=c #ü' })).searchParams;
    expect(query.get('meetingId')).toBe('a&b=c #ü');
  });
});

describe('who the page is', () => {
  test.each([
    ['nobody is named', '', MADE_UP],
    ['the query names him', '?participantId=bot', 'bot'],
    ['the query names what nobody can be', '?participantId=a%20b', MADE_UP],
    ['the token names him', `?token=${jwt({ participantId: 'ada' })}`, 'ada'],
    ['token and query differ', `?participantId=bot&token=${jwt({ participantId: 'ada' })}`, 'ada'],
    ['the token names nobody', `?participantId=bot&token=${jwt({ apikey: 'k' })}`, 'bot'],
    ['the token names nonsense', `?token=${jwt({ participantId: 'a b' })}`, MADE_UP],
    ['the token is a number', `?token=${jwt('12')}`, MADE_UP],
    ['the token is no JWT', '?token=opaque', MADE_UP],
    ['the token is broken', `?token=${jwt('{')}`, MADE_UP],
  ])('where %s', (_what, query, who) => {
    expect(pageParticipant(`https://a.test/${query}`, MADE_UP)).toBe(who);
  });
});
