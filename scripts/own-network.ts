/**
 * A network of the tests' own: a new network namespace with loopback and one address of a documentation range (RFC 5737), so that
 * nothing that is tested can reach, or be reached from, any other machine. Firefox needs it: it does no WebRTC over loopback. A mount
 * namespace beside it: disks that a test mounts are nobody else's, and gone with the tests.
 *
 * Needs root and Linux's `unshare` and `ip`. Elsewhere tests run on the machine's loopback, and the one with Firefox is skipped.
 */
import { spawnSync } from 'node:child_process';

const ADDRESS = '198.51.100.1';

const SET_UP = [
  'ip link set lo up',
  'ip link add media0 type veth peer name media1',
  `ip addr add ${ADDRESS}/24 dev media0`,
  'ip link set media0 up',
  'ip link set media1 up',
  'ip route add default dev media0',
].join(' && ');

const isPossible = (): boolean =>
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--net', '--mount', 'sh', '-c', SET_UP], { stdio: 'ignore' }).status === 0;

/** The command to run in place of this one, and the environment it needs. */
export const inOwnNetwork = (
  command: readonly string[],
): { readonly command: readonly string[]; readonly env: Record<string, string> } =>
  isPossible()
    ? {
        command: ['unshare', '--net', '--mount', 'sh', '-c', `${SET_UP} && exec "$@"`, 'sh', ...command],
        env: { TEST_NETWORK_ADDRESS: ADDRESS },
      }
    : { command, env: {} };
