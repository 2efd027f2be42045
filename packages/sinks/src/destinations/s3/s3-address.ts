import { destinationError } from '../destinations.errors.js';

/** A bucket and what its keys begin with: `''`, or with a slash at its end. */
export interface S3Address {
  readonly bucket: string;
  readonly prefix: string;
}

/** @throws {SINK_ERR_DESTINATION} for text that is no `s3://BUCKET/PREFIX` */
export function s3Address(url: string): S3Address {
  const [, bucket, path = ''] = /^s3:\/\/([a-zA-Z0-9][\w.-]*)(?:\/(.*))?$/.exec(url) ?? [];
  if (bucket === undefined)
    throw destinationError('SINK_ERR_DESTINATION', `'${url}' is no address of a bucket: write s3://BUCKET/PREFIX`);
  const prefix = path.replace(/^\/+|\/+$/g, '');
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}
