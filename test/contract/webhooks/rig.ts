/** Webhooks on a real database and real sockets, with a clock that a test sets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { appendEvent, type NewEvent } from '../../../src/catalog/events.ts';
import { insertRecording } from '../../../src/catalog/recordings.ts';
import { createRoom } from '../../../src/catalog/rooms.ts';
import type { RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import type { RecordingConfig, RecordingSubject } from '../../../src/domain/recording.ts';
import { createLogger } from '../../../src/support/log.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';
import { WebhookMetrics } from '../../../src/webhooks/metrics.ts';
import { WebhookSender } from '../../../src/webhooks/sender.ts';
import { SigningKeys } from '../../../src/webhooks/signing-keys.ts';
import { Receiver } from '../../support/webhook-receiver.ts';

export const CONFIG: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
  theme: 'DEFAULT',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
};
const HOUR_MS = 3_600_000;
const ahead = (): Date => new Date(Date.now() + 60_000);
const log = createLogger('test', 'silent');

export class WebhookRig {
  readonly scope = new Scope();
  readonly url: string;
  readonly catalog: Catalog;
  readonly keys: SigningKeys;
  /** The sender's clock. Events are dated by the machine's: this one is a minute ahead, so that they are all due. */
  now = ahead();

  private constructor(scope: Scope, url: string, catalog: Catalog) {
    this.scope = scope;
    this.url = url;
    this.catalog = catalog;
    this.keys = new SigningKeys(catalog, () => this.now);
  }

  static async start(): Promise<WebhookRig> {
    const scope = new Scope();
    const dataDir = mkdtempSync(join(tmpdir(), 'webhooks-pg-'));
    scope.own('folder', dataDir, () => rmSync(dataDir, { recursive: true, force: true }));
    const postgres = scope.own('postgres', await openEmbeddedPostgres({ dataDir, log }), (it) => it.stop());
    const opened = scope.own('catalog', await openCatalog({ url: postgres.url, log }), (it) => it.close());
    const rig = new WebhookRig(scope, postgres.url, opened.catalog);
    await rig.keys.ensure();
    return rig;
  }

  /** Forgets everything but the keys; the clock is right again. */
  async clear(): Promise<void> {
    await this.catalog.deleteFrom('events').execute();
    await this.catalog.deleteFrom('gone_endpoints').execute();
    this.now = ahead();
  }

  async receiver(): Promise<Receiver> {
    const receiver = await Receiver.start();
    return this.scope.own('receiver', receiver, (it) => it.close());
  }

  sender(over: Partial<ConstructorParameters<typeof WebhookSender>[0]> = {}): WebhookSender {
    const sender = new WebhookSender({
      catalog: this.catalog,
      keys: this.keys,
      reach: { allowed: ['127.0.0.0/8'] },
      fileUrlOf: (fileId, baseUrl) => `${baseUrl ?? 'http://localhost'}/v1/files/${fileId}`,
      timeoutMs: 5_000,
      windowMs: 72 * HOUR_MS,
      metrics: new WebhookMetrics(),
      log,
      now: () => this.now,
      random: () => 0.5,
      ...over,
    });
    return this.scope.own('sender', sender, (it) => it.close());
  }

  /** Does what is due until nothing is, by the rig's clock. Resolves with when something is due next. */
  async send(sender: WebhookSender): Promise<Date | null> {
    await sender.sendDue();
    await sender.settled();
    return sender.sendDue();
  }

  /** Sends, and sets the clock to the next attempt, so many times at most. Resolves with the attempts' times, in seconds from the first. */
  async sendFor(sender: WebhookSender, hours: number): Promise<number[]> {
    const begin = this.now.getTime();
    const times: number[] = [];
    for (;;) {
      times.push((this.now.getTime() - begin) / 1000);
      const next = await this.send(sender);
      if (!next || next.getTime() > begin + hours * HOUR_MS) return times;
      this.now = next;
    }
  }

  async room(webhook: { endPoint: string; events: string[] } | null = null): Promise<RoomId> {
    const roomId = newRoomId<RoomId>();
    await createRoom(this.catalog, { id: newHexId(), roomId, customRoomId: null, webhook });
    return roomId;
  }

  async recording(
    roomId: RoomId,
    over: { webhookUrl?: string; baseUrl?: string; subject?: RecordingSubject } = {},
  ): Promise<{ id: RecordingId; sessionId: SessionId }> {
    const id = newHexId<RecordingId>();
    const sessionId = newHexId<SessionId>();
    await insertRecording(this.catalog, { id, roomId, sessionId, config: CONFIG, dueAt: null, ...over });
    return { id, sessionId };
  }

  /** An event of a recording that is there. */
  append(event: Pick<NewEvent, 'type' | 'roomId' | 'recordingId'> & Partial<NewEvent>) {
    return appendEvent(this.catalog, { sessionId: null, ...event });
  }
}
