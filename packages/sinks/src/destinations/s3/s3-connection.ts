import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { loadPeer } from '../load-peer.js';
import type { S3SinkOptions } from './s3-sink-options.js';

/** Where a bucket is looked for when nothing says where: AWS redirects from there to the right region. */
const DEFAULT_REGION = 'us-east-1';

/** What of the options says where the service is and who asks. */
export type S3Access = Pick<S3SinkOptions, 'endpoint' | 'region' | 'credentials' | 'forcePathStyle'>;

/** The SDK with a client, loaded on first use. */
export interface S3Connection {
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly client: S3Client;
}

/** @throws {SINK_ERR_PEER} when the SDK is not installed */
export async function connectS3(access: S3Access): Promise<S3Connection> {
  const sdk = await loadPeer('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'));
  const config = configOf(access);
  const client = new sdk.S3Client(config);
  if (await hasRegion(client)) return { sdk, client };
  client.destroy();
  return { sdk, client: new sdk.S3Client({ ...config, region: DEFAULT_REGION }) };
}

function configOf({ region, credentials, forcePathStyle, ...rest }: S3Access): S3ClientConfig {
  const endpoint = rest.endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(credentials && { credentials }),
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    followRegionRedirects: true,
    // Other services than AWS do not know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Whoever writes the batch tries again.
    maxAttempts: 1,
  };
}

async function hasRegion(client: S3Client): Promise<boolean> {
  try {
    return (await client.config.region()) !== '';
  } catch {
    return false;
  }
}
