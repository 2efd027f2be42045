import type { RequestHeaders } from '../http2/request-headers.js';
import { GrpcError } from '../server/grpc-error.js';

const NAME = /^[0-9a-z_.-]+$/;
const VALUE = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
/** Headers that the protocol owns. */
const OWNED =
  /^(:|grpc-|content-|transfer-encoding$|connection$|proxy-connection$|keep-alive$|te$|upgrade$|host$|trailer$|date$|server$)/;
/** What is not metadata: it belongs to the protocol. */
const PROTOCOL = new Set([
  'te',
  'content-type',
  'content-length',
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'accept-encoding',
]);

/** As {@link PROTOCOL}, for answers: these are left as the server sets them. */
export const isOwned = (name: string): boolean => OWNED.test(name);

/** All metadata of a request; a `-bin` field may hold several values. */
export function* metadataOf(headers: RequestHeaders): Iterable<readonly [string, string | Buffer]> {
  for (const { name, value } of headers.fields) {
    if (PROTOCOL.has(name)) continue;
    if (!name.endsWith('-bin')) {
      yield [name, value];
      continue;
    }
    for (const part of value.split(',')) yield [name, Buffer.from(part.trim(), 'base64')];
  }
}

/** An answer's field as it goes on the wire. @throws {GRPC_ERR_METADATA} */
export function wireValue(name: string, value: string | Buffer): string {
  if (!NAME.test(name)) throw refused(name);
  if (name.endsWith('-bin')) {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : value;
    return bytes.toString('base64').replace(/=+$/, '');
  }
  const text = typeof value === 'string' ? value.trim() : '';
  if (typeof value !== 'string' || !VALUE.test(text)) throw refused(name);
  return text;
}

function refused(name: string): GrpcError {
  return new GrpcError(
    'GRPC_ERR_METADATA',
    `${JSON.stringify(name.slice(0, 64))} cannot be set as metadata: names are lower-case letters, digits, _ . and -, values printable ASCII; use a name that ends in -bin for bytes`,
  );
}
