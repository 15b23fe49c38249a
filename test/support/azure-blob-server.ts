/**
 * Stands in for Azure Blob Storage, which no machine of ours can run: the calls that deliveries make, as Microsoft documents them, and strictly.
 * Signatures are checked by the documented rules (Shared Key for requests of the SDK, service SAS for presigned URLs), MD5s against
 * content, a PUT without `x-ms-blob-type: BlockBlob` or with a chunked body is refused as Azure refuses it.
 */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const ACCOUNT = 'devstoreaccount1';
const KEY = Buffer.from('a key of the storage account that only tests know').toString('base64');

interface Blob {
  readonly content: Buffer;
  readonly contentType: string;
  readonly md5: string;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

const md5Of = (content: Buffer): string => createHash('md5').update(content).digest('base64');
const hmac = (text: string): string => createHmac('sha256', Buffer.from(KEY, 'base64')).update(text).digest('base64');

export class AzureBlobServer implements AsyncDisposable {
  readonly blobs = new Map<string, Blob>();
  readonly #blocks = new Map<string, Map<string, Buffer>>();
  readonly #containers = new Set<string>();
  readonly #server: Server;
  /** `METHOD comp` of every request, in order. */
  readonly calls: string[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        const { status, code } = error instanceof Refusal ? error : new Refusal(500, `InternalError ${String(error)}`);
        const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}.\nRequestId:1</Message></Error>`;
        response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code });
        response.end(request.method === 'HEAD' ? undefined : body);
      });
    });
  }

  static async start(): Promise<AzureBlobServer> {
    const server = new AzureBlobServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  createContainer(name: string): void {
    this.#containers.add(name);
  }

  /** Through another port: a proxy's. */
  connectionString(port = this.port, key = KEY): string {
    return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};BlobEndpoint=http://127.0.0.1:${port}/${ACCOUNT};`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://here');
    const method = request.method ?? '';
    const comp = url.searchParams.get('comp') ?? '';
    this.calls.push(`${method} ${comp}`.trim());
    const [, account, container = '', ...parts] = url.pathname.split('/');
    const name = `${container}/${parts.map(decodeURIComponent).join('/')}`;
    const body = await readBody(request);
    this.#authorise(request, url, container, parts.map(decodeURIComponent).join('/'));
    if (account !== ACCOUNT || !this.#containers.has(container)) throw new Refusal(404, 'ContainerNotFound');
    if (method === 'PUT') this.#put(request, url, name, body);
    const headers = { 'x-ms-version': '2021-12-02', ...(method === 'PUT' && { 'content-md5': md5Of(body) }) };
    if (method === 'PUT') {
      response.writeHead(201, headers).end();
    } else if (comp === 'blocklist') {
      const blocks = [...(this.#blocks.get(name) ?? [])];
      if (blocks.length === 0) throw new Refusal(404, 'BlobNotFound');
      const list = blocks.map(([id, { length }]) => `<Block><Name>${id}</Name><Size>${length}</Size></Block>`).join('');
      response.writeHead(200, { ...headers, 'content-type': 'application/xml' });
      response.end(
        `<?xml version="1.0"?><BlockList><CommittedBlocks/><UncommittedBlocks>${list}</UncommittedBlocks></BlockList>`,
      );
    } else {
      this.#read(response, url, name, method === 'HEAD');
    }
  }

  #read(response: ServerResponse, url: URL, name: string, headOnly: boolean): void {
    const blob = this.blobs.get(name);
    if (!blob) throw new Refusal(404, 'BlobNotFound');
    response.writeHead(200, {
      'content-length': blob.content.length,
      'content-type': url.searchParams.get('rsct') ?? blob.contentType,
      'content-disposition': url.searchParams.get('rscd') ?? '',
      'content-md5': blob.md5,
      'x-ms-blob-type': 'BlockBlob',
      etag: '"0x1"',
      'last-modified': new Date(0).toUTCString(),
    });
    response.end(headOnly ? undefined : blob.content);
  }

  #put({ headers }: IncomingMessage, url: URL, name: string, body: Buffer): void {
    if (headers['content-length'] === undefined) throw new Refusal(411, 'MissingContentLengthHeader');
    const sent = headers['content-md5'];
    if (sent !== undefined && sent !== md5Of(body)) throw new Refusal(400, 'Md5Mismatch');
    const comp = url.searchParams.get('comp');
    const contentType = String(headers['x-ms-blob-content-type'] ?? headers['content-type'] ?? '');
    if (comp === 'block') {
      const blocks = this.#blocks.get(name) ?? new Map<string, Buffer>();
      this.#blocks.set(name, blocks.set(url.searchParams.get('blockid') ?? '', body));
    } else if (comp === 'blocklist') {
      const names = [...body.toString('utf8').matchAll(/<(?:Latest|Uncommitted)>([^<]+)</g)].map(([, id = '']) => id);
      const blocks = this.#blocks.get(name);
      const content = Buffer.concat(
        names.map((id) => {
          const block = blocks?.get(id);
          if (!block) throw new Refusal(400, 'InvalidBlockList');
          return block;
        }),
      );
      // Azure keeps the MD5 that it is given for a blob in blocks, and checks nothing.
      this.blobs.set(name, { content, contentType, md5: String(headers['x-ms-blob-content-md5'] ?? '') });
      this.#blocks.delete(name);
    } else {
      if (headers['x-ms-blob-type'] !== 'BlockBlob') throw new Refusal(400, 'MissingRequiredHeader');
      this.blobs.set(name, { content: body, contentType, md5: md5Of(body) });
    }
  }

  #authorise(request: IncomingMessage, url: URL, container: string, blob: string): void {
    const sas = url.searchParams;
    if (sas.has('sig')) {
      const of = (name: string): string => sas.get(name) ?? '';
      if (Date.parse(of('se')) <= Date.now()) throw new Refusal(403, 'AuthenticationFailed');
      const needed = request.method === 'PUT' ? /[cw]/ : /r/;
      if (!needed.test(of('sp'))) throw new Refusal(403, 'AuthorizationPermissionMismatch');
      // "Create a service SAS", string to sign of version 2020-12-06 and later.
      const place = `/blob/${ACCOUNT}/${container}/${blob}`;
      const fields = [of('sp'), of('st'), of('se'), place, of('si'), of('sip'), of('spr'), of('sv'), of('sr'), '', ''];
      const text = [...fields, of('rscc'), of('rscd'), of('rsce'), of('rscl'), of('rsct')].join('\n');
      if (hmac(text) !== of('sig')) throw new Refusal(403, 'AuthenticationFailed');
      return;
    }
    const expected = `SharedKey ${ACCOUNT}:${hmac(sharedKeyText(request, url))}`;
    if (request.headers.authorization !== expected) throw new Refusal(403, 'AuthenticationFailed');
  }
}

/** "Authorize with Shared Key", string to sign of version 2015-02-21 and later. */
const sharedKeyText = ({ method = '', headers }: IncomingMessage, url: URL): string => {
  const of = (name: string): string => String(headers[name] ?? '');
  const length = of('content-length') === '0' ? '' : of('content-length');
  const standard = [
    method,
    of('content-encoding'),
    of('content-language'),
    length,
    of('content-md5'),
    of('content-type'),
    of('date'),
    of('if-modified-since'),
    of('if-match'),
    of('if-none-match'),
    of('if-unmodified-since'),
    of('range'),
  ];
  const own = Object.keys(headers).filter((name) => name.startsWith('x-ms-'));
  const canonicalHeaders = own.sort().map((name) => `${name}:${of(name)}`);
  const query = [...url.searchParams].map(([name, value]) => `${name.toLowerCase()}:${value}`);
  return [...standard, ...canonicalHeaders, `/${ACCOUNT}${url.pathname}`, ...query.sort()].join('\n');
};

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
};
