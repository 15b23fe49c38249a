/**
 * How rooms are recorded elsewhere, as a peer: a virtual screen and a virtual sound card, a Chromium in kiosk mode that joins the room, and
 * ffmpeg that grabs the screen and the card's monitor and encodes both. Everything in folders of its own, and closed by the scope.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { launch } from 'puppeteer-core';
import type { Size } from '../src/domain/layout.ts';
import type { Scope } from '../src/support/scope.ts';

const CHROMIUM = '/usr/lib/chromium/chromium';
const FPS = 30;
/** A program that has not done its first thing by then will not. */
const START_LIMIT_MS = 30_000;
const POLL_MS = 25;
/** A program that does not end by itself within this time is killed. */
const END_LIMIT_MS = 5_000;
/** As others' recorders encode 720p. */
const VIDEO_KBPS = 3000;

/** Flags of the open-source recorders of this make, and those that let WebRTC work on loopback, where the benchmark's server is. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--test-type',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-breakpad',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-features=AudioServiceOutOfProcess,site-per-process,Translate,WebRtcHideLocalIpsWithMdns',
  '--disable-hang-monitor',
  '--disable-ipc-flooding-protection',
  '--disable-popup-blocking',
  '--disable-renderer-backgrounding',
  '--force-color-profile=srgb',
  '--password-store=basic',
  '--use-mock-keychain',
  '--kiosk',
  '--autoplay-policy=no-user-gesture-required',
  '--window-position=0,0',
  '--force-device-scale-factor=1',
  '--allow-loopback-in-peer-connection',
];

export interface ScreenRecorderOptions {
  /** The page, which says START_RECORDING on its console. */
  readonly url: string;
  readonly size: Size;
  /** An empty folder of its own. */
  readonly folder: string;
  readonly scope: Scope;
}

const waitUntil = async (what: string, look: () => boolean): Promise<void> => {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${START_LIMIT_MS} ms.`);
    await delay(POLL_MS);
  }
};

const end = async (child: ChildProcess, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const insist = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
  await exited;
  clearTimeout(insist);
};

/** Answers the display's name, such as `:1`: a free one, which the server finds by itself. */
const openScreen = async ({ size, scope }: ScreenRecorderOptions): Promise<{ pid: number; display: string }> => {
  const screen = `${size.width}x${size.height}x24`;
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', screen, '-ac', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  scope.own('Xvfb', child, (own) => end(own));
  const said = child.stdio[3] as Readable;
  const [number] = (await once(said, 'data', { signal: AbortSignal.timeout(START_LIMIT_MS) })) as [Buffer];
  return { pid: pidOf(child), display: `:${number.toString().trim()}` };
};

/** A card whose sound goes nowhere but to its monitor. */
const openSoundCard = async ({ folder, scope }: ScreenRecorderOptions): Promise<{ pid: number; server: string }> => {
  const socket = join(folder, 'pulse.sock');
  const modules = [
    `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
    'module-null-sink sink_name=card rate=48000 channels=2',
  ];
  const child = spawn(
    'pulseaudio',
    ['-n', '--daemonize=no', '--exit-idle-time=-1', ...modules.map((module) => `--load=${module}`)],
    { stdio: 'ignore', env: { ...process.env, XDG_RUNTIME_DIR: folder, HOME: folder } },
  );
  scope.own('PulseAudio', child, (own) => end(own));
  await waitUntil("PulseAudio's socket", () => existsSync(socket));
  return { pid: pidOf(child), server: `unix:${socket}` };
};

const pidOf = ({ pid, spawnfile }: ChildProcess): number => {
  if (pid === undefined) throw new Error(`${spawnfile} could not be started.`);
  return pid;
};

/** Encoded as it comes, and complete whenever it ends. */
const ffmpegArguments = (display: string, { width, height }: Size, seconds: number, file: string): string[] => [
  ...['-nostdin', '-v', 'error', '-y'],
  ...['-thread_queue_size', '1024', '-f', 'x11grab', '-draw_mouse', '0', '-framerate', String(FPS)],
  ...['-video_size', `${width}x${height}`, '-i', display],
  ...[
    '-thread_queue_size',
    '1024',
    '-f',
    'pulse',
    '-fragment_size',
    '3840',
    '-i',
    'card.monitor',
    '-t',
    String(seconds),
  ],
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-pix_fmt', 'yuv420p', '-r', String(FPS)],
  ...['-b:v', `${VIDEO_KBPS}k`, '-maxrate', `${VIDEO_KBPS}k`, '-bufsize', `${2 * VIDEO_KBPS}k`, '-g', String(4 * FPS)],
  ...['-af', 'aresample=async=1', '-c:a', 'aac', '-b:a', '128k', '-ar', '48000'],
  ...['-movflags', '+frag_keyframe+empty_moov', file],
];

/**
 * Starts it, records for so long from when the page has said that it is ready, and resolves with the file. `watch` is told of its processes as
 * they come; all others are below them.
 */
export const recordScreen = async (
  options: ScreenRecorderOptions,
  seconds: number,
  watch: (pids: readonly number[]) => void,
): Promise<string> => {
  const { url, size, folder, scope } = options;
  await mkdir(folder, { recursive: true });
  const [screen, card] = await Promise.all([openScreen(options), openSoundCard(options)]);
  watch([screen.pid, card.pid]);
  const env = { ...process.env, DISPLAY: screen.display, PULSE_SERVER: card.server, PULSE_SINK: 'card', HOME: folder };
  const browser = await launch({
    executablePath: CHROMIUM,
    headless: false,
    pipe: true,
    env,
    userDataDir: join(folder, 'profile'),
    args: [...FLAGS, `--window-size=${size.width},${size.height}`],
    ignoreDefaultArgs: ['--enable-automation'],
    defaultViewport: null,
  });
  scope.own('Chromium', browser, (own) => own.close());
  const chromium = browser.process();
  if (!chromium) throw new Error('Chromium has no process.');
  watch([screen.pid, card.pid, pidOf(chromium)]);
  const [page = await browser.newPage()] = await browser.pages();
  const ready = new Promise<void>((resolve) => {
    page.on('console', (message) => message.text() === 'START_RECORDING' && resolve());
  });
  await page.goto(url, { timeout: START_LIMIT_MS });
  await ready;
  const file = join(folder, 'recording.mp4');
  const ffmpeg = spawn('ffmpeg', ffmpegArguments(screen.display, size, seconds, file), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  scope.own('ffmpeg', ffmpeg, (own) => end(own, 'SIGINT'));
  watch([screen.pid, card.pid, pidOf(chromium), pidOf(ffmpeg)]);
  const [code] = await once(ffmpeg, 'exit');
  if (code !== 0) throw new Error(`ffmpeg could not record the screen (${code}).`);
  return file;
};
