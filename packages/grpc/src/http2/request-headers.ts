import { type Field, KIND } from '../hpack/field.js';
import type { GrpcMethod } from '../server/grpc-server.js';

/** What a path leads to, kept with the headers while the table of methods stays as it is. */
export interface Route {
  readonly method: GrpcMethod | undefined;
  /** The table of methods, when this was looked up. */
  readonly version: number;
}

/**
 * The fields of one request. It is not changed any more once it is complete: connections keep the ones that come again
 * and again.
 */
export class RequestHeaders {
  method: string | undefined;
  path: string | undefined;
  scheme: string | undefined;
  authority: string | undefined;
  contentType: string | undefined;
  timeout: string | undefined;
  encoding: string | undefined;
  acceptEncoding: string | undefined;
  /** -1: not given. */
  contentLength = -1;
  /** All that are not pseudo-headers. */
  readonly fields: Field[] = [];
  /** RFC 9113, 8.1.1: why the request is malformed. */
  wrong: string | undefined;
  tooLarge = false;
  route: Route | undefined;
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  add(field: Field): void {
    this.bytes += field.size;
    if (this.bytes > this.maxBytes) {
      this.tooLarge = true;
      return;
    }
    if (!field.valid) return this.malformed('a field has a name or value that is not allowed');
    if (field.kind >= KIND.method && field.kind <= KIND.unknownPseudo) return this.addPseudo(field);
    this.fields.push(field);
    if (field.kind !== KIND.other) this.addKnown(field);
  }

  /** RFC 9113, 8.3.1, once all fields are there. */
  finish(): void {
    if (this.tooLarge) return;
    if (this.method === undefined || this.scheme === undefined || this.path === undefined) {
      this.malformed('a pseudo-header is missing');
    } else if (!this.path.startsWith('/') && !(this.path === '*' && this.method === 'OPTIONS')) {
      this.malformed(':path does not begin with /');
    }
  }

  /** A field by its name; several are joined. */
  get(name: string): string | undefined {
    let found: string | undefined;
    for (const field of this.fields) {
      if (field.name === name) found = found === undefined ? field.value : `${found}, ${field.value}`;
    }
    return found;
  }

  private malformed(why: string): void {
    this.wrong ??= why;
  }

  private addPseudo({ kind, value }: Field): void {
    if (this.fields.length > 0) return this.malformed('a pseudo-header stands behind a field');
    if (kind === KIND.method) this.method = this.once(this.method, value);
    else if (kind === KIND.path) this.path = this.once(this.path, value);
    else if (kind === KIND.scheme) this.scheme = this.once(this.scheme, value);
    else if (kind === KIND.authority) this.authority = this.once(this.authority, value);
    else this.malformed('there is an unknown pseudo-header');
  }

  private once(before: string | undefined, value: string): string {
    if (before !== undefined) this.malformed('a pseudo-header stands there twice');
    return value;
  }

  private addKnown({ kind, value }: Field): void {
    if (kind === KIND.contentType) this.contentType = this.contentType === undefined ? value : '';
    else if (kind === KIND.timeout) this.timeout = this.timeout === undefined ? value : '';
    else if (kind === KIND.encoding) this.encoding = this.encoding === undefined ? value : '';
    else if (kind === KIND.acceptEncoding) this.acceptEncoding = value;
    else if (kind === KIND.contentLength) this.setContentLength(value);
    else if (kind === KIND.connectionSpecific) this.malformed('a field belongs to HTTP/1');
    else if (kind === KIND.te && value !== 'trailers') this.malformed('te is not "trailers"');
  }

  private setContentLength(value: string): void {
    const length = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    if (length < 0 || (this.contentLength >= 0 && this.contentLength !== length)) {
      return this.malformed('content-length is not a number');
    }
    this.contentLength = length;
  }
}

/** The fields behind a request's body: they only have to be allowed. */
export class RequestTrailers {
  wrong: string | undefined;

  add(field: Field): void {
    if (!field.valid || (field.kind >= KIND.method && field.kind <= KIND.unknownPseudo)) {
      this.wrong = 'a trailing field is not allowed';
    }
  }
}
