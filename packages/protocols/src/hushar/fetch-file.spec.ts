import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { StoreCache } from '@witan/inference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchFile } from './fetch-file.js';

const FILES: Readonly<Record<string, string>> = {
  'model.onnx': 'model',
  'model.onnx.data': 'weights',
  'other.onnx': 'other',
  'fraud.json': '{}',
};
const index = { files: Object.entries(FILES).map(([path, content]) => ({ path, bytes: content.length })) };

describe('a file that a config names', () => {
  let server: Server;
  let url: string;
  let cacheDir: string;
  const retry = { attempts: 1 };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    cacheDir = await mkdtemp(join(tmpdir(), 'witan-fetch-'));
    server = createServer((request, response) => {
      const name = basename(request.url!);
      const body = name === 'index.json' ? JSON.stringify(index) : FILES[name];
      response.writeHead(body === undefined ? 404 : 200, {
        etag: '"1"',
        'content-length': Buffer.byteLength(body ?? ''),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models`;
  });
  afterAll(async () => {
    server.close();
    await rm(cacheDir, { recursive: true, force: true });
  });

  it('lies where it lies, when it is here', async () => {
    expect(await fetchFile('model_path', '/here/model.onnx', new StoreCache({ cacheDir }), {})).toBe(
      '/here/model.onnx',
    );
  });

  it('is fetched from its store, with what belongs to it, and still there when the store is not', async () => {
    const cache = new StoreCache({ cacheDir });
    const path = await fetchFile('model_path', `${url}/model.onnx`, cache, { http: {}, retry });
    expect(await readFile(path, 'utf8')).toBe('model');
    expect(await readFile(join(dirname(path), 'model.onnx.data'), 'utf8')).toBe('weights');
    await expect(readFile(join(dirname(path), 'other.onnx'))).rejects.toThrow('ENOENT');
    await expect(fetchFile('model_path', `${url}/none.onnx`, cache, { retry })).rejects.toMatchObject({
      code: 'HUSHAR_ERR_CONFIG',
      message: expect.stringMatching(/^model_path http.*none\.onnx: there is no such file/),
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const later = new StoreCache({ cacheDir });
    expect(await readFile(await fetchFile('model_path', `${url}/model.onnx`, later, { retry }), 'utf8')).toBe('model');
  });
});
