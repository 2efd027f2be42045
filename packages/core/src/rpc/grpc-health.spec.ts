import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import type { GrpcListener } from './grpc-listener.js';
import { definition, listening, runtime, TestClient } from './harness.spec.support.js';
import { askReflection, type ReflectionAnswer } from './reflection/client.spec.support.js';
import { protoDescriptorOf } from './proto/proto-descriptor.js';
import protobuf from 'protobufjs';
import protoDescriptor from 'protobufjs/ext/descriptor.js';

let listener: GrpcListener | undefined;
let client: TestClient | undefined;

async function serve(options: object = {}): Promise<TestClient> {
  listener = await listening([runtime()], { options: { host: '127.0.0.1', ...options } });
  return (client = new TestClient(listener.server.address!.text));
}

afterEach(() => {
  client?.close();
  listener?.close();
});

const CHECK = '/grpc.health.v1.Health/Check';
function asked(service: string): Buffer {
  return Buffer.concat([Buffer.from([10, service.length]), Buffer.from(service)]);
}

describe('gRPC health', () => {
  it('serves the server as a whole and each service; unknown ones are NOT_FOUND', async () => {
    const target = await serve();
    expect((await target.unary(CHECK, Buffer.alloc(0))).bytes).toEqual(Buffer.from([8, 1]));
    expect((await target.unary(CHECK, asked('iris.v1.IrisService'))).bytes).toEqual(Buffer.from([8, 1]));
    expect((await target.unary(CHECK, asked('iris.v1.Nope'))).error!.code).toBe(status.NOT_FOUND);
    expect((await target.unary(CHECK, Buffer.from([255]))).error!.code).toBe(status.INVALID_ARGUMENT);
  });

  it('is NOT_SERVING until told, and again once it drains', async () => {
    const target = await serve();
    listener!.setServing(false);
    expect((await target.unary(CHECK, Buffer.alloc(0))).bytes).toEqual(Buffer.from([8, 2]));
  });

  it('tells watchers of every change', async () => {
    const target = await serve();
    const call = target.client.makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      (b: Buffer) => b,
      (b) => b,
      asked('iris.v1.IrisService'),
    );
    const seen: number[] = [];
    call.on('error', () => undefined);
    call.on('data', (bytes: Buffer) => seen.push(bytes[1]!));
    await until(() => seen.length === 1);
    listener!.setServing(false);
    listener!.setServing(true);
    await until(() => seen.length === 3);
    expect(seen).toEqual([1, 2, 1]);
    call.cancel();
  });

  it('speaks grpc.health.v1 as its .proto has it', async () => {
    const target = await serve();
    const root = protobuf.parse(`syntax = "proto3"; package grpc.health.v1;
      message HealthCheckRequest { string service = 1; }
      message HealthCheckResponse { enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; } ServingStatus status = 1; }`).root;
    const [request, response] = [root.lookupType('HealthCheckRequest'), root.lookupType('HealthCheckResponse')];
    const asking = Buffer.from(request.encode({ service: 'iris.v1.IrisService' }).finish());
    const { bytes } = await target.unary(CHECK, asking);
    expect(response.toObject(response.decode(bytes!), { enums: String })).toEqual({ status: 'SERVING' });
  });
});

describe.each(['v1', 'v1alpha'])('gRPC reflection %s', (version) => {
  const ask = (target: TestClient, request: object): Promise<ReflectionAnswer> =>
    askReflection(target, request, version);

  it('lists the services, health among them', async () => {
    const { services } = await ask(await serve(), { listServices: '*' });
    const names = services!.service.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['iris.v1.IrisService', 'grpc.health.v1.Health']));
  });

  it('gives the file of a service, from which a client can be made', async () => {
    const { files } = await ask(await serve(), { fileContainingSymbol: 'iris.v1.IrisService' });
    const set = { file: files!.fileDescriptorProto.map((file) => protoDescriptor.FileDescriptorProto.decode(file)) };
    const root = (protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root }).fromDescriptor(set);
    const own = protobuf.Root.fromJSON(protoDescriptorOf([definition()]) as protobuf.INamespace);
    for (const name of ['IrisPredictRequest', 'IrisInputRow', 'IrisInputColumns']) {
      const shape = (from: protobuf.Root) =>
        from.lookupType(`iris.v1.${name}`).fieldsArray.map((f) => [protobuf.util.camelCase(f.name), f.id]);
      expect(shape(root)).toEqual(shape(own));
    }
  });

  it('says that it does not know a symbol', async () => {
    expect(await ask(await serve(), { fileContainingSymbol: 'no.Such' })).toMatchObject({
      failure: { errorCode: status.NOT_FOUND },
    });
  });

  it('gives a file by its name too, and says what it does not know or have', async () => {
    const target = await serve();
    const { files } = await ask(target, { fileByFilename: 'iris_v1.proto' });
    expect(protoDescriptor.FileDescriptorProto.decode(files!.fileDescriptorProto[0]!)).toMatchObject({
      package: 'iris.v1',
    });
    for (const request of [{ fileByFilename: 'no.proto' }, { allExtensionNumbersOfType: 'no.Such' }])
      expect(await ask(target, request)).toMatchObject({ failure: { errorCode: status.NOT_FOUND } });
    expect(await ask(target, { allExtensionNumbersOfType: 'iris.v1.IrisInputRow' })).not.toHaveProperty('failure');
    expect(await ask(target, {})).toMatchObject({ failure: { errorCode: status.INVALID_ARGUMENT } });
    expect((await ask(target, { fileContainingSymbol: 'google.protobuf.Struct' })).files).toBeDefined();
    expect((await ask(target, { fileContainingSymbol: 'iris.v1.IrisService.Predict' })).files).toBeDefined();
  });

  it('fails a question that is no message', async () => {
    const call = (await serve()).stream(undefined, `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
    const code = await new Promise((resolve) => {
      call.on('error', () => undefined);
      call.on('status', (seen) => resolve(seen.code));
      call.write(Buffer.from([255]));
    });
    expect(code).toBe(status.INVALID_ARGUMENT);
  });
});

describe('gRPC reflection', () => {
  it('can be switched off', async () => {
    const target = await serve({ reflection: false });
    const call = target.stream(undefined, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    const code = await new Promise((resolve) => {
      call.on('error', () => undefined);
      call.on('status', (seen) => resolve(seen.code));
    });
    expect(code).toBe(status.UNIMPLEMENTED);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
