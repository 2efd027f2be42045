import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import type { SchemaSpec } from '../../schema/spec.js';
import type { ServiceDefinition } from '../../service/runtime.js';
import { column, definition, schema } from '../harness.spec.support.js';
import { protoDescriptorOf } from './proto-descriptor.js';
import { protoFilesOf, protoOf } from './proto-of.js';

const WIDE: SchemaSpec = schema('Wide', [
  column('sepalWidth', 'f32', { description: 'Width in cm', field: 7 }),
  column('pixels', 'f32', { shape: [8, 8] }),
  column('tags', 'list<utf8>'),
  column('taken', 'timestamp(ms, UTC)', { nullable: true }),
  column('open', 'i16', { shape: [null] }),
  column('ok', 'bool', { default: true }),
]);

function typed(input: SchemaSpec | undefined, more: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return definition({ input, output: input, ...more });
}

function refusal(input: SchemaSpec, more: Partial<ServiceDefinition> = {}): string {
  try {
    protoOf([typed(input, more)]);
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return 'no error';
}

describe('protoOf', () => {
  const text = protoOf([typed(WIDE, { description: 'Predicts.\nIn two lines.' })]);

  it('writes the service with its description and both methods', () => {
    expect(text).toContain('// Predicts.\n// In two lines.\nservice IrisService {');
    expect(text).toContain('rpc Predict(IrisPredictRequest) returns (IrisPredictResponse);');
    expect(text).toContain('rpc PredictStream(stream IrisPredictRequest) returns (stream IrisPredictResponse);');
  });

  it('numbers parameters from 1, the forms 16 to 18, and columns by pin or place', () => {
    expect(text).toContain('string run = 1;');
    expect(text).toContain('optional string top_k = 2;');
    expect(text).toContain('repeated IrisInputRow rows = 16;');
    expect(text).toContain('IrisInputColumns columns = 17;');
    expect(text).toContain('optional bytes arrow = 18;');
    expect(text).toContain('optional float sepal_width = 7;');
    expect(text).toContain('repeated float pixels = 2;');
    expect(text).toContain('optional int64 taken = 4;');
  });

  it('says in comments what the types do not', () => {
    expect(text).toContain('// Width in cm');
    expect(text).toContain('// 8 x 8 values, row-major');
    expect(text).toContain('// milliseconds since 1970-01-01T00:00:00, shown in UTC; may be null');
  });

  it('gives columns messages their companions', () => {
    expect(text).toContain('optional bytes taken_validity = 10004;');
    expect(text).toContain('repeated uint32 tags_lengths = 20003;');
    expect(text).toContain('repeated uint32 open_shape = 30005;');
    expect(text).toContain('optional uint32 row_count = 10000;');
  });

  it('is what protobufjs reads from it: the descriptor for reflection says the same', () => {
    const parsed = protobuf.parse(text, { keepCase: true }).root;
    const described = protobuf.Root.fromJSON(protoDescriptorOf([typed(WIDE)]) as protobuf.INamespace);
    for (const name of ['IrisPredictRequest', 'IrisInputRow', 'IrisInputColumns', 'IrisPredictResponse']) {
      const fields = (root: protobuf.Root) =>
        root.lookupType(`iris.v1.${name}`).fieldsArray.map((f) => [f.name, f.id, f.type, f.repeated]);
      expect(fields(described)).toEqual(fields(parsed));
    }
  });

  it('serves untyped services with Struct rows', () => {
    const untyped = protoOf([typed(undefined)]);
    expect(untyped).toContain('import "google/protobuf/struct.proto";');
    expect(untyped).toContain('repeated google.protobuf.Struct rows = 16;');
    expect(untyped).not.toContain('Columns');
  });

  it('writes one file per package', () => {
    const files = protoFilesOf([typed(WIDE), typed(WIDE, { protoPackage: 'fraud.v2', protoService: 'Fraud' })]);
    expect(files.map((file) => file.path)).toEqual(['iris/v1.proto', 'fraud/v2.proto']);
    for (const file of files) expect(() => protobuf.parse(file.text)).not.toThrow();
  });

  it.each([
    [
      'a pin on another column’s place',
      schema('S', [column('a', 'f32', { field: 2 }), column('b', 'f32')]),
      /'a' and 'b' both get the protobuf field number 2/,
    ],
    ['two names that become one', schema('S', [column('aB', 'f32'), column('a_b', 'f32')]), /field name a_b/],
    ['a number out of range', schema('S', [column('a', 'f32', { field: 19000 })]), /from 1 to 8999/],
  ])('refuses %s at boot', (_, spec, message) => {
    expect(refusal(spec)).toMatch(/^CORE_ERR_PROTO_SCHEMA/);
    expect(refusal(spec)).toMatch(message);
  });

  it('refuses more than 15 parameters, a parameter named like a form, and bad names', () => {
    const params = Array.from({ length: 16 }, (_, i) => ({ name: `p${i}`, in: 'query' as const, required: false }));
    expect(refusal(WIDE, { params })).toMatch(/has 16 path and query parameters: gRPC takes at most 15/);
    expect(refusal(WIDE, { params: [{ name: 'rows', in: 'path', required: true }] })).toMatch(/'rows', which is taken/);
    expect(refusal(WIDE, { protoPackage: 'a..b' })).toMatch(/no protobuf package name/);
    expect(refusal(WIDE, { protoService: 'My-Service' })).toMatch(/no protobuf service name/);
  });

  it('refuses two services whose messages clash', () => {
    expect(() => protoOf([typed(WIDE), typed(WIDE, { protoService: 'Iris' })])).toThrow(
      /two definitions named IrisPredictRequest/,
    );
  });
});
