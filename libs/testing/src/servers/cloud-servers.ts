import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { goTool, npmTool } from './foreign-tool.js';
import { startServer } from './server-process.js';

const AZURITE = '3.37.0';
const FAKE_GCS_SERVER = '1.56.1';
/** Azurite's only account, as its documentation gives it. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** A cloud's storage service on this machine, with one container. */
export interface CloudServer {
  readonly endpoint: string;
  readonly container: string;
  put(path: string, content: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Azure Blob Storage, by Microsoft's own emulator. */
export async function startAzureServer(): Promise<
  (CloudServer & { readonly account: string; readonly key: string }) | { readonly missing: string }
> {
  const tool = await npmTool('azurite', AZURITE);
  if ('missing' in tool) return tool;
  const main = join(tool.path, 'dist', 'src', 'blob', 'main.js');
  const server = await startServer(process.execPath, (port, folder) => [
    ...[main, '--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', folder],
    ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
  ]);
  const endpoint = `http://127.0.0.1:${server.port}/${ACCOUNT}`;
  const send = (method: string, path: string, content?: Uint8Array) => sendToAzure(endpoint, method, path, content);
  await send('PUT', 'models?restype=container');
  return {
    endpoint,
    container: 'models',
    account: ACCOUNT,
    key: KEY,
    put: (path, content) => send('PUT', `models/${encodePath(path)}`, content),
    remove: (path) => send('DELETE', `models/${encodePath(path)}`),
    close: server.close,
  };
}

/** Google Cloud Storage, by a server that speaks its JSON API. */
export async function startGcsServer(): Promise<CloudServer | { readonly missing: string }> {
  const tool = await goTool('fake-gcs-server', FAKE_GCS_SERVER, 'github.com/fsouza/fake-gcs-server');
  if ('missing' in tool) return tool;
  const server = await startServer(tool.path, (port) => [
    ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port)],
    ...['-backend', 'memory', '-public-host', `127.0.0.1:${port}`],
  ]);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const json = { 'content-type': 'application/json' };
  await checked(
    fetch(`${endpoint}/storage/v1/b?project=p`, { method: 'POST', headers: json, body: '{"name":"models"}' }),
  );
  return {
    endpoint,
    container: 'models',
    put: (path, content) => {
      const url = `${endpoint}/upload/storage/v1/b/models/o?uploadType=media&name=${encodeURIComponent(path)}`;
      return checked(fetch(url, { method: 'POST', body: Buffer.from(content) }));
    },
    remove: (path) =>
      checked(fetch(`${endpoint}/storage/v1/b/models/o/${encodeURIComponent(path)}`, { method: 'DELETE' })),
    close: server.close,
  };
}

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** A request signed with the account's key, as Azure's documentation of "Shared Key" has it. */
async function sendToAzure(endpoint: string, method: string, path: string, content?: Uint8Array): Promise<void> {
  const url = new URL(`${endpoint}/${path}`);
  const headers: Record<string, string> = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-08-06' };
  if (content) headers['x-ms-blob-type'] = 'BlockBlob';
  const signed = Object.keys(headers)
    .sort()
    .map((name) => `${name}:${headers[name]}`);
  const query = [...url.searchParams].map(([name, value]) => `\n${name}:${value}`).join('');
  const length = content?.length ? String(content.length) : '';
  const lines = [
    method,
    '',
    '',
    length,
    ...new Array<string>(8).fill(''),
    ...signed,
    `/${ACCOUNT}${url.pathname}${query}`,
  ];
  const signature = createHmac('sha256', Buffer.from(KEY, 'base64')).update(lines.join('\n')).digest('base64');
  headers['authorization'] = `SharedKey ${ACCOUNT}:${signature}`;
  await checked(fetch(url, { method, headers, body: content && Buffer.from(content) }));
}

async function checked(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.url}: HTTP ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}
