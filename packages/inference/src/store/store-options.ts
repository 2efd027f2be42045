import type { Clock } from '@witan/core';
import type { OpendalModule } from './opendal/opendal-module.js';

/** Options of an HTTP(S) store. */
export interface HttpStoreOptions {
  /** Sent with every request, `authorization` for example; not sent on to another host that a redirect names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long nothing may come, headers or bytes; a download that moves may take as long as it needs. @default 30_000 */
  readonly timeoutMs?: number;
  /** The manifest's path below the URL. @default 'index.json' */
  readonly manifest?: string;
}

/** Keys for an S3-compatible service. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Options of an S3-compatible store. */
export interface S3StoreOptions {
  /** The URL of a service other than AWS. @default AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS itself */
  readonly endpoint?: string;
  /** @default what the AWS SDK finds (AWS_REGION, profile), else `us-east-1` */
  readonly region?: string;
  /** `'anonymous'`: requests are not signed, for public buckets. @default what the AWS SDK finds (environment, profile, role) */
  readonly credentials?: S3Credentials | 'anonymous';
  /** The bucket in the path, not in the host name. @default true with an `endpoint` */
  readonly forcePathStyle?: boolean;
  /** How long nothing may come, headers or bytes. @default 30_000 */
  readonly timeoutMs?: number;
  /** A manifest below the prefix to read in place of listing the bucket: cheap polls, and checksums. @default none */
  readonly manifest?: string;
}

/** Options of an Azure Blob store; it needs the package `opendal`. */
export interface AzureStoreOptions {
  /** @default AZURE_STORAGE_ACCOUNT */
  readonly account?: string;
  /** The account's key, in base64. @default AZURE_STORAGE_KEY, unless a `sasToken` is given */
  readonly key?: string;
  /** A shared access signature, as it stands in a URL. */
  readonly sasToken?: string;
  /** @default `https://ACCOUNT.blob.core.windows.net` */
  readonly endpoint?: string;
  /** How long one part of a file, or one listing, may take. @default 30_000 */
  readonly timeoutMs?: number;
}

/** Options of a Google Cloud Storage store; it needs the package `opendal`. */
export interface GcsStoreOptions {
  /** A file with a service account's key. @default GOOGLE_APPLICATION_CREDENTIALS, or the machine's own account */
  readonly credentialPath?: string;
  /** Requests are not signed, for public buckets. @default false */
  readonly anonymous?: boolean;
  /** @default `https://storage.googleapis.com` */
  readonly endpoint?: string;
  /** How long one part of a file, or one listing, may take. @default 30_000 */
  readonly timeoutMs?: number;
}

/** How often a store that does not answer is asked again. */
export interface StoreRetryOptions {
  /** Attempts in a row without progress, the first one too. @default 4 */
  readonly attempts?: number;
  /** The wait before the second attempt, in milliseconds; doubled each time, and of that a random half to whole. @default 200 */
  readonly backoffMs?: number;
  /** The longest wait, in milliseconds; also how long a `Retry-After` may be to be waited for. @default 10_000 */
  readonly maxBackoffMs?: number;
}

/** Options of `openStore`. */
export interface StoreOptions {
  readonly http?: HttpStoreOptions;
  readonly s3?: S3StoreOptions;
  readonly azure?: AzureStoreOptions;
  readonly gcs?: GcsStoreOptions;
  /** The package `opendal`, where it is not found by its name. @default `await import('opendal')` */
  readonly opendal?: OpendalModule;
  readonly retry?: StoreRetryOptions;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
  /** Numbers in [0, 1) for the jitter of waits, for tests. @default Math.random */
  readonly random?: () => number;
}
