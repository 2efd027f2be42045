import type { Metadata } from '@grpc/grpc-js';
import { rpcError } from '../rpc.errors.js';

const NAME = /^[0-9a-z_.-]+$/;
const VALUE = /^[ -~]*$/;

/**
 * Initial metadata of one answer, as grpc-js takes it: it only asks for the headers. Its own Metadata costs several
 * microseconds a call to fill and to copy.
 */
export class AnswerHeaders {
  private readonly headers: Record<string, string> = {};

  /** @throws {CORE_ERR_GRPC_METADATA} for a name or value that gRPC does not allow */
  set(name: string, value: string): void {
    if (!NAME.test(name) || !VALUE.test(value)) {
      throw rpcError(
        'CORE_ERR_GRPC_METADATA',
        `${JSON.stringify(name.slice(0, 64))} cannot be set as metadata: names are lower-case letters, digits, _ . and -, values printable ASCII; use a name that ends in -bin for bytes`,
      );
    }
    // Whatever the text was, what goes out is base64.
    this.headers[name] = name.endsWith('-bin') ? Buffer.from(value, 'base64').toString('base64') : value;
  }

  toHttp2Headers(): Record<string, string> {
    return this.headers;
  }

  asMetadata(): Metadata {
    return this as unknown as Metadata;
  }
}
