import { WitanError } from '@witan/core';
import type { StallGuard } from '../remote/stall-guard.js';
import { storeError } from '../store.errors.js';

/** What the SDK throws, by shape. */
interface S3Exception extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly Code?: string;
  readonly code?: string;
}

/** Errors about who asks; some come as 400. */
const DENIED = new Set([
  'CredentialsProviderError',
  'AccessDenied',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);

/** The status of an S3 answer; by it and not by the name, which the SDK leaves `Unknown` for 304 and HEAD. */
export function statusOf(error: unknown): number | undefined {
  return (error as S3Exception).$metadata?.httpStatusCode;
}

/** What the SDK threw for `what`, as an error of the store table; the caller's own reason when it was the caller who gave up. */
export function s3Fault(error: unknown, what: string, guard?: StallGuard): unknown {
  if (WitanError.is(error)) return error;
  try {
    guard?.throwIfCalledOff();
  } catch (reason) {
    return reason;
  }
  if (guard?.stalled) {
    return storeError('INF_ERR_STORE_UNAVAILABLE', `${what}: nothing came for ${guard.timeoutMs} ms`, { cause: error });
  }
  return byName(error as S3Exception, what) ?? byStatus(error as S3Exception, what);
}

function byName(error: S3Exception, what: string): Error | undefined {
  const options = { cause: error };
  if (error.name === 'CredentialsProviderError') {
    const text = `${what}: no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role, or \`credentials: 'anonymous'\` for a public bucket`;
    return storeError('INF_ERR_STORE_DENIED', text, options);
  }
  if (DENIED.has(error.name)) return storeError('INF_ERR_STORE_DENIED', `${what}: ${said(error)}`, options);
  if (error.name === 'NoSuchBucket')
    return storeError('INF_ERR_STORE_ANSWER', `${what}: there is no such bucket`, options);
  // The SDK has read the server's clock by now and signs the next attempt by it.
  if (error.name === 'RequestTimeTooSkewed')
    return storeError('INF_ERR_STORE_UNAVAILABLE', `${what}: ${said(error)}`, options);
  if (/^Checksum mismatch/.test(error.message))
    return storeError('INF_ERR_STORE_CHECKSUM', `${what}: ${said(error)}`, options);
  return undefined;
}

function byStatus(error: S3Exception, what: string): Error {
  const status = statusOf(error);
  const options = { cause: error };
  const text = `${what}: ${status === undefined ? '' : `HTTP ${status}, `}${said(error)}`;
  if (status === undefined || status === 429 || status === 408 || status >= 500) {
    return storeError('INF_ERR_STORE_UNAVAILABLE', text, { ...options, retryAfterMs: retryAfterOf(error) });
  }
  if (status === 401 || status === 403) return storeError('INF_ERR_STORE_DENIED', text, options);
  if (status === 404 || status === 412 || status === 416) {
    return storeError(
      'INF_ERR_STORE_CHANGED',
      `${what} is gone or another file than listed: list the store anew`,
      options,
    );
  }
  // A 200 that was cut fails in the SDK's parser or stream.
  if (status < 400) return storeError('INF_ERR_STORE_UNAVAILABLE', text, options);
  return storeError('INF_ERR_STORE_ANSWER', text, options);
}

function retryAfterOf(error: S3Exception): number | undefined {
  const header = error.$response?.headers?.['retry-after'];
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

function said({ name, message, code }: S3Exception): string {
  const text = message || code || '';
  return (name === 'Error' || text === name ? text : `${name}: ${text}`).replace(/\s+/g, ' ').slice(0, 300);
}
