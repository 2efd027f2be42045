import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3StoreOptions } from '../store-options.js';

/** Where a bucket is looked for when nothing says where: AWS redirects from there to the right region. */
const DEFAULT_REGION = 'us-east-1';

export type S3Module = typeof import('@aws-sdk/client-s3');

/** The SDK with a client, loaded when a store is first asked: it takes longer to load than a server to start. */
export interface S3Connection {
  readonly sdk: S3Module;
  readonly client: S3Client;
}

export async function connectS3(options: S3StoreOptions): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3');
  const config = configOf(options);
  const client = new sdk.S3Client(config);
  if (await hasRegion(client)) return { sdk, client };
  client.destroy();
  return { sdk, client: new sdk.S3Client({ ...config, region: DEFAULT_REGION }) };
}

/** The service's URL, where it is not AWS; the variables are those of the SDK. */
export function endpointOf({ endpoint }: S3StoreOptions): string | undefined {
  return endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
}

function configOf(options: S3StoreOptions): S3ClientConfig {
  const endpoint = endpointOf(options);
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(options.region !== undefined && { region: options.region }),
    ...credentialsOf(options),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    followRegionRedirects: true,
    // The store asks again itself: with the application's clock, and from where a download was cut.
    maxAttempts: 1,
  };
}

function credentialsOf({ credentials }: S3StoreOptions): S3ClientConfig {
  if (credentials === undefined) return {};
  if (credentials !== 'anonymous') return { credentials };
  return {
    credentials: { accessKeyId: '', secretAccessKey: '' },
    signer: { sign: (request) => Promise.resolve(request) },
  };
}

async function hasRegion(client: S3Client): Promise<boolean> {
  try {
    return (await client.config.region()) !== '';
  } catch {
    return false;
  }
}
