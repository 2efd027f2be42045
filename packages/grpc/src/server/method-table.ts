import type { RequestHeaders } from '../http2/request-headers.js';
import { GrpcError } from './grpc-error.js';
import type { GrpcMethod } from './grpc-server.js';

/** The methods by their paths. */
export class MethodTable {
  private readonly methods = new Map<string, GrpcMethod>();
  private readonly paths = new Map<string, string[]>();
  private version = 0;

  /** @throws {GRPC_ERR_OPTION} */
  add(service: string, methods: Readonly<Record<string, GrpcMethod>>): void {
    const paths = Object.keys(methods).map((name) => `/${service}/${name}`);
    const taken = paths.find((path) => this.methods.has(path));
    if (taken !== undefined) {
      throw new GrpcError('GRPC_ERR_OPTION', `there are two methods ${taken}: give one of their services another name`);
    }
    Object.values(methods).forEach((method, index) => this.methods.set(paths[index]!, method));
    this.paths.set(service, [...(this.paths.get(service) ?? []), ...paths]);
    this.version++;
  }

  remove(service: string): void {
    for (const path of this.paths.get(service) ?? []) this.methods.delete(path);
    this.paths.delete(service);
    this.version++;
  }

  /** Looked up once for headers that come again. */
  find(headers: RequestHeaders): GrpcMethod | undefined {
    if (headers.route?.version !== this.version) {
      headers.route = { method: this.methods.get(headers.path!), version: this.version };
    }
    return headers.route.method;
  }
}
