/** What the HTTP side needs of the settings: a part of `Config`, declared here so that this folder knows no settings file. */
import type { RateLimitSettings } from './rate-limits.ts';

export interface ApiConfig {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly trustProxy: true | readonly string[];
  readonly corsOrigins: readonly string[];
  readonly metricsOpen: boolean;
  readonly shutdownGraceMs: number;
  readonly fileUrlTtlMs: number;
  readonly allowPrivateUrls: true | readonly string[];
  readonly rateLimits: RateLimitSettings;
  /** A bucket is configured: `awsDirPath` can be served. */
  readonly hasBucket: boolean;
  readonly maxRecordingDurationMs: number;
  readonly rtc: { readonly iceServers: readonly IceServer[] };
}

/** `RTCIceServer` of WebRTC. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string | undefined;
  readonly credential?: string | undefined;
}

export interface ApiCredentials {
  readonly apiKey: string;
  readonly apiSecret: string;
}
