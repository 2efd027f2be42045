import type { Datatype } from '../../infer-types.js';

/** In front of every name: the application's document has schemas of its own. */
const PREFIX = 'Oip';
const ref = (name: string): object => ({ $ref: `#/components/schemas/${PREFIX}${name}` });
const string = { type: 'string' } as const;
const boolean = { type: 'boolean' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const object = (properties: Record<string, object>, required: readonly string[] = Object.keys(properties)): object => ({
  type: 'object',
  properties,
  required,
});
const array = (items: object): object => ({ type: 'array', items });

const DATATYPES: readonly Datatype[] = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
];

/** Flat or nested; FP16 has no JSON form, so it is sent as bytes behind the JSON. */
const DATA = { type: 'array', items: {}, description: 'Flat in row-major order, or nested in the shape.' };
const duration = object({ count, ns: count });

const OWN = {
  Error: object({ error: string }),
  Parameters: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
  Datatype: { type: 'string', enum: DATATYPES },
  InputTensor: object(
    { name: string, shape: array(count), datatype: ref('Datatype'), parameters: ref('Parameters'), data: DATA },
    ['name', 'shape', 'datatype'],
  ),
  RequestedOutput: object({ name: string, parameters: ref('Parameters') }, ['name']),
  InferenceRequest: object(
    {
      id: string,
      parameters: ref('Parameters'),
      inputs: array(ref('InputTensor')),
      outputs: array(ref('RequestedOutput')),
    },
    ['inputs'],
  ),
  OutputTensor: object(
    {
      name: string,
      shape: array(count),
      datatype: ref('Datatype'),
      parameters: ref('Parameters'),
      data: { type: 'array' },
    },
    ['name', 'shape', 'datatype'],
  ),
  InferenceResponse: object(
    {
      model_name: string,
      model_version: string,
      id: string,
      parameters: ref('Parameters'),
      outputs: array(ref('OutputTensor')),
    },
    ['model_name', 'outputs'],
  ),
  ServerMetadata: object({ name: string, version: string, extensions: array(string) }),
  TensorMetadata: object({ name: string, datatype: ref('Datatype'), shape: array({ type: 'integer', minimum: -1 }) }),
  ModelMetadata: object({
    name: string,
    versions: array(string),
    platform: string,
    inputs: array(ref('TensorMetadata')),
    outputs: array(ref('TensorMetadata')),
  }),
  Live: object({ live: boolean }),
  Ready: object({ ready: boolean, live: boolean }),
  ModelReady: object({ name: string, ready: boolean }),
  ModelList: object({ models: array(string) }),
  ModelConfig: object({ name: string, platform: string, max_batch_size: count, input: array({}), output: array({}) }),
  Statistics: object({
    model_stats: array(
      object({
        name: string,
        version: string,
        last_inference: { type: 'number' },
        inference_count: count,
        execution_count: count,
        inference_stats: { type: 'object', additionalProperties: duration },
        batch_stats: array({ type: 'object' }),
      }),
    ),
  }),
  IndexRequest: object({ ready: boolean }, []),
  Index: array(object({ name: string, version: string, state: string, reason: string }, ['name'])),
  RepositoryRequest: object({ parameters: ref('Parameters') }, []),
  Nothing: { type: 'object' },
  Settings: { type: 'object' },
};

/** The schemas that the protocol's documents refer to. */
export const SCHEMAS: Readonly<Record<string, object>> = prefixed(OWN);

/** Schemas under the names that {@link schemaRef} refers to. */
export function prefixed(schemas: Readonly<Record<string, object>>): Record<string, object> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [PREFIX + name, schema]));
}

export function schemaRef(name: keyof typeof OWN | 'ModelRequest' | 'ModelResponse'): object {
  return ref(name);
}
