/**
 * Azure Blob Storage. Every file goes in blocks, each with its MD5, so that the store refuses what was damaged on its way; a later attempt finds
 * the blocks that are there already by their names. The blob carries the file's own MD5, and is asked for it and for its size at the end.
 */
import {
  BlobSASPermissions,
  BlobServiceClient,
  type BlockBlobClient,
  type ContainerClient,
  RestError,
} from '@azure/storage-blob';
import { DeliveryError, type StoredAt, withoutQuery } from '../domain/delivery.ts';
import { printable } from './answer-words.ts';
import { idleLimit } from './idle-limit.ts';
import type { ObjectStore, OutgoingFile, Reach, ReachOptions, SendOptions, Sent } from './object-store.ts';
import { readingOurs, UnreadableFile } from './open-outgoing.ts';
import { md5Of, type Part, sendParts } from './parts.ts';

/** Of one request; whole attempts are repeated by whoever calls. */
const TRIES = 2;
/** How long a redirect to a blob works: players come back for ranges while they play. */
const REACH_MS = 6 * 3_600_000;
/** A SAS begins earlier than now, for clocks that are late. */
const SKEW_MS = 5 * 60_000;

export interface AzureSettings {
  readonly connectionString: string;
  readonly container: string;
  /** Without progress for so long a request is cut. */
  readonly idleMs: number;
}

/** All names of a blob's blocks have the same length. The MD5 tells blocks of this file from those of another that was given up. */
const blockName = ({ number, md5 }: Part): string =>
  Buffer.from(`${String(number).padStart(6, '0')}-${md5.toString('hex')}`).toString('base64');

export class AzureStore implements ObjectStore {
  readonly #settings: AzureSettings;
  readonly #container: ContainerClient;

  constructor(settings: AzureSettings) {
    this.#settings = settings;
    const service = BlobServiceClient.fromConnectionString(settings.connectionString, {
      retryOptions: { maxTries: TRIES },
    });
    this.#container = service.getContainerClient(settings.container);
  }

  async send(objectName: string, file: OutgoingFile, options: SendOptions): Promise<Sent> {
    const { idleMs } = this.#settings;
    const blob = this.#container.getBlockBlobClient(objectName);
    using idle = idleLimit(idleMs, options.signal);
    try {
      const md5 = await readingOurs(md5Of(file.path, options.signal));
      idle.progressed();
      await this.#putBlocks(blob, file, Buffer.from(md5, 'hex'), idle);
      await this.#verify(blob, file, md5, idle.signal);
      const storedAt: StoredAt = {
        type: 'azure',
        bucket: this.#container.containerName,
        path: objectName,
        url: withoutQuery(blob.url),
      };
      return { storedAt, verified: { bytes: file.bytes, md5, by: 'size and MD5 of the blob, MD5 of every block' } };
    } catch (error) {
      options.signal.throwIfAborted();
      throw this.#failure(idle.signal.aborted ? idle.signal.reason : error);
    }
  }

  async abandon(): Promise<void> {
    // Azure removes uncommitted blocks by itself after a week.
  }

  async reach(storedAt: StoredAt, { contentType, disposition }: ReachOptions): Promise<Reach | null> {
    if (storedAt.type !== 'azure') return null;
    const url = await this.#container.getBlockBlobClient(storedAt.path).generateSasUrl({
      permissions: BlobSASPermissions.parse('r'),
      startsOn: new Date(Date.now() - SKEW_MS),
      expiresOn: new Date(Date.now() + REACH_MS),
      contentType,
      contentDisposition: disposition,
    });
    return { kind: 'url', url };
  }

  close(): void {
    // Nothing is kept open between calls.
  }

  async #putBlocks(
    blob: BlockBlobClient,
    file: OutgoingFile,
    md5: Buffer,
    idle: { readonly signal: AbortSignal; readonly progressed: () => void },
  ): Promise<void> {
    const present = await this.#presentBlocks(blob, idle.signal);
    const names = new Map<number, string>();
    const onProgress = idle.progressed;
    await sendParts(file, idle.signal, async (part) => {
      const name = blockName(part);
      names.set(part.number, name);
      if (present.get(name) !== part.content.length) {
        await blob.stageBlock(name, part.content, part.content.length, {
          abortSignal: idle.signal,
          onProgress,
          transactionalContentMD5: part.md5,
        });
      }
      onProgress();
    });
    const ordered = [...names].sort(([a], [b]) => a - b).map(([, name]) => name);
    await blob.commitBlockList(ordered, {
      abortSignal: idle.signal,
      blobHTTPHeaders: { blobContentType: file.contentType, blobContentMD5: md5 },
    });
    onProgress();
  }

  /** Blocks of an earlier attempt that were never committed: name → bytes. */
  async #presentBlocks(blob: BlockBlobClient, signal: AbortSignal): Promise<Map<string, number>> {
    try {
      const { uncommittedBlocks = [] } = await blob.getBlockList('uncommitted', { abortSignal: signal });
      return new Map(uncommittedBlocks.map(({ name, size }) => [name, size]));
    } catch (error) {
      if (error instanceof RestError && error.statusCode === 404 && error.code !== 'ContainerNotFound')
        return new Map();
      throw error;
    }
  }

  async #verify(blob: BlockBlobClient, file: OutgoingFile, md5: string, signal: AbortSignal): Promise<void> {
    const found = await blob.getProperties({ abortSignal: signal });
    if (found.contentLength !== file.bytes) {
      throw new DeliveryError(
        `The container has ${found.contentLength ?? 'an unknown number of'} bytes of the ${file.bytes} that were sent.`,
      );
    }
    const has = found.contentMD5 ? Buffer.from(found.contentMD5).toString('hex') : 'none';
    if (has !== md5) throw new DeliveryError(`The container has the MD5 ${has}, and ${md5} was sent.`);
  }

  #failure(error: unknown): Error {
    // What our disk says is not the container's answer.
    if (error instanceof DeliveryError || error instanceof UnreadableFile) return error;
    const { container } = this.#settings;
    if (error instanceof RestError && error.statusCode !== undefined) {
      const words = printable(error.code ?? error.message.split('\n')[0] ?? '');
      return new DeliveryError(`The container "${container}" answered ${error.statusCode} (${words}).`, {
        cause: error,
      });
    }
    const words = printable(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    return new DeliveryError(`The container "${container}" can't be reached or does not answer (${words}).`, {
      cause: error,
    });
  }
}
