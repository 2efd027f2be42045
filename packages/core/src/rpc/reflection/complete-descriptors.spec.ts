import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describe, expect, it } from 'vitest';
import { Schema } from '../../schema/schema.decorator.js';
import { protoDescriptorOf } from '../proto/proto-descriptor.js';
import { completeDescriptors } from './complete-descriptors.js';

const input = Schema.dynamic({ name: 'Point', columns: { theX: 'f64' } });
const service = {
  name: 'PointService',
  path: 'point',
  params: [],
  input,
  output: input,
  protoPackage: 'point.v1',
  protoService: 'PointService',
};

function fieldsOf(
  definition: PackageDefinition,
  message: string,
): { name: string; jsonName: string; proto3Optional: boolean }[] {
  const entry = Object.values(definition).find((value) => 'fileDescriptorProtos' in value) as {
    fileDescriptorProtos: Buffer[];
  };
  const { FileDescriptorProto } = descriptor as unknown as { FileDescriptorProto: protobuf.Type };
  const file = FileDescriptorProto.toObject(FileDescriptorProto.decode(entry.fileDescriptorProtos[0]!)) as {
    messageType: { name: string; field: { name: string; jsonName: string; proto3Optional: boolean }[] }[];
  };
  return file.messageType.find(({ name }) => name === message)!.field;
}

describe('the descriptors that reflection serves', () => {
  it('mark optional fields as protoc does, and give fields their names in JSON', () => {
    const definition = completeDescriptors(fromJSON(protoDescriptorOf([service]) as never, { keepCase: true }));
    const [field] = fieldsOf(definition, 'PointInputRow');
    expect(field).toMatchObject({ name: 'the_x', jsonName: 'theX', proto3Optional: true });
    const columns = fieldsOf(definition, 'PointInputColumns');
    expect(columns.find(({ name }) => name === 'the_x')?.proto3Optional).toBeUndefined();
  });
});
