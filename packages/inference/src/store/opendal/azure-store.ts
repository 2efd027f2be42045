import { bucketAddress } from '../remote/bucket-address.js';
import { DEFAULT_TIMEOUT_MS } from '../remote/stall-guard.js';
import type { StoreOptions } from '../store-options.js';
import { storeError } from '../store.errors.js';
import { loadOpendal } from './opendal-module.js';
import { OpendalStore } from './opendal-store.js';

/** `az://container/prefix`. @throws {INF_ERR_STORE_URI} */
export async function openAzure(url: URL, options: StoreOptions): Promise<OpendalStore> {
  const { bucket, path } = bucketAddress(url);
  const { azure = {} } = options;
  const account = azure.account ?? process.env['AZURE_STORAGE_ACCOUNT'];
  if (!account) {
    throw storeError('INF_ERR_STORE_URI', 'a store at az: needs the account: azure.account, or AZURE_STORAGE_ACCOUNT');
  }
  const endpoint = azure.endpoint ?? `https://${account}.blob.core.windows.net`;
  const key = azure.key ?? (azure.sasToken === undefined ? process.env['AZURE_STORAGE_KEY'] : undefined);
  const { Operator } = options.opendal ?? (await loadOpendal('az'));
  const operator = new Operator('azblob', {
    container: bucket,
    root: `/${path}`,
    endpoint,
    account_name: account,
    ...(key && { account_key: key }),
    ...(azure.sasToken && { sas_token: azure.sasToken.replace(/^\?/, '') }),
  });
  const uri = `az://${bucket}/${path}`;
  const timeoutMs = azure.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new OpendalStore(operator, { uri, identity: `${uri} at ${endpoint}`, timeoutMs, clock: options.clock });
}
