import { Module } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WitanApplication } from './witan-application.js';
import { WitanFactory } from './witan-factory.js';

@Module({})
class App {}

const number = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };

describe("schemas of the user's own Fastify routes", () => {
  let app: WitanApplication;
  beforeAll(async () => {
    app = await WitanFactory.create(App, { abortOnError: false, logger: false });
    const own = app.fastify;
    own.addSchema({ $id: 'shared', ...number });
    own.post('/body', { schema: { body: { $ref: 'shared#' } } }, (request) => request.body);
    const headers = { type: 'object', properties: { 'X-Key': { type: 'string', minLength: 3 } }, required: ['X-Key'] };
    own.get('/headers', { schema: { headers } }, () => 'in');
    const answer = { type: 'object', properties: { shown: { type: 'string' } } };
    own.get('/answer', { schema: { response: { 200: answer } } }, () => ({ shown: 'yes', hidden: 'no' }));
    await app.init();
  });
  afterAll(() => app.close());

  it('hold bodies, with schemas that are shared', async () => {
    const send = (payload: object) => app.inject({ method: 'POST', url: '/body', payload });
    expect((await send({ n: '7' })).json()).toEqual({ n: 7 });
    expect((await send({ n: 'x' })).statusCode).toBe(400);
  });

  it('hold headers, however their names are written', async () => {
    const send = (headers: Record<string, string>) => app.inject({ url: '/headers', headers });
    expect((await send({ 'x-key': 'long enough' })).body).toBe('in');
    expect((await send({ 'x-key': 'no' })).statusCode).toBe(400);
    expect((await send({})).statusCode).toBe(400);
  });

  it('shape answers', async () => {
    expect((await app.inject('/answer')).json()).toEqual({ shown: 'yes' });
  });
});
