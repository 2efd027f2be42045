import { dirname } from 'node:path';
import type { TestingApplication } from '@witan/core/testing';
import { fixtureModel } from '@witan-libs/testing';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oipApplication, tensor } from '../../oip.spec.support.js';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string }[];
  readonly requestBody?: { content: Record<string, { schema: { $ref: string } }> };
  readonly responses: Record<string, { content: Record<string, { schema: { $ref: string } }> }>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

/** Validates by the schemas of a document; every reference in it must lead somewhere. */
function validators(document: Document): (ref: string) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'document');
  const check = (ref: string): ValidateFunction => ajv.compile({ $ref: `document${ref}` });
  for (const ref of JSON.stringify(document).matchAll(/"\$ref":"(#[^"]+)"/g)) check(ref[1]!);
  return check;
}

describe('the OpenAPI documents', () => {
  let app: TestingApplication;
  const get = async <T>(url: string): Promise<T> => (await app.inject(url)).json<T>();

  beforeAll(async () => {
    app = await oipApplication(dirname(fixtureModel('iris')), ['iris', 'mixed-strings', 'identity-f16', 'two-inputs'], {
      witan: { access: { apiKeys: { keys: [{ name: 'a', key: 'sixteen-characters' }] } } },
    });
  });
  afterAll(() => app?.close());

  it.each([
    ['/v2/health/live', '/v2/health/live'],
    ['/v2/health/ready', '/v2/health/ready'],
    ['/v2', '/v2'],
    ['/v2/models', '/v2/models'],
    ['/v2/models/stats', '/v2/models/stats'],
    ['/v2/models/{model}', '/v2/models/mixed-strings'],
    ['/v2/models/{model}/ready', '/v2/models/iris/ready'],
    ['/v2/models/{model}/config', '/v2/models/iris/config'],
    ['/v2/models/{model}/stats', '/v2/models/iris/stats'],
    ['/v2/models/{model}/versions/{version}', '/v2/models/iris/versions/1'],
    ['/v2/trace/setting', '/v2/trace/setting'],
    ['/v2/logging', '/v2/logging'],
  ])('the server’s describes what %s answers', async (path, url) => {
    const document = await get<Document>('/v2/docs/dataplane.json');
    expect(document.openapi).toBe('3.1.0');
    const check = validators(document);
    const { $ref } = document.paths[path]!['get']!.responses['200']!.content['application/json']!.schema;
    const validate = check($ref);
    validate(await get(url));
    expect(validate.errors).toBeNull();
    const error = check('#/components/schemas/OipError');
    error((await app.inject('/v2/models/nope')).json());
    expect(error.errors).toBeNull();
  });

  it('a model’s has its own inputs and outputs', async () => {
    const document = await get<Document>('/v2/models/mixed-strings/docs/dataplane.json');
    const check = validators(document);
    const { requestBody, responses } = document.paths['/v2/models/mixed-strings/infer']!['post']!;
    const request = check(requestBody!.content['application/json']!.schema.$ref);
    const body = {
      inputs: [
        tensor('color', 'BYTES', [1, 1], ['red']),
        tensor('size', 'BYTES', [1, 1], ['small']),
        tensor('weight', 'FP32', [1, 1], [1.5]),
      ],
    };
    expect(request(body)).toBe(true);
    expect(request({ inputs: [] })).toBe(false);
    expect(request({ inputs: [tensor('colour', 'BYTES', [1, 1], ['red']), ...body.inputs.slice(1)] })).toBe(false);
    expect(request({ inputs: [tensor('color', 'FP32', [1, 1], [1]), ...body.inputs.slice(1)] })).toBe(false);
    const headers = { 'x-api-key': 'sixteen-characters' };
    const answer = await app.inject({ method: 'POST', url: '/v2/models/mixed-strings/infer', payload: body, headers });
    const response = check(responses['200']!.content['application/json']!.schema.$ref);
    response(answer.json());
    expect([answer.statusCode, response.errors]).toEqual([200, null]);
  });

  it.each(['iris', 'mixed-strings', 'two-inputs'])('the example for %s is taken', async (model) => {
    const document = await get<Document>(`/v2/models/${model}/docs/dataplane.json`);
    const { content } = document.paths[`/v2/models/${model}/infer`]!['post']!.requestBody!;
    const payload = (content['application/json'] as unknown as { example: object }).example;
    const headers = { 'x-api-key': 'sixteen-characters' };
    const answer = await app.inject({ method: 'POST', url: `/v2/models/${model}/infer`, payload, headers });
    expect([answer.statusCode, answer.json()]).toEqual([200, expect.objectContaining({ model_name: model })]);
  });

  it('FP16 has no data in JSON', async () => {
    const { components } = await get<Document>('/v2/models/identity-f16/versions/1/docs/dataplane.json');
    expect(JSON.stringify(components.schemas['OipModelRequest'])).not.toContain('"data"');
  });

  it('of an unknown model there is none', async () => {
    expect((await app.inject('/v2/models/nope/docs/dataplane.json')).statusCode).toBe(404);
  });

  it('have a page each, whose script is a file', async () => {
    for (const base of ['/v2', '/v2/models/iris', '/v2/models/iris/versions/1']) {
      const page = await app.inject(`${base}/docs`);
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(page.payload).toContain('docs/dataplane.json');
      expect((await app.inject(`${base}/docs/start.js`)).payload).toContain('docs/dataplane.json');
    }
  });

  it('the application’s own has the protocol too, and says what asks for a key', async () => {
    const { paths, components } = await get<Document & { components: { securitySchemes: object } }>('/openapi.json');
    expect(paths['/v2/models/{model}/infer']!['post']).toMatchObject({ security: [{ bearer: [] }, { apiKey: [] }] });
    expect(paths['/v2/health/ready']!['get']).not.toHaveProperty('security');
    expect(Object.keys(components.schemas)).toContain('OipInferenceRequest');
  });
});
