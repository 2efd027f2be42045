import { safeFolder } from '../safe-path.js';
import { storeError } from '../store.errors.js';

/** A bucket (or container) and what is named in it: no slash at either end, `''` for all of it. */
export interface BucketAddress {
  readonly bucket: string;
  readonly path: string;
}

/** @throws {INF_ERR_STORE_URI} */
export function bucketAddress(url: URL): BucketAddress {
  const { hostname: bucket, protocol } = url;
  if (bucket === '') throw storeError('INF_ERR_STORE_URI', `${protocol}// needs a bucket: ${protocol}//bucket/prefix`);
  const path = url.pathname.replace(/^\/+|\/+$/g, '');
  try {
    return { bucket, path: safeFolder(decodeURIComponent(path)) };
  } catch (cause) {
    const text = `${protocol}//${bucket}/… names no prefix: ${(cause as Error).message}`;
    throw storeError('INF_ERR_STORE_URI', text, { cause });
  }
}
