/** Where URLs of callers may lead: hostile forms, each with the reason for which it is refused, and the forms that must pass. */
import { describe, expect, it } from 'vitest';
import { addressProblem, outboundUrlProblem, shownUrl } from '../../../src/support/outbound-url.ts';

const INNER = /private network/;
const PORT = /must not name the port/;
const PROOF = /user name or a password/;
const TEXT = /spaces, control characters or backslashes/;
const NO_URL = /https URL/;

const HOSTILE: readonly (readonly [what: string, url: string, why: RegExp])[] = [
  ['plain http', 'http://example.org/', NO_URL],
  ['another scheme', 'ftp://example.org/', NO_URL],
  ['a file', 'file:///etc/passwd', NO_URL],
  ['a script', 'javascript:alert(1)', NO_URL],
  ['gopher', 'gopher://127.0.0.1:6379/_FLUSHALL', NO_URL],
  ['no scheme', 'example.org', NO_URL],
  ['one slash', 'https:/127.0.0.1/', NO_URL],
  ['no slash', 'https:127.0.0.1', NO_URL],
  ['three slashes', 'https:///127.0.0.1/', NO_URL],
  ['loopback', 'https://127.0.0.1/', INNER],
  ['loopback, another of them', 'https://127.8.9.10/', INNER],
  ['loopback as one decimal', 'https://2130706433/', INNER],
  ['loopback in octal', 'https://0177.0.0.01/', INNER],
  ['loopback in one octal', 'https://017700000001/', INNER],
  ['loopback in hexadecimal', 'https://0x7f000001/', INNER],
  ['loopback in mixed bases', 'https://0x7f.0.0.1/', INNER],
  ['loopback, shortened', 'https://127.1/', INNER],
  ['loopback with a trailing dot', 'https://127.0.0.1./', INNER],
  ['loopback in fullwidth digits', 'https://１２７.０.０.１/', INNER],
  ['loopback in circled digits', 'https://①②⑦.⓪.⓪.①/', INNER],
  ['loopback with ideographic dots', 'https://127。0。0。1/', INNER],
  ['loopback, percent-encoded', 'https://%31%32%37.0.0.1/', INNER],
  ['an address with too much in it', 'https://127.0.0.1.1/', NO_URL],
  ['an address that overflows', 'https://4294967297/', NO_URL],
  ['this host', 'https://0.0.0.0/', INNER],
  ['this host, short', 'https://0/', INNER],
  ['a private network', 'https://10.1.2.3/', INNER],
  ['a private network of 172', 'https://172.31.0.1/', INNER],
  ['a private network of 192', 'https://192.168.0.1/', INNER],
  ["a carrier's network", 'https://100.64.0.1/', INNER],
  ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data', INNER],
  ['the metadata in decimal', 'https://2852039166/', INNER],
  ['benchmarking', 'https://198.18.0.1/', INNER],
  ['documentation', 'https://203.0.113.9/', INNER],
  ['multicast', 'https://224.0.0.1/', INNER],
  ['reserved', 'https://240.0.0.1/', INNER],
  ['broadcast', 'https://255.255.255.255/', INNER],
  ['IPv6 loopback', 'https://[::1]/', INNER],
  ['IPv6 loopback in full', 'https://[0:0:0:0:0:0:0:1]/', INNER],
  ['IPv6 this host', 'https://[::]/', INNER],
  ['IPv6 unique-local', 'https://[fd00::1]/', INNER],
  ['IPv6 link-local', 'https://[fe80::1]/', INNER],
  ['IPv6 link-local with a zone', 'https://[fe80::1%25eth0]/', NO_URL],
  ['IPv6 link-local with a bare zone', 'https://[fe80::1%eth0]/', NO_URL],
  ['IPv6 site-local', 'https://[fec0::1]/', INNER],
  ['IPv6 multicast', 'https://[ff02::1]/', INNER],
  ['IPv6 documentation', 'https://[2001:db8::1]/', INNER],
  ['IPv6 metadata of a cloud', 'https://[fd00:ec2::254]/', INNER],
  ['IPv4-mapped', 'https://[::ffff:127.0.0.1]/', INNER],
  ['IPv4-mapped in hexadecimal', 'https://[::ffff:a9fe:a9fe]/', INNER],
  ['IPv4-compatible', 'https://[::127.0.0.1]/', INNER],
  ['NAT64', 'https://[64:ff9b::10.0.0.1]/', INNER],
  ['NAT64 of local use', 'https://[64:ff9b:1::10.0.0.1]/', INNER],
  ['6to4', 'https://[2002:7f00:1::]/', INNER],
  ['Teredo', 'https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/', INNER],
  ['localhost', 'https://localhost/', INNER],
  ['localhost with the dot of the root', 'https://localhost./', INNER],
  ['localhost in capitals', 'https://LOCALHOST/', INNER],
  ['a name under localhost', 'https://a.localhost/', INNER],
  ['localhost in fullwidth letters', 'https://ｌｏｃａｌｈｏｓｔ/', INNER],
  ['an alias of localhost', 'https://localhost.localdomain/', INNER],
  ['a name without a dot', 'https://ip6-localhost/', INNER],
  ['a name of this network', 'https://printer.local/', INNER],
  ["a cloud's inner name", 'https://metadata.google.internal/', INNER],
  ['a user name', 'https://user@example.org/', PROOF],
  ['a user name and a password', 'https://user:secret@example.org/', PROOF],
  ['a host as user name', 'https://example.org@10.0.0.1/', PROOF],
  ['an empty user name', 'https://@example.org/', PROOF],
  ['an encoded @', 'https://example.org%40127.0.0.1/', NO_URL],
  ['a backslash before the host', 'https://example.org\\@127.0.0.1/', TEXT],
  ['a backslash for slashes', 'https:\\\\127.0.0.1/', TEXT],
  ['a tab in the scheme', 'ht\ttps://127.0.0.1/', TEXT],
  ['a line feed in the path', 'https://example.org/\r\nHost: inner', TEXT],
  ['a leading space', ' https://example.org/', TEXT],
  ['a NUL', 'https://example.org/\0', TEXT],
  ["Redis' port", 'https://example.org:6379/', PORT],
  ["PostgreSQL's port", 'https://example.org:5432/', PORT],
  ["Elasticsearch's port", 'https://example.org:9200/', PORT],
  ["Docker's port", 'https://example.org:2375/', PORT],
  ['the port of mail', 'https://example.org:25/', PORT],
  ['the port of SSH', 'https://example.org:22/', PORT],
  ['no port', 'https://example.org:0/', PORT],
  ['a port too large', 'https://example.org:65536/', NO_URL],
  ['a host too long', `https://${'a.'.repeat(130)}org/`, /must name a host/],
  ['a URL too long', `https://example.org/${'a'.repeat(8192)}`, /longer than 8192/],
  ['an empty label', 'https://example..org/', /must name a host/],
  ['nothing', '', NO_URL],
];

describe('hostile URLs', () => {
  it('are more than thirty', () => expect(HOSTILE.length).toBeGreaterThan(30));
  it.each(HOSTILE)('%s: %j', (_what, url, why) => expect(outboundUrlProblem(url, [])).toMatch(why));
});

describe('URLs that pass', () => {
  it.each([
    'https://example.org/hook',
    'https://example.org:443/hook?a=b#c',
    'https://example.org:8443/',
    'https://store.example.org:9000/bucket/key?X-Amz-Signature=00',
    'https://bücher.example/',
    'https://8.8.8.8/',
    'https://[2001:4860:4860::8888]:8443/x',
    'https://[::ffff:8.8.8.8]/',
    'https://[64:ff9b::8.8.8.8]/',
    'https://example.org/a@b',
  ])('%s', (url) => expect(outboundUrlProblem(url, [])).toBeUndefined());
});

describe('what the operator allows', () => {
  it('is networks, by http too', () => {
    expect(outboundUrlProblem('http://10.1.2.3/', ['10.0.0.0/8'])).toBeUndefined();
    expect(outboundUrlProblem('https://10.1.2.3/', ['10.1.2.3'])).toBeUndefined();
    expect(outboundUrlProblem('https://[::ffff:10.1.2.3]/', ['10.1.2.3'])).toBeUndefined();
    expect(outboundUrlProblem('https://192.168.0.1/', ['10.0.0.0/8'])).toMatch(INNER);
    expect(outboundUrlProblem('http://8.8.8.8/', ['10.0.0.0/8'])).toMatch(NO_URL);
  });

  it('leaves names to what they resolve to', () => {
    expect(outboundUrlProblem('http://receiver:3000/', ['10.0.0.0/8'])).toBeUndefined();
    expect(addressProblem('10.1.2.3', ['10.0.0.0/8'], 'http:')).toBeUndefined();
    expect(addressProblem('8.8.8.8', ['10.0.0.0/8'], 'http:')).toMatch(NO_URL);
    expect(addressProblem('8.8.8.8', ['10.0.0.0/8'], 'https:')).toBeUndefined();
    expect(addressProblem('127.0.0.1', ['10.0.0.0/8'], 'https:')).toMatch(INNER);
    expect(addressProblem('fe80::1%eth0', [], 'https:')).toMatch(INNER);
  });

  it('is anything but other schemes, proofs in the URL and ports of other services', () => {
    expect(outboundUrlProblem('http://localhost:9000/', true)).toBeUndefined();
    expect(outboundUrlProblem('ftp://localhost', true)).toMatch(NO_URL);
    expect(outboundUrlProblem('http://a:b@localhost/', true)).toMatch(PROOF);
    expect(outboundUrlProblem('http://localhost:5432/', true)).toMatch(PORT);
  });
});

it('shows no more of a URL than its origin', () => {
  expect(shownUrl('https://example.org:8443/services/SECRET?signature=SECRET')).toBe('https://example.org:8443');
  expect(shownUrl('SECRET')).toBe('an unreadable URL');
});
