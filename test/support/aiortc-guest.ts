/** A WHIP publisher that is not ours: aiortc in a Python process, with the picture and the sound of a synthetic participant. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { identityYuv } from '../../src/synthetic/identity.ts';
import { pageSource } from './browser-source.ts';
import type { Service } from './service.ts';
import type { Guest } from './sitting.ts';

const SCRIPT = fileURLToPath(new URL('./aiortc-publisher.py', import.meta.url));
const FPS = 15;
const SECONDS = 120;

export class AiortcGuest implements Guest {
  readonly index: number;
  readonly name: string;
  readonly fps = FPS;
  readonly loopFrames = SECONDS * FPS;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  private constructor(child: ChildProcess, index: number, name: string) {
    this.#child = child;
    this.index = index;
    this.name = name;
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
  }

  /** Publishes. Rejects with what Python said if it cannot. */
  static async publish(
    service: Service,
    options: { readonly roomId: string; readonly name: string; readonly index: number; readonly of: number },
  ): Promise<AiortcGuest> {
    const { index, of, name, roomId } = options;
    const address = new URL(`/whip/${roomId}?name=${encodeURIComponent(name)}`, service.url);
    const source = {
      ...pageSource({ turn: { index, of }, fps: FPS, seconds: SECONDS, sound: 'tone' }),
      colour: identityYuv(index),
    };
    const token = await service.participantToken(roomId);
    const child = spawn('/usr/bin/python3', [SCRIPT, address.href, token, JSON.stringify(source)]);
    const guest = new AiortcGuest(child, index, name);
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += String(text);
    });
    const published = new Promise<'published'>((resolve) => child.stdout.once('data', () => resolve('published')));
    const outcome = await Promise.race([published, guest.#exited]);
    if (outcome !== 'published') throw new Error(`aiortc ended with ${outcome}:\n${errors.slice(-2000)}`);
    return guest;
  }

  /** Closes the connection and ends. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
  }
}
