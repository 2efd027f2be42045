import { rpcStatusOf } from '../call/rpc-status.js';
import type { RpcMethod, RpcStreamCall } from '../server/rpc-server.js';
import {
  errorAnswer,
  extensionsAnswer,
  filesAnswer,
  readRequest,
  type ReflectionRequest,
  servicesAnswer,
} from './messages.js';
import { ReflectedPackages, type ReflectionSources } from './reflected-packages.js';

const VERSIONS = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;

/** Server reflection, v1 and v1alpha, of what is served at the moment, and of health. */
export function reflectionServices(sources: ReflectionSources): {
  service: string;
  methods: Record<string, RpcMethod>;
}[] {
  const packages = new ReflectedPackages(sources);
  const method: RpcMethod = { kind: 'stream', handle: (call) => void answerAll(packages, call) };
  return VERSIONS.map((service) => ({ service, methods: { ServerReflectionInfo: method } }));
}

/** Never rejects. */
async function answerAll(packages: ReflectedPackages, call: RpcStreamCall): Promise<void> {
  try {
    for await (const message of call.messages) await call.write(await answerTo(packages, message));
    call.end();
  } catch (error) {
    call.fail(rpcStatusOf(error));
  }
}

async function answerTo(packages: ReflectedPackages, message: Buffer): Promise<Buffer> {
  const request = readRequest(message);
  const unknown = (): Buffer =>
    errorAnswer(request, message, NOT_FOUND, `this server knows no ${request.kind} '${request.name.slice(0, 200)}'`);
  switch (request.kind) {
    case 'list':
      return servicesAnswer(request, message, packages.services());
    case 'symbol':
    case 'file': {
      const files = await filesOf(packages, request);
      return files ? filesAnswer(request, message, files) : unknown();
    }
    case 'extensions':
      return (await packages.withSymbol(request.name)) ? extensionsAnswer(request, message) : unknown();
    case 'extension':
      return errorAnswer(request, message, NOT_FOUND, 'no type of this server has extensions');
    case 'none':
      return errorAnswer(request, message, INVALID_ARGUMENT, 'the request asks for nothing that is known here');
  }
}

function filesOf(packages: ReflectedPackages, { kind, name }: ReflectionRequest) {
  return kind === 'symbol' ? packages.withSymbol(name) : packages.withName(name);
}
