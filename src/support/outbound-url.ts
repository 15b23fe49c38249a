/**
 * Which URLs of callers we call: https, to public addresses, at ports of web servers. Plain http and private networks only where the
 * operator allows them. `outboundUrlProblem` judges the text when a call is taken; `addressProblem` judges every address that its name
 * resolves to when it is connected to (guarded-fetch.ts), since a name may lead anywhere, and elsewhere tomorrow.
 */
import { isIP } from 'node:net';
import { isPublicAddress, isWithin } from './network-address.ts';

/** True: anywhere; else the private networks that URLs may lead into. */
export type AllowedNetworks = true | readonly string[];

/** Longest URL taken: presigned ones carry long signatures. */
export const LONGEST_URL = 8192;
/** RFC 1035 §2.3.4. */
const LONGEST_HOST = 253;

/** Of the ports below 1024 a caller's URL may name these; above, all but those of the services below. */
const WEB_PORTS = [80, 443];
const FIRST_FREE_PORT = 1024;
/**
 * Ports at which databases, caches, queues and controls of machines listen, often without a password, and those that browsers refuse
 * since what is sent there can be read as another protocol (Fetch standard, "port blocking").
 */
const REFUSED_PORTS = new Set([
  1080, 1099, 1433, 1434, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 2424, 3306, 33_060, 3389,
  3659, 4045, 4190, 4222, 4369, 5060, 5061, 5432, 5433, 5671, 5672, 5900, 5901, 5984, 5985, 5986, 6000, 6379, 6380,
  6432, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001, 7199, 7473, 7474, 7687, 8086, 8123, 8300,
  8301, 8302, 8500, 8529, 9042, 9092, 9160, 9200, 9300, 10_080, 10_250, 10_255, 10_256, 11_211, 15_672, 25_672, 26_257,
  26_379, 27_017, 27_018, 27_019, 28_015, 50_000, 61_616,
]);

/** Names of inner networks by agreement (RFC 6761, RFC 6762, RFC 8375, ICANN's reservation of `internal`). */
const INNER_NAME = /(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)$/;

const PERMITS = 'ROOMTAPE_ALLOW_PRIVATE_URLS permits';
const INNER = `must not lead into a private network (${PERMITS} it)`;
const PLAIN = `must be an https URL (${PERMITS} http)`;
const NO_URL = 'must be an https URL';

/** The host without brackets and the dot of the root. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** RFC 6761 §6.3: such names are this machine, whatever a resolver says. */
export const isLocalhost = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

export const portOf = (url: URL): number => Number(url.port || (url.protocol === 'https:' ? 443 : 80));

const portProblem = (port: number): string | undefined => {
  const free = port >= FIRST_FREE_PORT ? !REFUSED_PORTS.has(port) : WEB_PORTS.includes(port);
  return free ? undefined : `must not name the port ${port}: take 443, or one above 1023 that no other service has`;
};

/** Text that parsers read differently is refused, whatever ours makes of it. */
const textProblem = (text: string): string | undefined => {
  if (text.length > LONGEST_URL) return `must not be longer than ${LONGEST_URL} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff\\]/.test(text)) {
    return 'must not have spaces, control characters or backslashes: encode them';
  }
  return /^https?:\/\/[^/]/i.test(text) ? undefined : NO_URL;
};

/** Says what is wrong, as the end of "it …", or undefined. Nothing is repeated of the URL: it may carry a secret. */
export const outboundUrlProblem = (text: string, allowed: AllowedNetworks): string | undefined => {
  const wrongText = textProblem(text);
  if (wrongText !== undefined) return wrongText;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return NO_URL;
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(text)) {
    return 'must not carry a user name or a password';
  }
  const host = hostOf(url);
  if (host === '' || host.length > LONGEST_HOST || host.includes('..')) return 'must name a host';
  const wrongPort = portProblem(portOf(url));
  if (wrongPort !== undefined || allowed === true) return wrongPort;
  if (isIP(host) !== 0) return addressProblem(host, allowed, url.protocol);
  if (allowed.length > 0) return undefined; // the name may lead into one of them: judged when it is resolved
  if (url.protocol === 'http:') return PLAIN;
  return INNER_NAME.test(host) || !host.includes('.') ? INNER : undefined;
};

/** As `outboundUrlProblem`, for an address that is about to be connected to. */
export const addressProblem = (address: string, allowed: AllowedNetworks, protocol = 'https:'): string | undefined => {
  if (allowed === true || isWithin(address, allowed)) return undefined;
  if (protocol === 'http:') return PLAIN;
  return isPublicAddress(address) ? undefined : INNER;
};

/** What of a URL may be logged and answered: not the path and the query, where secrets stand. */
export const shownUrl = (text: string): string => URL.parse(text)?.origin ?? 'an unreadable URL';
