import { ProtoReader } from '../codec/proto-reader.js';
import { ProtoWriter } from '../codec/proto-writer.js';
import type { DescriptorFile } from './descriptor-files.js';

/** What a client asks (grpc.reflection.v1.ServerReflectionRequest); v1alpha has the same numbers. */
export interface ReflectionRequest {
  readonly host: string;
  readonly kind: 'file' | 'symbol' | 'extension' | 'extensions' | 'list' | 'none';
  /** A file, symbol or type. */
  readonly name: string;
}

const BLOCK = 2;
const KINDS: Readonly<Record<number, ReflectionRequest['kind']>> = {
  3: 'file',
  4: 'symbol',
  5: 'extension',
  6: 'extensions',
  7: 'list',
};
/** The fields of ServerReflectionResponse. */
const FILES = 4;
const EXTENSIONS = 5;
const SERVICES = 6;
const ERROR = 7;

/** @throws {CORE_ERR_PROTO_MALFORMED} */
export function readRequest(message: Buffer): ReflectionRequest {
  const reader = new ProtoReader(message);
  let request: ReflectionRequest = { host: '', kind: 'none', name: '' };
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    const field = tag >>> 3;
    const kind = KINDS[field];
    if ((tag & 7) === BLOCK && field === 1) request = { ...request, host: reader.string() };
    else if ((tag & 7) === BLOCK && kind === 'extension') {
      request = { ...request, kind };
      reader.skip(tag);
    } else if ((tag & 7) === BLOCK && kind) request = { ...request, kind, name: reader.string() };
    else reader.skip(tag);
  }
  return request;
}

/** Writes what is asked by `body`, with the request before it. Fields go from the last to the first. */
class Answer {
  private readonly writer = new ProtoWriter();

  constructor(
    private readonly request: ReflectionRequest,
    private readonly message: Buffer,
  ) {}

  finish(field: number, body: () => void): Buffer {
    this.nested(field, body);
    this.bytes(2, this.message);
    this.text(1, this.request.host);
    return this.writer.finish();
  }

  nested(field: number, write: () => void): void {
    const mark = this.writer.length;
    write();
    this.writer.uint32(this.writer.length - mark);
    this.writer.uint32(field * 8 + BLOCK);
  }

  bytes(field: number, value: Uint8Array): void {
    this.writer.block(value);
    this.writer.uint32(field * 8 + BLOCK);
  }

  text(field: number, value: string): void {
    this.writer.string(value);
    this.writer.uint32(field * 8 + BLOCK);
  }

  number(field: number, value: number): void {
    this.writer.int32(value);
    this.writer.uint32(field * 8);
  }
}

export function filesAnswer(request: ReflectionRequest, message: Buffer, files: readonly DescriptorFile[]): Buffer {
  const answer = new Answer(request, message);
  return answer.finish(FILES, () => {
    for (const { bytes } of files.toReversed()) answer.bytes(1, bytes);
  });
}

export function servicesAnswer(request: ReflectionRequest, message: Buffer, services: readonly string[]): Buffer {
  const answer = new Answer(request, message);
  return answer.finish(SERVICES, () => {
    for (const service of services.toReversed()) answer.nested(1, () => answer.text(1, service));
  });
}

/** No type here has extensions. */
export function extensionsAnswer(request: ReflectionRequest, message: Buffer): Buffer {
  const answer = new Answer(request, message);
  return answer.finish(EXTENSIONS, () => answer.text(1, request.name));
}

export function errorAnswer(request: ReflectionRequest, message: Buffer, code: number, text: string): Buffer {
  const answer = new Answer(request, message);
  return answer.finish(ERROR, () => {
    answer.text(2, text);
    answer.number(1, code);
  });
}
