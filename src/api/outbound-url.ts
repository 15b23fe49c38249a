/**
 * URLs that callers give us to call: https, to public addresses. Plain http and private networks only where the operator allows them.
 * This looks at the text alone; names are resolved, and judged again, by whoever connects.
 */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** Loopback, private, link-local, shared, unique-local, benchmarking, multicast and reserved networks (RFC 6890, RFC 4193). */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

const toBlockList = (networks: readonly string[]): BlockList => {
  const blocks = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) blocks.addAddress(address, family);
    else blocks.addSubnet(address, Number(prefix), family);
  }
  return blocks;
};
const privateNetworks = toBlockList(PRIVATE);

/** Says what is wrong, as the end of "it …", or undefined. `allowed`: true, or the networks that URLs may lead into. */
export const outboundUrlProblem = (text: string, allowed: true | readonly string[]): string | undefined => {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an https URL';
  if (allowed === true) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  const within = (blocks: BlockList): boolean => family !== 0 && blocks.check(host, family === 6 ? 'ipv6' : 'ipv4');
  if (within(toBlockList(allowed))) return undefined;
  if (url.protocol === 'http:') return 'must be an https URL (ROOMTAPE_ALLOW_PRIVATE_URLS permits http)';
  const isPrivate = within(privateNetworks) || host === 'localhost' || host.endsWith('.localhost');
  return isPrivate ? 'must not lead into a private network (ROOMTAPE_ALLOW_PRIVATE_URLS permits it)' : undefined;
};

/** As `outboundUrlProblem`, for an address that a name has resolved to. */
export const addressProblem = (address: string, allowed: true | readonly string[]): string | undefined => {
  if (allowed === true) return undefined;
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (toBlockList(allowed).check(address, family)) return undefined;
  return privateNetworks.check(address, family)
    ? 'must not lead into a private network (ROOMTAPE_ALLOW_PRIVATE_URLS permits it)'
    : undefined;
};

/** Longest URL taken: presigned ones carry long signatures. */
const LONGEST_URL = 8192;

export const outboundUrl = (allowed: true | readonly string[]) =>
  z
    .string()
    .max(LONGEST_URL)
    .superRefine((text, context) => {
      const problem = outboundUrlProblem(text, allowed);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    });
