/**
 * Makes sure that programs of the operating system are there: installs Debian packages through apt where apt and the right to use it
 * are there, and says plainly what is missing elsewhere. Browsers and foreign WebRTC clients are needed by tests only.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Need {
  /** A file that proves that it is installed. */
  readonly proof: string;
  readonly packages: readonly string[];
  readonly what: string;
}

const NEEDS: readonly Need[] = [
  { proof: '/usr/bin/chromium', packages: ['chromium'], what: 'Chromium, which joins rooms in the scenario tests' },
  { proof: '/usr/bin/firefox-esr', packages: ['firefox-esr'], what: 'Firefox, which joins a room in a scenario test' },
  { proof: '/usr/bin/ffmpeg', packages: ['ffmpeg'], what: 'ffmpeg, an independent judge of the files we make' },
  { proof: '/usr/sbin/ip', packages: ['iproute2'], what: "ip, which sets the tests' own network up" },
  { proof: '/usr/bin/redis-server', packages: ['redis-server'], what: 'Redis, in which the queue is tested as well' },
  {
    proof: '/usr/lib/python3/dist-packages/aiortc/__init__.py',
    packages: ['python3-aiortc'],
    what: 'aiortc, a WHIP publisher that is not ours',
  },
  {
    proof: '/usr/bin/swift-proxy-server',
    packages: ['swift-proxy', 'swift-account', 'swift-container', 'swift-object', 'memcached'],
    what: 'Swift, an S3 server that recordings are delivered to',
  },
];

/** What a screen recorder is made of, which a benchmark holds ours against. No test needs it. */
export const SCREEN_RECORDER_NEEDS: readonly Need[] = [
  { proof: '/usr/bin/chromium', packages: ['chromium'], what: 'Chromium, which shows the room' },
  { proof: '/usr/bin/Xvfb', packages: ['xvfb'], what: 'Xvfb, a screen that nobody sees' },
  { proof: '/usr/bin/pulseaudio', packages: ['pulseaudio'], what: 'PulseAudio, a sound card that nobody hears' },
  { proof: '/usr/bin/ffmpeg', packages: ['ffmpeg'], what: 'ffmpeg, which records both' },
];

/** Installs what is missing. Returns what could not be installed, in plain words; empty when all is there. */
export const ensureSystemPackages = (needs: readonly Need[] = NEEDS): string[] => {
  const missing = needs.filter((need) => !existsSync(need.proof));
  if (missing.length === 0) return [];
  const packages = missing.flatMap((need) => need.packages);
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const run = (...command: string[]): boolean => {
    const [program, ...args] = [...sudo, ...command];
    if (!program) return false;
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    return spawnSync(program, args, { stdio: ['ignore', 2, 2], env }).status === 0;
  };
  if (existsSync('/usr/bin/apt-get')) {
    console.error(`Installing ${packages.join(', ')} through apt …`);
    run('apt-get', 'update', '-qq');
    run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages);
  }
  return missing
    .filter((need) => !existsSync(need.proof))
    .map((need) => `${need.what} (Debian: ${need.packages.join(' ')})`);
};
