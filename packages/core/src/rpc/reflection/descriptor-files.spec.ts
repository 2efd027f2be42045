import { fromJSON } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describe, expect, it } from 'vitest';
import { Schema } from '../../schema/schema.decorator.js';
import { protoDescriptorOf } from '../proto/proto-descriptor.js';
import { type DescriptorFile, descriptorFiles } from './descriptor-files.js';
import { jsonOfProto } from './proto-text.js';

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

interface Shown {
  name: string;
  dependency: string[];
  service: { method: object[] }[];
  messageType: { name: string; field: { name: string; typeName: string }[]; nestedType: { name: string }[] }[];
}

function shown(file: DescriptorFile | undefined): Shown {
  const { FileDescriptorProto } = descriptor as unknown as { FileDescriptorProto: protobuf.Type };
  return FileDescriptorProto.toObject(FileDescriptorProto.decode(file!.bytes), { arrays: true }) as Shown;
}

function message(file: DescriptorFile | undefined, name: string): Shown['messageType'][number] {
  return shown(file).messageType.find((one) => one.name === name)!;
}

async function written(text: string): Promise<DescriptorFile[]> {
  return descriptorFiles(fromJSON((await jsonOfProto(`syntax = "proto3"; ${text}`)) as never, { keepCase: true }));
}

describe('the descriptors that reflection serves', () => {
  it('mark optional fields as protoc does, and give fields their names in JSON', () => {
    const [file] = descriptorFiles(fromJSON(protoDescriptorOf([service]) as never, { keepCase: true }));
    const [field] = message(file, 'PointInputRow').field;
    expect(field).toMatchObject({ name: 'the_x', jsonName: 'theX', proto3Optional: true });
    const columns = message(file, 'PointInputColumns').field;
    expect(columns.find(({ name }) => name === 'the_x')).not.toMatchObject({ proto3Optional: true });
  });

  it('name the entries of maps as protoc does', async () => {
    const [file] = await written('package a.b; message M { map<string, int64> the_map = 1; map<int32, M> more = 2; }');
    const { field, nestedType } = message(file, 'M');
    expect(nestedType.map(({ name }) => name)).toEqual(['TheMapEntry', 'MoreEntry']);
    expect(field.map(({ typeName }) => typeName)).toEqual(['.a.b.M.TheMapEntry', '.a.b.M.MoreEntry']);
  });

  it('say which files they need, and give types by their full names', async () => {
    const files = await written(
      'package a.b; import "google/protobuf/struct.proto"; service S { rpc Do(M) returns (stream M.In); } message M { google.protobuf.Struct any = 1; In in = 2; message In { M up = 1; } }',
    );
    const own = files.find(({ symbols }) => symbols.includes('a.b.S'))!;
    const struct = files.find(({ symbols }) => symbols.includes('google.protobuf.Value'))!;
    expect(shown(own).dependency).toEqual([struct.name]);
    expect(message(own, 'M').field.map(({ typeName }) => typeName)).toEqual(['.google.protobuf.Struct', '.a.b.M.In']);
    expect(shown(own).service[0]!.method[0]).toMatchObject({ inputType: '.a.b.M', outputType: '.a.b.M.In' });
    expect(own.symbols).toEqual(expect.arrayContaining(['a.b.S', 'a.b.S.Do', 'a.b.M', 'a.b.M.In']));
  });
});
