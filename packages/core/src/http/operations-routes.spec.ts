import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { parseDType } from '../frame/dtype.js';
import type { ColumnSpec, SchemaSpec } from '../schema/spec.js';
import { addDocsRoutes } from './docs-page.js';
import { testApp, testService } from './harness.spec.support.js';
import { openApiDocument } from './open-api-document.js';

describe('health', () => {
  it('tells live and ready, with details', async () => {
    const state = { live: true, ok: false };
    const app = testApp([], {
      deps: { health: { live: () => state.live, ready: () => ({ ok: state.ok, details: { phase: 'starting' } }) } },
    });
    const get = async (url: string) => {
      const answer = await app.fastify.inject(url);
      expect(answer.headers['cache-control']).toBe('no-store');
      return [answer.statusCode, answer.json()];
    };
    expect(await get('/health/live')).toEqual([200, { status: 'ok' }]);
    expect(await get('/health/ready')).toEqual([503, { status: 'unavailable', details: { phase: 'starting' } }]);
    state.ok = true;
    state.live = false;
    expect(await get('/health/live')).toEqual([503, { status: 'failed' }]);
    expect(await get('/health/ready')).toEqual([200, { status: 'ok', details: { phase: 'starting' } }]);
  });

  it('leaves the paths to an application that has its own', async () => {
    const app = testApp([], { before: (fastify) => void fastify.get('/health/live', () => 'mine') });
    expect((await app.fastify.inject('/health/live')).body).toBe('mine');
  });

  it('and the other routes can be switched off', async () => {
    const app = testApp([], { endpoints: { health: false, proto: false, openapi: false } });
    for (const url of ['/health/live', '/health/ready', '/proto', '/openapi.json', '/docs']) {
      expect((await app.fastify.inject(url)).statusCode).toBe(404);
    }
  });
});

describe('/proto and /openapi.json', () => {
  it('serve what they are given, made on first use and once', async () => {
    let made = 0;
    const app = testApp([], {
      deps: { proto: () => 'syntax = "proto3";', openApi: () => ({ openapi: '3.1.0', made: ++made }) },
    });
    const proto = await app.fastify.inject('/proto');
    expect([proto.headers['content-type'], proto.body]).toEqual(['text/plain; charset=utf-8', 'syntax = "proto3";']);
    expect(made).toBe(0);
    expect((await app.fastify.inject('/openapi.json')).json()).toEqual({ openapi: '3.1.0', made: 1 });
    expect((await app.fastify.inject('/openapi.json')).json()).toEqual({ openapi: '3.1.0', made: 1 });
  });

  it('try again after a failure', async () => {
    let calls = 0;
    const app = testApp([], {
      deps: { openApi: () => (calls++ === 0 ? Promise.reject(new Error('not yet')) : { openapi: '3.1.0' }) },
    });
    expect((await app.fastify.inject('/openapi.json')).statusCode).toBe(500);
    expect((await app.fastify.inject('/openapi.json')).statusCode).toBe(200);
  });
});

describe('/docs', () => {
  it('is a page that loads nothing from elsewhere', async () => {
    const app = testApp([]);
    const page = await app.fastify.inject('/docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).not.toMatch(/https?:/);
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(files).toHaveLength(3);
    for (const file of files) {
      const answer = await app.fastify.inject(`/${file}`);
      expect([file, answer.statusCode]).toEqual([file, 200]);
    }
    expect((await app.fastify.inject('/docs/swagger-ui-bundle.js')).body).toContain('SwaggerUIBundle');
  });
});

describe('/docs without Swagger UI', () => {
  it('says what to install', async () => {
    const app = fastify();
    addDocsRoutes(app, {}, () => undefined);
    for (const url of ['/docs', '/docs/swagger-ui.css']) {
      const answer = await app.inject(url);
      expect([answer.statusCode, answer.json().error.code]).toEqual([501, 'CORE_ERR_HTTP_DOCS_MISSING']);
      expect(answer.json().error.message).toContain('npm install @nestjs/swagger');
    }
  });
});

const column = (name: string, dtype: string): ColumnSpec => ({
  name,
  dtype: parseDType(dtype),
  shape: [],
  nullable: false,
  rules: [],
});
const spec = (name: string, ...columns: ColumnSpec[]): SchemaSpec => ({ name, columns, unknown: 'ignore' });

describe('openApiDocument', () => {
  it('describes parameters, every form of request and answer, and errors', () => {
    const runtime = testService('predict/:run', () => undefined as never, {
      name: 'IrisService',
      description: 'Predicts.',
      params: [
        { name: 'run', in: 'path', required: true },
        { name: 'top', in: 'query', required: false },
      ],
      input: spec('Flower', column('a/b', 'f32')),
      output: spec('Length', column('length', 'f64')),
    });
    const document = openApiDocument([runtime], { title: 'Iris', version: '2' }, { prefix: 'api' });
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Iris', version: '2' } });
    const { post } = document.paths['/api/predict/{run}'] as { post: Record<string, unknown> };
    expect(post).toMatchObject({ operationId: 'IrisService', description: 'Predicts.' });
    expect(post['parameters']).toEqual(
      expect.arrayContaining([
        { name: 'run', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'top', in: 'query', required: false, schema: { type: 'string' } },
        expect.objectContaining({ name: 'x-request-timeout-ms', in: 'header' }),
      ]),
    );
    const { content } = post['requestBody'] as { content: Record<string, { schema: { oneOf: object[] } }> };
    expect(Object.keys(content)).toEqual(['application/json', 'application/vnd.apache.arrow.stream']);
    expect(content['application/json']!.schema.oneOf).toContainEqual({
      type: 'array',
      items: { $ref: '#/components/schemas/Flower' },
    });
    const responses = post['responses'] as Record<string, { content: object }>;
    expect(Object.keys(responses['200']!.content)).toHaveLength(4);
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining(['400', '413', '415', '422', '429', '500', '503', '504']),
    );
    expect(Object.keys(document.components.schemas)).toEqual(['WitanError', 'Flower', 'Length']);
    expect(document.components.schemas['Flower']).toMatchObject({
      type: 'object',
      properties: { 'a/b': expect.anything() },
    });
    expect(everyReferenceResolves(document)).toBe(true);
  });

  it('describes an untyped service too', () => {
    const document = openApiDocument([testService('any', () => undefined as never)], { title: 'x', version: '1' });
    expect(Object.keys(document.paths)).toEqual(['/any']);
    expect(everyReferenceResolves(document)).toBe(true);
  });
});

function everyReferenceResolves(document: object): boolean {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1]!);
  return references.every((reference) => {
    let at: unknown = document;
    for (const part of reference.split('/')) {
      at = (at as Record<string, unknown>)[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    return at !== undefined;
  });
}
