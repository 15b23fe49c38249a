/** Many people who only send: pre-encoded camera and microphone each, all of them in one process of their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Size } from '../../src/domain/layout.ts';
import type { Turn } from '../../src/synthetic/identity.ts';
import { prepareMedia } from '../../src/synthetic/participant.ts';
import type { PictureOptions } from '../../src/synthetic/picture.ts';
import type { Service } from './service.ts';

const PROCESS = fileURLToPath(new URL('./crowd-process.ts', import.meta.url));
/** Of encoded material; it is sent again and again. */
const SECONDS = 12;
const SIZE = { width: 320, height: 180 };
const CONTENT: PictureOptions['content'] = 'plain';

/** One of them, as the process is told. */
export interface CrowdMember {
  readonly url: string;
  readonly roomId: string;
  readonly token: string;
  readonly name: string;
  readonly turn: Turn;
  readonly epochNs: bigint;
  readonly camera: readonly string[];
  readonly microphone: string | null;
}

export type CrowdRequest =
  | { readonly id: number; readonly type: 'join'; readonly member: CrowdMember }
  | { readonly id: number; readonly type: 'count' | 'leave' };

export interface CrowdReply {
  readonly id: number;
  /** That all of them have sent so far. */
  readonly packets: number;
  /** Connections that broke. */
  readonly lost: readonly string[];
  readonly refused: string | null;
}

/** Without its number, as one of each kind: a distributive `Omit`. */
type Order = { readonly type: 'join'; readonly member: CrowdMember } | { readonly type: 'count' | 'leave' };

export class Crowd {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #requests = 0;

  constructor() {
    this.#child = fork(PROCESS, [], { execArgv: [], serialization: 'advanced' });
    this.#exited = once(this.#child, 'exit');
  }

  /** So many people join a room and send. */
  async join(
    service: Service,
    roomId: string,
    people: number,
    { size = SIZE, content = CONTENT }: { size?: Size; content?: PictureOptions['content'] } = {},
  ): Promise<void> {
    const epochNs = process.hrtime.bigint();
    for (let index = 0; index < people; index++) {
      const name = `Person ${index}`;
      const who = { name, index, of: people, url: service.url, roomId, token: '', seconds: SECONDS, size, content };
      const media = await prepareMedia(who);
      const token = await service.participantToken(roomId, { name });
      const turn = { index, of: people };
      await this.#ask({ type: 'join', member: { url: service.url, roomId, token, name, turn, epochNs, ...media } });
    }
  }

  /** What they have sent so far, and whose connection broke. */
  count(): Promise<CrowdReply> {
    return this.#ask({ type: 'count' });
  }

  /** Everybody leaves; the process ends. */
  async leave(): Promise<void> {
    if (this.#child.connected) await this.#ask({ type: 'leave' });
    await this.close();
  }

  /** Ends the process without a goodbye. Idempotent. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }

  async #ask(order: Order): Promise<CrowdReply> {
    const id = ++this.#requests;
    const answered = new Promise<CrowdReply>((resolve, reject) => {
      const listen = (reply: CrowdReply): void => {
        if (reply.id !== id) return;
        this.#child.off('message', listen);
        resolve(reply);
      };
      this.#child.on('message', listen);
      void this.#exited.then(() => reject(new Error('The process of the crowd ended.')));
    });
    this.#child.send({ id, ...order } satisfies CrowdRequest);
    const reply = await answered;
    if (reply.refused) throw new Error(reply.refused);
    return reply;
  }
}
