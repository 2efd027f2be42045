import type { ServiceDefinition as GrpcJsDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import type { ServiceDefinition } from '../../service/runtime.js';
import { rpcStatusOf } from '../call/rpc-status.js';
import { type ProtoJson, protoDescriptorOf } from '../proto/proto-descriptor.js';
import { GrpcJsFacade } from '../server/grpc-js-facade.js';
import type { RpcMethod, RpcServer, RpcStreamCall } from '../server/rpc-server.js';
import { completeDescriptors } from './complete-descriptors.js';
import { HEALTH_DESCRIPTOR } from './health-descriptor.js';
import { jsonOfProto } from './proto-text.js';

const VERSIONS = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
const METHOD = 'ServerReflectionInfo';

/** Package definitions of services that are not Witan's, known only once the server runs. */
export type ForeignPackages = () => readonly PackageDefinition[];

/**
 * Server reflection, v1 and v1alpha, of the generated .proto and of health. The libraries behind it are loaded on the
 * first call: most servers are never asked.
 */
export function reflectionServices(
  definitions: readonly ServiceDefinition[],
  protoTexts: readonly string[] = [],
  foreign: ForeignPackages = () => [],
): { service: string; methods: Record<string, RpcMethod> }[] {
  let loading: Promise<Map<string, RpcMethod>> | undefined;
  const handle = async (service: string, call: RpcStreamCall): Promise<void> => {
    try {
      const methods = await (loading ??= load(definitions, protoTexts, foreign));
      const method = methods.get(service)!;
      if (method.kind === 'stream') method.handle(call);
    } catch (error) {
      call.fail(rpcStatusOf(error));
    }
  };
  return VERSIONS.map((service) => ({
    service,
    methods: {
      [METHOD]: { kind: 'stream', handle: (call: RpcStreamCall) => void handle(service, call) } satisfies RpcMethod,
    },
  }));
}

async function load(
  definitions: readonly ServiceDefinition[],
  protoTexts: readonly string[],
  foreign: ForeignPackages,
): Promise<Map<string, RpcMethod>> {
  const [{ fromJSON }, { ReflectionService }] = await Promise.all([
    import('@grpc/proto-loader'),
    import('@grpc/reflection'),
  ]);
  const written = await Promise.all(protoTexts.map(jsonOfProto));
  const own = [...definitionsByPackage(definitions), ...written, HEALTH_DESCRIPTOR].map((json) =>
    completeDescriptors(fromJSON(json as never, { keepCase: true })),
  );
  const merged = Object.assign({}, ...foreign(), ...own) as PackageDefinition;
  const methods = new Map<string, RpcMethod>();
  const capture: Pick<RpcServer, 'addMethods'> = {
    addMethods: (service, table) => void methods.set(service, table[METHOD]!),
  };
  const facade = new GrpcJsFacade(capture);
  new ReflectionService(merged).addToServer({
    addService: (definition: GrpcJsDefinition, implementation: object) => facade.addService(definition, implementation),
  });
  return methods;
}

function definitionsByPackage(definitions: readonly ServiceDefinition[]): ProtoJson[] {
  return definitions.length === 0 ? [] : [protoDescriptorOf(definitions)];
}
