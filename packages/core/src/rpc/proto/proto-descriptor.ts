import type { ServiceDefinition } from '../../service/runtime.js';
import type { ProtoField, ProtoFile, ProtoMessage, ProtoMethod } from './proto-model.js';
import { protoFiles } from './service-file.js';

/** A node of the JSON form that protobufjs and `@grpc/proto-loader`'s `fromJSON` read. */
export interface ProtoJson {
  nested?: Record<string, ProtoJson>;
  fields?: Record<string, object>;
  methods?: Record<string, object>;
  [key: string]: unknown;
}

/** The services as a JSON descriptor for `protoLoader.fromJSON` or `protobuf.Root.fromJSON`: field names as in the .proto. */
export function protoDescriptorOf(definitions: readonly ServiceDefinition[]): ProtoJson {
  const root: ProtoJson = { nested: {} };
  for (const file of protoFiles(definitions)) addFile(root, file);
  return root;
}

/** google.protobuf.Struct and what belongs to it. */
export function structDescriptor(): ProtoJson {
  return { nested: { google: { nested: { protobuf: { nested: STRUCT_TYPES } } } } };
}

function addFile(root: ProtoJson, file: ProtoFile): void {
  const scope = scopeOf(root, file.package);
  if (file.imports.length > 0) Object.assign(scopeOf(root, 'google.protobuf'), STRUCT_TYPES);
  for (const message of file.messages) scope[message.name] = messageJson(message);
  for (const service of file.services)
    scope[service.name] = { methods: Object.fromEntries(service.methods.map(methodEntry)) };
}

function messageJson({ fields }: ProtoMessage): ProtoJson {
  // proto3's `optional` is a oneof of one field.
  const optional = fields.filter((field) => field.label === 'optional');
  return {
    ...(optional.length > 0 && {
      oneofs: Object.fromEntries(optional.map(({ name }) => [`_${name}`, { oneof: [name] }])),
    }),
    fields: Object.fromEntries(fields.map((field) => [field.name, fieldJson(field)])),
  };
}

function methodEntry({ name, request, response, stream }: ProtoMethod): [string, object] {
  return [name, { requestType: request, responseType: response, requestStream: stream, responseStream: stream }];
}

function scopeOf(root: ProtoJson, packageName: string): Record<string, ProtoJson> {
  let node = root;
  for (const part of packageName.split('.')) node = (node.nested ??= {})[part] ??= { nested: {} };
  return (node.nested ??= {});
}

function fieldJson({ type, number, label, packed }: ProtoField): object {
  if (label === 'repeated') return { rule: 'repeated', type, id: number, ...(packed && { options: { packed: true } }) };
  return { type, id: number, ...(label === 'optional' && { options: { proto3_optional: true } }) };
}

const STRUCT_TYPES: Record<string, ProtoJson> = {
  Struct: { fields: { fields: { keyType: 'string', type: 'Value', id: 1 } } },
  Value: {
    oneofs: {
      kind: { oneof: ['null_value', 'number_value', 'string_value', 'bool_value', 'struct_value', 'list_value'] },
    },
    fields: {
      null_value: { type: 'NullValue', id: 1 },
      number_value: { type: 'double', id: 2 },
      string_value: { type: 'string', id: 3 },
      bool_value: { type: 'bool', id: 4 },
      struct_value: { type: 'Struct', id: 5 },
      list_value: { type: 'ListValue', id: 6 },
    },
  },
  NullValue: { values: { NULL_VALUE: 0 } },
  ListValue: { fields: { values: { rule: 'repeated', type: 'Value', id: 1 } } },
};
