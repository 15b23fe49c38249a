/** The candidates that our answers announce (RFC 8839 §5.1, TCP: RFC 6544 §4.5): host candidates of one port number, UDP and TCP. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** RFC 8445 §5.1.2.1: type preference of host candidates, and a lower one for TCP so that UDP wins where both work. */
const UDP_TYPE_PREFERENCE = 126;
const TCP_TYPE_PREFERENCE = 90;

const WILDCARDS = new Set(['0.0.0.0', '::', '']);

/** Addresses to announce where none are configured: the bound one, or the machine's own, loopback only if there is no other. */
const ownAddresses = (bindAddress: string): string[] => {
  if (!WILDCARDS.has(bindAddress)) return [bindAddress];
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const ipv4 = all.filter((entry) => entry.family === 'IPv4');
  const outside = ipv4.filter((entry) => !entry.internal);
  return (outside.length > 0 ? outside : ipv4).map((entry) => entry.address);
};

const priority = (typePreference: number, index: number): number =>
  typePreference * 2 ** 24 + (65_535 - index) * 256 + 255;

/** Values of `a=candidate` lines, without the `candidate:`. Throws a sentence for an address that is none. */
export const announcedCandidates = (options: {
  readonly bindAddress: string;
  readonly port: number;
  readonly announcedAddresses: readonly string[];
  readonly tcp: boolean;
}): string[] => {
  const { port, tcp, announcedAddresses, bindAddress } = options;
  const wrong = announcedAddresses.find((address) => isIP(address) === 0);
  if (wrong !== undefined) {
    throw new Error(
      `"${wrong}" cannot be announced to browsers: it is not an IP address. Set the announced address to one.`,
    );
  }
  const addresses = announcedAddresses.length > 0 ? announcedAddresses : ownAddresses(bindAddress);
  return addresses.flatMap((address, index) => {
    const udp = `${index + 1} 1 udp ${priority(UDP_TYPE_PREFERENCE, index)} ${address} ${port} typ host`;
    if (!tcp) return [udp];
    const foundation = addresses.length + index + 1;
    return [
      udp,
      `${foundation} 1 tcp ${priority(TCP_TYPE_PREFERENCE, index)} ${address} ${port} typ host tcptype passive`,
    ];
  });
};
