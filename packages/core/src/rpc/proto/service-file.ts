import type { ColumnSpec, SchemaSpec } from '../../schema/spec.js';
import type { ServiceDefinition } from '../../service/runtime.js';
import { rpcError } from '../rpc.errors.js';
import {
  type FieldPlan,
  LENGTHS_OFFSET,
  planFields,
  ROW_COUNT_FIELD,
  SHAPE_OFFSET,
  VALIDITY_OFFSET,
} from './field-plan.js';
import type { ProtoField, ProtoFile, ProtoMessage, ProtoService } from './proto-model.js';
import { isProtoIdentifier, isProtoPackage, messagePrefix, protoName } from './proto-name.js';
import { isPackable, meaningOf } from './scalar-type.js';

/** Fields 1 to 15 cost one byte of tag; beyond them stand the three forms of the rows. */
export const MAX_PARAMS = 15;
export const ROWS_FIELD = 16;
export const COLUMNS_FIELD = 17;
export const ARROW_FIELD = 18;
const FORM_NAMES = ['rows', 'columns', 'arrow'];
const STRUCT = 'google.protobuf.Struct';
const STRUCT_FILE = 'google/protobuf/struct.proto';

/**
 * The .proto files of an application: one per protobuf package, in the order of the services.
 * @throws {CORE_ERR_PROTO_SCHEMA}
 */
export function protoFiles(definitions: readonly ServiceDefinition[]): ProtoFile[] {
  const packages = new Map<string, ServiceDefinition[]>();
  for (const definition of definitions) {
    const known = packages.get(definition.protoPackage);
    if (known) known.push(definition);
    else packages.set(definition.protoPackage, [definition]);
  }
  return [...packages].map(([name, members]) => packageFile(name, members));
}

function packageFile(name: string, definitions: readonly ServiceDefinition[]): ProtoFile {
  if (!isProtoPackage(name))
    throw rpcError('CORE_ERR_PROTO_SCHEMA', `'${name}' is no protobuf package name: write it like iris.v1`);
  const messages = definitions.flatMap(messagesOf);
  refuseClashes(name, [...messages.map((message) => message.name), ...definitions.map((d) => d.protoService)]);
  const untyped = definitions.some((definition) => !definition.input || !definition.output);
  return { package: name, imports: untyped ? [STRUCT_FILE] : [], messages, services: definitions.map(serviceOf) };
}

function refuseClashes(packageName: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw rpcError(
    'CORE_ERR_PROTO_SCHEMA',
    `package ${packageName} would have two definitions named ${twice}: give one of its services another name or another package`,
  );
}

function serviceOf(definition: ServiceDefinition): ProtoService {
  const { protoService, description } = definition;
  if (!isProtoIdentifier(protoService)) {
    throw rpcError(
      'CORE_ERR_PROTO_SCHEMA',
      `'${protoService}' is no protobuf service name: use letters, digits and _ only`,
    );
  }
  const prefix = messagePrefix(protoService);
  const types = { request: `${prefix}PredictRequest`, response: `${prefix}PredictResponse` };
  return {
    name: protoService,
    comment: description ?? `Also POST /${definition.path} over HTTP.`,
    methods: [
      { name: 'Predict', ...types, stream: false },
      { name: 'PredictStream', ...types, stream: true, comment: 'Each message is answered in order.' },
    ],
  };
}

function messagesOf(definition: ServiceDefinition): ProtoMessage[] {
  const prefix = messagePrefix(definition.protoService);
  const { input, output } = definition;
  return [
    {
      name: `${prefix}PredictRequest`,
      fields: [...paramFields(definition), ...formFields(`${prefix}Input`, input)],
      comment: 'Exactly one of rows, columns and arrow.',
    },
    {
      name: `${prefix}PredictResponse`,
      fields: formFields(`${prefix}Output`, output),
      comment: 'Mirrors the form of the request.',
    },
    ...(input ? schemaMessages(`${prefix}Input`, input) : []),
    ...(output ? schemaMessages(`${prefix}Output`, output) : []),
  ];
}

function paramFields(definition: ServiceDefinition): ProtoField[] {
  const { params, name } = definition;
  if (params.length > MAX_PARAMS) {
    throw rpcError(
      'CORE_ERR_PROTO_SCHEMA',
      `${name} has ${params.length} path and query parameters: gRPC takes at most ${MAX_PARAMS}`,
    );
  }
  const fields = params.map((param, index) => ({
    name: protoName(param.name),
    number: index + 1,
    type: 'string',
    ...(!param.required && { label: 'optional' as const }),
    comment: `${param.in} parameter${param.required ? '' : ', optional'}`,
  }));
  const names = [...FORM_NAMES, ...fields.map((field) => field.name)];
  const twice = names.find((text, index) => names.indexOf(text) !== index);
  if (twice !== undefined) {
    throw rpcError(
      'CORE_ERR_PROTO_SCHEMA',
      `${name}: a parameter would be the protobuf field '${twice}', which is taken: rename the parameter`,
    );
  }
  return fields;
}

function formFields(prefix: string, spec: SchemaSpec | undefined): ProtoField[] {
  const arrow: ProtoField = {
    name: 'arrow',
    number: ARROW_FIELD,
    type: 'bytes',
    label: 'optional',
    comment: 'An Arrow IPC stream.',
  };
  const rows: ProtoField = {
    name: 'rows',
    number: ROWS_FIELD,
    type: spec ? `${prefix}Row` : STRUCT,
    label: 'repeated',
  };
  if (!spec) return [rows, arrow];
  return [rows, { name: 'columns', number: COLUMNS_FIELD, type: `${prefix}Columns` }, arrow];
}

function schemaMessages(prefix: string, spec: SchemaSpec): ProtoMessage[] {
  const plans = planFields(spec);
  return [
    { name: `${prefix}Row`, comment: `One row of ${spec.name}.`, fields: plans.flatMap(rowFields) },
    {
      name: `${prefix}Columns`,
      comment: `All rows of ${spec.name}, column by column.`,
      fields: [
        ...plans.map(columnField),
        {
          name: 'row_count',
          number: ROW_COUNT_FIELD,
          type: 'uint32',
          label: 'optional',
          comment: 'Needed only where no column says it.',
        },
        ...plans.flatMap(companionFields),
      ],
    },
  ];
}

function rowFields(plan: FieldPlan): ProtoField[] {
  const { name, number, scalar, form, column } = plan;
  const comment = commentOf(column);
  if (form === 'scalar') return [{ name, number, type: scalar, label: 'optional', comment }];
  const values: ProtoField = { name, number, type: scalar, label: 'repeated', packed: isPackable(scalar), comment };
  return needsShape(column) && column.shape.length > 1 ? [values, shapeField(plan)] : [values];
}

function columnField({ name, number, scalar, column }: FieldPlan): ProtoField {
  return { name, number, type: scalar, label: 'repeated', packed: isPackable(scalar), comment: commentOf(column) };
}

function companionFields(plan: FieldPlan): ProtoField[] {
  const { name, number, form, column } = plan;
  const fields: ProtoField[] = [];
  if (column.nullable || column.default !== undefined) {
    fields.push({
      name: `${name}_validity`,
      number: VALIDITY_OFFSET + number,
      type: 'bytes',
      label: 'optional',
      comment: 'Bit i, least significant first, is 0 where row i has no value. Absent: all have one.',
    });
  }
  if (form === 'list') {
    fields.push({
      name: `${name}_lengths`,
      number: LENGTHS_OFFSET + number,
      type: 'uint32',
      label: 'repeated',
      packed: true,
      comment: 'Values per row.',
    });
  }
  if (needsShape(column)) fields.push(shapeField(plan));
  return fields;
}

function shapeField({ name, number, column }: FieldPlan): ProtoField {
  const sizes = column.shape.map((size) => size ?? '?').join(', ');
  return {
    name: `${name}_shape`,
    number: SHAPE_OFFSET + number,
    type: 'uint32',
    label: 'repeated',
    packed: true,
    comment: `The inner shape of every cell: [${sizes}].`,
  };
}

/** A shape with an open size must be said by the caller where the number of values does not tell it. */
export function needsShape(column: ColumnSpec): boolean {
  return column.shape.includes(null);
}

function commentOf(column: ColumnSpec): string | undefined {
  const shape =
    column.shape.length > 0 ? `${column.shape.map((size) => size ?? '?').join(' x ')} values, row-major` : undefined;
  const absent = column.nullable ? 'may be null' : undefined;
  const parts = [column.description, meaningOf(column.dtype), shape, absent].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join('; ') : undefined;
}
