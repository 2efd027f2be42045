/** What a field means to the server. */
export const KIND = {
  other: 0,
  method: 1,
  path: 2,
  scheme: 3,
  authority: 4,
  /** A pseudo-header that requests do not have. */
  unknownPseudo: 5,
  contentType: 6,
  te: 7,
  timeout: 8,
  encoding: 9,
  acceptEncoding: 10,
  contentLength: 11,
  /** Belongs to a connection of HTTP/1: RFC 9113, 8.2.2 forbids it. */
  connectionSpecific: 12,
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

const KINDS = new Map<string, Kind>([
  [':method', KIND.method],
  [':path', KIND.path],
  [':scheme', KIND.scheme],
  [':authority', KIND.authority],
  ['content-type', KIND.contentType],
  ['te', KIND.te],
  ['grpc-timeout', KIND.timeout],
  ['grpc-encoding', KIND.encoding],
  ['grpc-accept-encoding', KIND.acceptEncoding],
  ['content-length', KIND.contentLength],
  ['connection', KIND.connectionSpecific],
  ['proxy-connection', KIND.connectionSpecific],
  ['keep-alive', KIND.connectionSpecific],
  ['transfer-encoding', KIND.connectionSpecific],
  ['upgrade', KIND.connectionSpecific],
]);

/** RFC 9110's token, without upper case. */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^(?:[^\0\r\n\t ](?:[^\0\r\n]*[^\0\r\n\t ])?)?$/;

/** RFC 7541, 4.1. */
export const FIELD_OVERHEAD_BYTES = 32;

/**
 * One header field. What is known of it is worked out once: fields of the tables serve many requests.
 */
export class Field {
  readonly kind: Kind;
  /** Whether RFC 9113, 8.2 allows its name and value. */
  readonly valid: boolean;
  /** As HPACK counts. */
  readonly size: number;

  constructor(
    readonly name: string,
    readonly value: string,
  ) {
    this.size = name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.kind = KINDS.get(name) ?? (name.charCodeAt(0) === 0x3a ? KIND.unknownPseudo : KIND.other);
    this.valid = NAME.test(name) && VALUE.test(value);
  }
}
