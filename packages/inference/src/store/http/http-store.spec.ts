import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { FileServer } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from '../open-store.js';
import type { Store, StoreFile } from '../store.js';

const ONCE = { retry: { attempts: 1 } };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function fileServer(...options: Parameters<typeof FileServer.start>): Promise<FileServer> {
  const server = await FileServer.start(...options);
  closers.push(() => server.close());
  return server;
}

/** A server that does what the test says, and its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function read(store: Store, file: StoreFile): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(file)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a manifest', () => {
  const listed = async (manifest: string) => {
    const server = await fileServer();
    server.put('index.json', manifest);
    return (await openStore(server.url, ONCE)).list('');
  };
  const entry = (fields: object): string => JSON.stringify({ files: [{ bytes: 1, etag: '"x"', ...fields }] });

  it.each(['../../etc/passwd', '/etc/passwd', 'a/../../b', 'a\\..\\b', 'C:\\x', 'a\0', '', 'a//b'])(
    'that names the path %j is not believed at all',
    async (path) => {
      await expect(listed(entry({ path }))).rejects.toMatchObject({ code: 'INF_ERR_STORE_PATH' });
    },
  );

  it.each([
    ['<html>404</html>', 'no JSON'],
    ['[]', "no list 'files'"],
    ['null', "no list 'files'"],
    ['{"files":{}}', "no list 'files'"],
    ['{"files":[1]}', 'files[0] is no object'],
    [entry({}), 'files[0].path is no text'],
    [entry({ path: 'a', bytes: -1 }), 'bytes is no whole number'],
    [entry({ path: 'a', bytes: '1' }), 'bytes is no whole number'],
    [entry({ path: 'a', sha256: 'abc' }), 'sha256 is not 64 hexadecimal digits'],
    [entry({ path: 'a', etag: 1 }), 'etag is no text'],
    ['{"files":[{"path":"a","bytes":1},{"path":"a","bytes":2}]}', 'listed twice'],
  ])('%s says what is wrong', async (manifest, text) => {
    await expect(listed(manifest)).rejects.toMatchObject({
      code: 'INF_ERR_STORE_ANSWER',
      message: expect.stringContaining(text),
    });
  });

  it('without end is given up', async () => {
    const url = await serve((_, response) => {
      const chunk = Buffer.alloc(1 << 20, ' ');
      const send = (): void => void (response.destroyed || response.write(chunk, send));
      send();
    });
    await expect((await openStore(url, ONCE)).list('')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_ANSWER',
      message: expect.stringContaining('33554432 bytes'),
    });
  });

  it('that is missing is told with how one looks', async () => {
    const url = await serve((_, response) => void response.writeHead(404).end());
    await expect((await openStore(`${url}/models`, ONCE)).list('')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_ANSWER',
      message: expect.stringContaining(`${url}/models/index.json: write { "files"`),
    });
  });

  it('that is unchanged is asked for by its tag, and the listing stays the very same', async () => {
    const server = await fileServer();
    server.put('m.onnx', 'abc');
    const store = await openStore(server.url);
    const files = await store.list('');
    expect(await store.list('')).toBe(files);
    expect(server.requests.map(({ status }) => status)).toEqual([200, 304]);
  });

  it('may have another name', async () => {
    const server = await fileServer();
    server.put('list/all.json', entry({ path: 'm.onnx' }));
    const store = await openStore(server.url, { http: { manifest: 'list/all.json' } });
    expect(await store.list('')).toMatchObject([{ path: 'm.onnx' }]);
  });
});

describe('content', () => {
  it('with another SHA-256 than the manifest gives is an error', async () => {
    const server = await fileServer({ manifestFields: ['bytes', 'sha256'] });
    server.put('m.onnx', 'right');
    const store = await openStore(server.url, ONCE);
    const [file] = await store.list('');
    server.fault = ({ path }) => (path === 'm.onnx' ? { corrupt: true } : undefined);
    await expect(read(store, file!)).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHECKSUM' });
  });

  it('is right from a server that answers a part with the whole', async () => {
    const server = await fileServer();
    server.put('m.onnx', '0123456789');
    const store = await openStore(server.url, { retry: { backoffMs: 1 } });
    const [file] = await store.list('');
    const faults = [{ cutAfter: 4 }, { ignoreRange: true }];
    server.fault = ({ path }) => (path === 'm.onnx' ? faults.shift() : undefined);
    expect(await read(store, file!)).toBe('0123456789');
  });

  it('longer than listed is another file', async () => {
    const url = await serve(({ url: path }, response) => {
      if (path === '/index.json') response.end('{"files":[{"path":"m.onnx","bytes":3,"etag":"x"}]}');
      else response.write('more than three', () => response.end());
    });
    const store = await openStore(url, ONCE);
    const [file] = await store.list('');
    await expect(read(store, file!)).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED' });
  });
});

describe('the URL of one .onnx file', () => {
  it('is a store of that file', async () => {
    const server = await fileServer();
    server.put('models/my model.onnx', 'abc');
    const store = await openStore(`${server.url}/models/my%20model.onnx?sig=secret`);
    const [file] = await store.list('');
    expect(file).toMatchObject({ path: 'my model.onnx', bytes: 3 });
    expect(await read(store, file!)).toBe('abc');
    expect(store.uri).toBe(`${server.url}/models/my%20model.onnx`);
  });

  it('works where only GET is allowed', async () => {
    const url = await serve((request, response) => {
      if (request.method !== 'GET') return void response.writeHead(403).end();
      response.writeHead(206, { 'content-range': 'bytes 0-0/3', 'last-modified': 'Sun, 22 Nov 2026 10:00:00 GMT' });
      response.end('a');
    });
    expect(await (await openStore(`${url}/m.onnx`)).list('')).toMatchObject([{ path: 'm.onnx', bytes: 3 }]);
  });

  it('that is not there says so', async () => {
    const server = await fileServer();
    await expect((await openStore(`${server.url}/m.onnx`, ONCE)).list('')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_ANSWER',
      message: expect.stringContaining('404'),
    });
  });
});

describe('credentials', () => {
  const manifest = '{"files":[]}';

  it('of the URL and of the options are sent, and not printed', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization, String(request.headers['x-key']), request.url);
      response.writeHead(500).end();
    });
    const address = `${url.replace('//', '//user:p%40ss@')}/m?token=secret`;
    const store = await openStore(address, { ...ONCE, http: { headers: { 'x-key': 'k' } } });
    const error = await store.list('').catch((each: unknown) => each as Error);
    expect(seen).toEqual([`Basic ${Buffer.from('user:p@ss').toString('base64')}`, 'k', '/m/index.json?token=secret']);
    expect(store.uri).toBe(`${url}/m/`);
    expect(String((error as Error).message)).not.toMatch(/secret|p@ss|p%40ss|token/);
  });

  it('stay behind when a redirect leads to another host, and go along on the same', async () => {
    const there: unknown[] = [];
    const other = await serve((request, response) => {
      there.push(request.headers.authorization, request.headers['x-key']);
      response.end(manifest);
    });
    const here: unknown[] = [];
    const url = await serve((request, response) => {
      here.push(request.headers['x-key']);
      const isFirst = request.url === '/index.json';
      response.writeHead(302, { location: isFirst ? '/again' : `${other}/index.json` }).end();
    });
    const store = await openStore(url.replace('//', '//u:p@'), { http: { headers: { 'x-key': 'k' } } });
    expect(await store.list('')).toEqual([]);
    expect(here).toEqual(['k', 'k']);
    expect(there).toEqual([undefined, undefined]);
  });

  it('redirects without end, and to what is no web address, are refused', async () => {
    const loop = await serve((_, response) => void response.writeHead(302, { location: '/index.json' }).end());
    const file = await serve((_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end());
    for (const url of [loop, file]) {
      await expect((await openStore(url, ONCE)).list('')).rejects.toMatchObject({ code: 'INF_ERR_STORE_ANSWER' });
    }
  });
});
