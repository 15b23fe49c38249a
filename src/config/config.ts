/**
 * The settings as the program takes them: grouped, units in the names, frozen. `settings.ts` says what each means;
 * `read-settings.ts` where they come from.
 */
import { join } from 'node:path';
import type { IceServer } from './ice-servers.ts';
import { readSettings, type SettingSources } from './read-settings.ts';
import type { SETTINGS, SettingValues } from './settings.ts';

export { ConfigError } from './read-settings.ts';

export type BucketConfig =
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Undefined: AWS, by the region. */
      readonly endpoint: string | undefined;
      readonly region: string;
      readonly forcePathStyle: boolean;
      /** Undefined: as the AWS SDK finds them. */
      readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
    }
  | { readonly kind: 'azure'; readonly container: string; readonly connectionString: string }
  /** Absolute. */
  | { readonly kind: 'folder'; readonly folder: string };

export interface LanguageModelConfig {
  /** Without a trailing slash. */
  readonly url: string;
  readonly key: string | undefined;
  readonly model: string;
  readonly windowTokens: number;
  readonly timeoutMs: number;
  /** Per million tokens. */
  readonly prices: { readonly input: number; readonly output: number; readonly currency: string } | undefined;
}

export interface Config {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Without a trailing slash. */
  readonly publicUrl: string | undefined;
  /** Absolute paths of PEM files. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** True: every proxy; else the networks of those that are believed. */
  readonly trustProxy: true | readonly string[];
  /** `*`, or origins. */
  readonly corsOrigins: readonly string[];
  readonly metricsOpen: boolean;
  readonly shutdownGraceMs: number;
  readonly apiKey: string | undefined;
  readonly apiSecret: string | undefined;
  /** Absolute. */
  readonly dataDir: string;
  /** Undefined: embedded. */
  readonly databaseUrl: string | undefined;
  /** Undefined: the queue lies in the database. */
  readonly redisUrl: string | undefined;
  readonly journalRetentionMs: number;
  /** 0: no limit. */
  readonly journalMaxBytes: number;
  /** 0: for ever. */
  readonly fileRetentionMs: number;
  readonly minFreeDiskBytes: number;
  readonly journalBufferBytes: number;
  readonly fileUrlTtlMs: number;
  /** Where `awsDirPath` leads; undefined: nowhere. */
  readonly bucket: BucketConfig | undefined;
  readonly keepLocal: boolean;
  readonly localRetentionMs: number;
  readonly deliveryRetryMs: number;
  readonly deliveryIdleLimitMs: number;
  readonly webhookTimeoutMs: number;
  readonly webhookRetryWindowMs: number;
  readonly eventRetentionMs: number;
  readonly maxRecordingDurationMs: number;
  /** 0: no limit. */
  readonly maxRecordings: number;
  readonly transitions: boolean;
  readonly compositorConcurrency: number;
  /** Absolute. */
  readonly compositorCgroup: string | undefined;
  readonly transcription: {
    /** Undefined: none; the embedded engine hears. */
    readonly endpoint:
      | { readonly url: string; readonly key: string | undefined; readonly model: string; readonly timeoutMs: number }
      | undefined;
    readonly speechModel: string;
    /** Absolute. */
    readonly modelDir: string;
    readonly modelPull: boolean;
    readonly concurrency: number;
  };
  /** 0: no limit. */
  readonly maxRooms: number;
  readonly rtc: {
    readonly port: number;
    readonly bindAddress: string;
    /** Empty: the machine's own. */
    readonly announcedAddresses: readonly string[];
    readonly tcp: boolean;
    readonly useRemb: boolean;
    readonly iceServers: readonly IceServer[];
  };
  /** Undefined: summaries are made by rules. */
  readonly llm: LanguageModelConfig | undefined;
  /** True: anywhere; else the private networks that callers' URLs may lead into. */
  readonly allowPrivateUrls: true | readonly string[];
  /** A minute; 0: no limit. */
  readonly rateLimits: {
    readonly requestsPerMinute: number;
    readonly joinsPerMinute: number;
    readonly failuresPerMinute: number;
  };
  readonly logLevel: (typeof SETTINGS)['logLevel']['fallback'];
}

const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
};

const toConfig = (values: SettingValues): Config => {
  const { tlsCert, tlsKey } = values;
  return {
    host: values.host,
    port: values.port,
    publicUrl: values.publicUrl?.replace(/\/+$/, ''),
    tls: tlsCert !== undefined && tlsKey !== undefined ? { certFile: tlsCert, keyFile: tlsKey } : undefined,
    trustProxy: values.trustProxy,
    corsOrigins: values.corsOrigins,
    metricsOpen: values.metricsOpen,
    shutdownGraceMs: values.shutdownGrace,
    apiKey: values.apiKey,
    apiSecret: values.apiSecret,
    dataDir: values.dataDir,
    databaseUrl: values.databaseUrl,
    redisUrl: values.redisUrl,
    journalRetentionMs: values.journalRetention,
    journalMaxBytes: values.journalMaxBytes,
    fileRetentionMs: values.fileRetention,
    minFreeDiskBytes: values.minFreeDisk,
    journalBufferBytes: values.journalBuffer,
    fileUrlTtlMs: values.fileUrlTtl,
    bucket: bucketOf(values),
    keepLocal: values.keepLocal,
    localRetentionMs: values.localRetention,
    deliveryRetryMs: values.deliveryRetry,
    deliveryIdleLimitMs: values.deliveryIdleLimit,
    webhookTimeoutMs: values.webhookTimeout,
    webhookRetryWindowMs: values.webhookRetryWindow,
    eventRetentionMs: values.eventRetention,
    maxRecordingDurationMs: values.maxRecordingDuration,
    maxRecordings: values.maxRecordings,
    transitions: values.transitions,
    compositorConcurrency: values.compositorConcurrency,
    compositorCgroup: values.compositorCgroup,
    transcription: {
      endpoint: endpointOf(values),
      speechModel: values.speechModel,
      modelDir: values.modelDir ?? join(values.dataDir, 'models'),
      modelPull: values.modelPull,
      concurrency: values.transcriberConcurrency,
    },
    maxRooms: values.maxRooms,
    rtc: {
      port: values.rtcPort,
      bindAddress: values.rtcBindAddress,
      announcedAddresses: values.rtcAnnouncedAddress,
      tcp: values.rtcTcp,
      useRemb: values.rtcUseRemb,
      iceServers: values.iceServers,
    },
    llm: languageModelOf(values),
    allowPrivateUrls: values.allowPrivateUrls,
    rateLimits: {
      requestsPerMinute: values.rateLimit,
      joinsPerMinute: values.joinRateLimit,
      failuresPerMinute: values.failedAuthLimit,
    },
    logLevel: values.logLevel,
  };
};

/** The settings in force. Throws `ConfigError` with everything that is wrong. */
export const loadConfig = (sources: SettingSources = {}): Config =>
  deepFreeze(structuredClone(toConfig(readSettings(sources))));

/** The settings as they may be shown to the operator and logged: secrets that are set read `[secret]`. */
export const describeConfig = (config: Config): Record<string, unknown> => ({
  ...config,
  apiSecret: config.apiSecret === undefined ? undefined : '[secret]',
  databaseUrl: config.databaseUrl === undefined ? undefined : '[secret]',
  redisUrl: config.redisUrl === undefined ? undefined : '[secret]',
  bucket: config.bucket && describeBucket(config.bucket),
  llm: config.llm && { ...config.llm, key: config.llm.key === undefined ? undefined : '[secret]' },
  transcription: {
    ...config.transcription,
    endpoint: config.transcription.endpoint && {
      ...config.transcription.endpoint,
      key: config.transcription.endpoint.key === undefined ? undefined : '[secret]',
    },
  },
  rtc: { ...config.rtc, iceServers: config.rtc.iceServers.map(({ urls }) => ({ urls })) },
});

const describeBucket = (bucket: BucketConfig): Record<string, unknown> => {
  if (bucket.kind === 'azure') return { ...bucket, connectionString: '[secret]' };
  return bucket.kind === 's3' && bucket.credentials ? { ...bucket, credentials: '[secret]' } : { ...bucket };
};

const endpointOf = (values: SettingValues): Config['transcription']['endpoint'] => {
  const { transcribeUrl: url, transcribeKey: key, transcribeModel: model, transcribeTimeout: timeoutMs } = values;
  return url === undefined ? undefined : { url: url.replace(/\/+$/, ''), key, model, timeoutMs };
};

const bucketOf = (values: SettingValues): BucketConfig | undefined => {
  const { s3Bucket, azureContainer, azureConnectionString, bucketDir } = values;
  if (azureContainer !== undefined && azureConnectionString !== undefined) {
    return { kind: 'azure', container: azureContainer, connectionString: azureConnectionString };
  }
  if (bucketDir !== undefined) return { kind: 'folder', folder: bucketDir };
  if (s3Bucket === undefined) return undefined;
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = values;
  return {
    kind: 's3',
    bucket: s3Bucket,
    endpoint: values.s3Endpoint?.replace(/\/+$/, ''),
    region: values.s3Region,
    forcePathStyle: values.s3ForcePathStyle,
    credentials:
      accessKeyId !== undefined && secretAccessKey !== undefined ? { accessKeyId, secretAccessKey } : undefined,
  };
};

const languageModelOf = (values: SettingValues): LanguageModelConfig | undefined => {
  const { llmUrl, llmModel, llmInputPrice: input, llmOutputPrice: output, llmCurrency: currency } = values;
  if (llmUrl === undefined || llmModel === undefined) return undefined;
  return {
    url: llmUrl.replace(/\/+$/, ''),
    key: values.llmKey,
    model: llmModel,
    windowTokens: values.llmWindow,
    timeoutMs: values.llmTimeout,
    prices: input !== undefined && output !== undefined ? { input, output, currency } : undefined,
  };
};
