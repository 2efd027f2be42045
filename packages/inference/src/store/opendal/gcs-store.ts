import { bucketAddress } from '../remote/bucket-address.js';
import { DEFAULT_TIMEOUT_MS } from '../remote/stall-guard.js';
import type { StoreOptions } from '../store-options.js';
import { loadOpendal } from './opendal-module.js';
import { OpendalStore } from './opendal-store.js';

/** `gs://bucket/prefix`. @throws {INF_ERR_STORE_URI} */
export async function openGcs(url: URL, options: StoreOptions): Promise<OpendalStore> {
  const { bucket, path } = bucketAddress(url);
  const { gcs = {} } = options;
  const { Operator } = options.opendal ?? (await loadOpendal('gs'));
  const operator = new Operator('gcs', {
    bucket,
    root: `/${path}`,
    ...(gcs.endpoint && { endpoint: gcs.endpoint }),
    ...(gcs.credentialPath && { credential_path: gcs.credentialPath }),
    ...(gcs.anonymous && { allow_anonymous: 'true', disable_vm_metadata: 'true', disable_config_load: 'true' }),
  });
  const uri = `gs://${bucket}/${path}`;
  const timeoutMs = gcs.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new OpendalStore(operator, {
    uri,
    identity: `${uri} at ${gcs.endpoint ?? 'Google'}`,
    timeoutMs,
    clock: options.clock,
  });
}
