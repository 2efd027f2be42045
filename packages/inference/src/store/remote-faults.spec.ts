import { type Fault, FileServer, type FileServerOptions, ManualClock, type SeenRequest } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from './open-store.js';
import type { StoreFile } from './store.js';
import type { StoreOptions } from './store-options.js';

const CONTENT = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) % 253));
const QUICK = { backoffMs: 1 };

let server: FileServer;
afterEach(() => server.close());

async function start(options: FileServerOptions): Promise<void> {
  server = await FileServer.start(options);
  server.put('m/1/model.onnx', CONTENT);
}

/** Each fault once, for requests of the model file; after them all is well. */
function fail(...faults: Fault[]): void {
  server.fault = ({ path }) => (path.endsWith('model.onnx') ? faults.shift() : undefined);
}

const modelRequests = (): SeenRequest[] =>
  server.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('model.onnx'));

async function contentOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

const kinds = [
  { kind: 'HTTP', options: {}, open: (more: StoreOptions) => openStore(server.url, more) },
  {
    kind: 'S3',
    options: { s3Bucket: 'models' },
    open: ({ http, ...more }: StoreOptions) => {
      const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
      const s3 = {
        endpoint: server.url,
        region: 'eu-1',
        credentials,
        ...(http?.timeoutMs && { timeoutMs: http.timeoutMs }),
      };
      return openStore('s3://models', { ...more, s3 });
    },
  },
] as const;

describe.each(kinds)('a failing $kind server', ({ options, open }) => {
  beforeEach(() => start(options));

  const opened = async (more: StoreOptions = {}) => {
    const store = await open({ retry: QUICK, ...more });
    const [file] = await store.list('');
    return { store, file: file!, read: async () => contentOf(await store.read(file!)) };
  };

  it('that cuts connections is read on from where it cut, and no byte twice', async () => {
    const { read } = await opened();
    fail({ cutAfter: 70_000 }, { status: 503 }, { cutAfter: 50_000 });
    expect((await read()).equals(CONTENT)).toBe(true);
    expect(modelRequests().map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=70000-',
      'bytes=70000-',
      'bytes=120000-',
    ]);
  });

  it('that cuts at the same byte each time is given up in the end', async () => {
    const { read } = await opened();
    fail({ cutAfter: 70_000 }, { cutAfter: 0 }, { cutAfter: 0 }, { cutAfter: 0 });
    await expect(read()).rejects.toMatchObject({
      code: 'INF_ERR_STORE_UNAVAILABLE',
      message: expect.stringContaining('(asked 4 times)'),
    });
  });

  it('that is busy is asked again, and given up after the attempts', async () => {
    server.fault = () => ({ status: 503 });
    const store = await open({ retry: { ...QUICK, attempts: 3 } });
    await expect(store.list('')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_UNAVAILABLE',
      category: 'UNAVAILABLE',
      message: expect.stringContaining('(asked 3 times)'),
    });
    expect(server.requests).toHaveLength(3);
    server.fault = undefined;
    expect(await store.list('')).toHaveLength(1);
  });

  it('that says when to come again is given that time', async () => {
    const clock = new ManualClock();
    const { store, file } = await opened({ clock });
    fail({ status: 429, headers: { 'retry-after': '3' } });
    const content = store.read(file).then(contentOf);
    await until(() => modelRequests().at(-1)?.status === 429);
    clock.advance(2_900);
    await turns();
    expect(modelRequests()).toHaveLength(1);
    await advanceUntil(clock, 100, content);
    expect((await content).equals(CONTENT)).toBe(true);
    expect(modelRequests()).toHaveLength(2);
  });

  it('that falls silent in the middle is left after the time limit, and asked for the rest', async () => {
    const clock = new ManualClock();
    const { store, file } = await opened({ clock, http: { timeoutMs: 5_000 } });
    fail({ stallAfter: 70_000 });
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of await store.read(file)) bytes += chunk.length;
    })();
    await until(() => bytes === 70_000);
    await advanceUntil(clock, 5_000, reading);
    expect(bytes).toBe(CONTENT.length);
    expect(modelRequests().at(-1)!.headers.range).toBe('bytes=70000-');
  });

  it('that is slow but moves may take longer than the time limit in all', async () => {
    const clock = new ManualClock();
    const { store, file } = await opened({ clock, http: { timeoutMs: 5_000 } });
    let goOn!: () => void;
    fail({ stallAfter: 70_000, until: new Promise<void>((resolve) => (goOn = resolve)) });
    let bytes = 0;
    const reading = (async () => {
      const chunks = await store.read(file);
      clock.advance(4_000);
      for await (const chunk of chunks) bytes += chunk.length;
    })();
    await until(() => bytes === 70_000);
    clock.advance(4_000);
    goOn();
    await reading;
    expect(bytes).toBe(CONTENT.length);
    expect(modelRequests()).toHaveLength(1);
  });

  it('whose file changes between two parts never gives a mixture', async () => {
    const { read } = await opened();
    fail({ cutAfter: 70_000 });
    const reading = read();
    server.fault = undoWhenAsked(() => server.put('m/1/model.onnx', Buffer.alloc(CONTENT.length, 1)), server.fault!);
    await expect(reading).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED', category: 'ABORTED' });
  });

  it('that denies is not asked again', async () => {
    const { read } = await opened();
    fail({ status: 403 }, { status: 403 });
    await expect(read()).rejects.toMatchObject({ code: 'INF_ERR_STORE_DENIED', category: 'PERMISSION_DENIED' });
    expect(modelRequests()).toHaveLength(1);
  });

  it('that is not there is unavailable', async () => {
    const store = await open({ retry: { attempts: 1 } });
    await server.close();
    await expect(store.list('')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_UNAVAILABLE',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
    server = await FileServer.start();
  });
});

/** Calls `first` when the file is asked for the second time, before it is answered. */
function undoWhenAsked(
  first: () => void,
  fault: (request: SeenRequest) => Fault | undefined,
): (request: SeenRequest) => Fault | undefined {
  let asked = 0;
  return (request) => {
    if (request.path.endsWith('model.onnx') && ++asked === 2) first();
    return fault(request);
  };
}

/** After the I/O that is under way: no time passes for the code under test. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turns();
}

function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets the clock run in steps until `work` has ended. */
async function advanceUntil(clock: ManualClock, stepMs: number, work: Promise<unknown>): Promise<void> {
  let ended = false;
  const end = (): void => void (ended = true);
  work.then(end, end);
  while (!ended) {
    clock.advance(stepMs);
    for (let i = 0; i < 20 && !ended; i++) await turns();
  }
}

describe('an S3 service whose clock is an hour off', () => {
  it('is asked again by its own clock', async () => {
    await start({ s3Bucket: 'models', clockOffsetMs: 3_600_000 });
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
    const s3 = { endpoint: server.url, region: 'eu-1', credentials };
    const store = await openStore('s3://models', { s3, retry: QUICK });
    const files: readonly StoreFile[] = await store.list('');
    expect(files).toHaveLength(1);
    expect(server.requests.map(({ status }) => status)).toEqual([403, 200]);
    expect((await contentOf(await store.read(files[0]!))).equals(CONTENT)).toBe(true);
  });
});
