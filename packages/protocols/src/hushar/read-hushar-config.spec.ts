import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { vectorWorkload } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { husharApplication, husharListenOptions, husharModule } from './hushar-application.js';
import { HusharClient } from './hushar-client.spec.support.js';
import { husharConfigOf, readHusharConfig } from './read-hushar-config.js';

const whole = {
  connection_concurrency: 50,
  model_path: 's3://bucket/models/fraud.onnx',
  model_id: 'fraud_1',
  port_number: 8279,
  vectorization_instruction_path: 's3://bucket/fraud.json',
};

describe('a service config', () => {
  it('of Hushar is taken as it is', () => {
    expect(husharConfigOf(whole, '/etc/service.json')).toEqual(whole);
    expect(husharListenOptions(husharConfigOf(whole, ''))).toEqual({ grpc: 8279, http: false, host: '0.0.0.0' });
  });

  it('may have local paths, relative to its folder', () => {
    const local = { ...whole, model_path: 'm/fraud.onnx', vectorization_instruction_path: '/data/fraud.json' };
    expect(husharConfigOf(local, '/etc/hushar/service.json')).toMatchObject({
      model_path: '/etc/hushar/m/fraud.onnx',
      vectorization_instruction_path: '/data/fraud.json',
    });
  });

  it('may leave out the port and the concurrency', () => {
    const { connection_concurrency: _, port_number: __, ...rest } = whole;
    expect(husharConfigOf(rest, '')).toEqual({ ...rest, port_number: 8279 });
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', [], /JSON object/],
    ['no model', { ...whole, model_path: undefined }, /model_path is missing/],
    ['an empty model', { ...whole, model_path: '' }, /model_path is ""/],
    ['a model with a NUL', { ...whole, model_path: 'a\0b' }, /model_path/],
    ['no name', { ...whole, model_id: 7 }, /model_id is 7/],
    ['no vectorization', { ...whole, vectorization_instruction_path: null }, /vectorization_instruction_path is null/],
    ['a port of text', { ...whole, port_number: '8279' }, /port_number is "8279": give a whole number from 0 to 65535/],
    ['a port too large', { ...whole, port_number: 70_000 }, /port_number is 70000/],
    ['no calls at all', { ...whole, connection_concurrency: 0 }, /connection_concurrency is 0/],
    ['half a call', { ...whole, connection_concurrency: 1.5 }, /connection_concurrency is 1.5/],
  ])('with %s is refused', (_, json, message) => {
    expect(() => husharConfigOf(json, '/etc/service.json')).toThrow(
      expect.objectContaining({ code: 'HUSHAR_ERR_CONFIG', message: expect.stringMatching(message) }) as Error,
    );
    expect(() => husharConfigOf(json, '/etc/service.json')).toThrow(/^\/etc\/service.json: /);
  });
});

describe('an application of a service config', () => {
  let folder: string;
  let file: string;
  const { modelPath, vectorizationPath, message, scores } = vectorWorkload('w3');
  const write = (more: object): Promise<void> => writeFile(file, JSON.stringify({ ...config(), ...more }));
  const config = (): object => ({
    ...whole,
    model_path: relative(folder, modelPath),
    vectorization_instruction_path: vectorizationPath,
    port_number: 0,
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'witan-hushar-'));
    file = join(folder, 'service.json');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('answers on the port that it says', async () => {
    await write({});
    const read = await readHusharConfig(file);
    const create = { logger: false, abortOnError: false } as const;
    const app = await husharApplication(read, { create, model: { trusted: true, execution: 'inline' } });
    const addresses = await app.listen({ ...husharListenOptions(read), host: '127.0.0.1', banner: false });
    const client = new HusharClient(addresses.grpc!);
    const { outputs } = await client.call(message);
    outputs.forEach((row, i) => expect(row.scores[0]).toBeCloseTo(scores[i]![0]!, 5));
    expect(addresses.http).toBeUndefined();
    client.close();
    await app.close();
  });

  it('is refused when the config is not there, or is no JSON', async () => {
    await expect(readHusharConfig(join(folder, 'none.json'))).rejects.toMatchObject({
      code: 'HUSHAR_ERR_CONFIG',
      message: expect.stringMatching(/none\.json cannot be read: ENOENT/),
    });
    await writeFile(file, '{');
    await expect(readHusharConfig(file)).rejects.toThrow(/is not JSON/);
  });

  it('is refused when there is no store for a URL', async () => {
    await write({ model_path: 'ftp://host/model.onnx' });
    await expect(husharModule(await readHusharConfig(file))).rejects.toMatchObject({ code: 'INF_ERR_STORE_URI' });
  });
});
