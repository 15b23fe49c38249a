/**
 * IP addresses and networks as an outbound guard sees them: what is reachable by everybody, and what leads into somebody's own network.
 * An IPv6 address may carry an IPv4 one (mapped, compatible, NAT64, 6to4); both are judged, since a translator on the way connects to
 * the inner one.
 */
import { BlockList, isIP } from 'node:net';

/** What the IANA registry of special-purpose IPv4 addresses (RFC 6890) calls not globally reachable; multicast and reserved. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Inside 2000::/3, all that is global unicast: protocol assignments with Teredo (RFC 4380), documentation (RFC 3849, RFC 9637). */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '3fff::/20'];

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const toBlockList = (networks: readonly string[]): BlockList => {
  const blocks = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    if (prefix === undefined) blocks.addAddress(address, familyOf(address));
    else blocks.addSubnet(address, Number(prefix), familyOf(address));
  }
  return blocks;
};
const specialIPv4 = toBlockList(SPECIAL_IPV4);
const specialIPv6 = toBlockList(SPECIAL_IPV6);
const globalIPv6 = toBlockList(['2000::/3']);

/** The eight groups of an IPv6 address without a zone. */
export const groupsOf = (address: string): number[] => {
  // The URL parser (WHATWG) writes every form, dotted tails too, as hexadecimal groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const parse = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [parse(head), parse(tail ?? '')];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
};

const dotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');

/** The IPv4 address that an IPv6 one stands for, and whether it may stand for a public one. */
const embedded = (groups: readonly number[]): { readonly address: string; readonly translated: boolean } | null => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const startsEmpty = a === 0 && b === 0 && c === 0 && d === 0;
  // RFC 4291 §2.5.5: the socket is an IPv4 one (mapped); the compatible form is no longer in use.
  if (startsEmpty && e === 0 && f === 0xff_ff) return { address: dotted(g, h), translated: true };
  if (startsEmpty && e === 0 && f === 0 && g !== 0) return { address: dotted(g, h), translated: false };
  // RFC 6052: behind NAT64 the whole IPv4 internet has such addresses.
  if (a === 0x64 && b === 0xff_9b && [c, d, e, f].every((one) => one === 0)) {
    return { address: dotted(g, h), translated: true };
  }
  if (a === 0x20_02) return { address: dotted(b, c), translated: true }; // RFC 3056, 6to4
  return null;
};

/** True where everybody can reach it: neither private, nor this machine's, nor special in another way. */
export const isPublicAddress = (address: string): boolean => {
  const [bare = ''] = address.split('%');
  if (isIP(bare) === 4) return !specialIPv4.check(bare, 'ipv4');
  if (isIP(bare) !== 6) return false;
  const inner = embedded(groupsOf(bare));
  if (inner) return inner.translated && isPublicAddress(inner.address);
  return globalIPv6.check(bare, 'ipv6') && !specialIPv6.check(bare, 'ipv6');
};

/** True where an address, or the IPv4 one that it stands for, lies in one of the networks (`10.0.0.0/8`, `fd00::1`). */
export const isWithin = (address: string, networks: readonly string[]): boolean => {
  const [bare = ''] = address.split('%');
  if (networks.length === 0 || isIP(bare) === 0) return false;
  const inner = isIP(bare) === 6 ? embedded(groupsOf(bare)) : null;
  const blocks = toBlockList(networks);
  return blocks.check(bare, familyOf(bare)) || (inner !== null && blocks.check(inner.address, 'ipv4'));
};
