import { type ModelConfig, type ModelSignature, tritonConfigOf } from '@witan/inference';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import type { Field, MessageTable } from '../../../wire/message-table.js';
import { encodeMessage } from '../../../wire/encode-message.js';
import { decoded, inference, typeOf } from '../oip-client.spec.support.js';
import { MESSAGES } from './small-messages.js';

const KINDS: Readonly<Record<string, Field['kind']>> = {
  string: 'text',
  bytes: 'bytes',
  bool: 'flag',
  int32: 'whole',
  uint32: 'whole',
  int64: 'whole',
  uint64: 'whole',
};

function expectFits(table: MessageTable, type: protobuf.Type): void {
  expect(Object.keys(table).toSorted()).toEqual(Object.keys(type.fields).toSorted());
  for (const [name, field] of Object.entries(table)) {
    const theirs = type.fields[name]!.resolve();
    const seen = `${type.fullName}.${name}`;
    expect([seen, field.id, field.isList]).toEqual([seen, theirs.id, theirs.repeated]);
    expect([seen, field.isMember]).toEqual([seen, theirs.partOf !== null]);
    if (theirs instanceof protobuf.MapField) {
      expect(field.kind).toBe('map');
      expectFits(field.table!['value']!.table!, theirs.resolvedType as protobuf.Type);
    } else if (theirs.resolvedType instanceof protobuf.Enum) expect(field.names).toEqual(names(theirs.resolvedType));
    else if (theirs.resolvedType) expectFits(field.table!, theirs.resolvedType);
    else expect([seen, field.kind]).toEqual([seen, KINDS[theirs.type]]);
  }
}

function names({ valuesById }: protobuf.Enum): string[] {
  return Object.values(valuesById);
}

describe('the tables of messages', () => {
  it.each(Object.keys(MESSAGES))('%s has the fields of the .proto', (name) => {
    expectFits(MESSAGES[name as keyof typeof MESSAGES], typeOf(name));
  });

  it('none is missing', () => {
    const { methods } = inference.lookupService('inference.GRPCInferenceService');
    const used = Object.values(methods).flatMap(({ requestType, responseType }) => [requestType, responseType]);
    const missing = used.filter((name) => !(name in MESSAGES) && typeOf(name).fieldsArray.length > 0);
    expect(missing.filter((name) => !/SharedMemory|Infer/.test(name))).toEqual([]);
  });

  const signature: ModelSignature = {
    inputs: [{ name: 'x', dtype: 'f32', dims: [null, 16, null] }],
    outputs: [
      { name: 'label', dtype: 'utf8', dims: [null] },
      { name: 'p', dtype: 'i64', dims: [null, 3] },
    ],
    omitted: [],
    batch: { kind: 'dynamic' },
  };
  const configs: ModelConfig[] = [
    { ignored: [] },
    { ignored: [], maxBatchSize: 0, versionPolicy: { kind: 'all' } },
    {
      ignored: [],
      maxBatchSize: 16,
      batch: { maxDelayMs: 0.5, maxQueueRows: 1000 },
      versionPolicy: { kind: 'specific', versions: ['1', '3'] },
      runner: { threads: 2 },
      parameters: { team: 'risk', '': '' },
      warmUpRows: [1, 4],
      outputs: [{ name: 'label', labelFile: 'labels.txt' }],
    } as unknown as ModelConfig,
  ];

  it.each(configs)('a configuration loses nothing on its way: %j', (config) => {
    const { parameters, ...rest } = tritonConfigOf('iris', config, signature, ['1', '3']);
    const made = Object.keys(parameters as object).length > 0 ? { ...rest, parameters } : rest;
    const message = encodeMessage(MESSAGES.ModelConfigResponse, { config: made });
    expect(withoutDefaults(decoded(typeOf('ModelConfigResponse'), message).config)).toEqual(withoutDefaults(made));
  });
});

/** What proto3 does not send, and the texts that protobufjs shows for whole numbers. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, withoutDefaults(each)] as const);
  const isSent = (each: unknown): boolean =>
    !(
      each === 0 ||
      each === '' ||
      each === 'REJECT' ||
      each === 'FORMAT_NONE' ||
      (Array.isArray(each) && each.length === 0)
    );
  return Object.fromEntries(entries.filter(([, each]) => isSent(each)));
}
