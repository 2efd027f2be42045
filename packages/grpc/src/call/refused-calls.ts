import type { Connection } from '../http2/connection.js';
import type { RequestHeaders } from '../http2/request-headers.js';
import type { GrpcStatus } from '../server/grpc-server.js';
import { BaseCall } from './base-call.js';
import { STATUS } from './status-code.js';

/** A gRPC request that no method gets: answered by a status at once. */
export class StatusCall extends BaseCall {
  readonly awaitsBytes = false;
  readonly windowGoal = 0;

  constructor(
    connection: Connection,
    id: number,
    headers: RequestHeaders,
    private readonly status: GrpcStatus,
    private readonly fields: readonly (readonly [string, string])[] = [],
  ) {
    super(connection, id, headers);
  }

  override onOpen(): void {
    this.fail(this.status);
  }

  protected override setStatus(status: GrpcStatus): void {
    super.setStatus(status);
    this.endFields = [...this.endFields, ...this.fields];
  }

  onData(): void {}

  onEnd(): void {}
}

/** So much of a body is read to its end; a longer one is broken off by the answer. */
const MAX_BODY_BYTES = 64 * 1024;

/** What is no gRPC: answered as HTTP would have it, with a line of text, once its body is there. */
export class PlainCall extends BaseCall {
  readonly windowGoal = 0;

  constructor(
    connection: Connection,
    id: number,
    headers: RequestHeaders,
    private readonly httpStatus: string,
    private readonly text: string,
    private readonly fields: readonly (readonly [string, string])[] = [],
  ) {
    super(connection, id, headers);
  }

  get awaitsBytes(): boolean {
    return !this.remoteEnded && !this.done;
  }

  onData(_bytes: Buffer, _start: number, _end: number, last: boolean): void {
    if (last || this.received > MAX_BODY_BYTES) this.onEnd();
  }

  onEnd(): void {
    if (this.done) return;
    this.done = true;
    this.tellRefused(STATUS.unknown);
    this.progressAt = this.connection.now;
    const fields = [...this.fields, ['content-type', 'text/plain'] as const];
    this.connection.sender.text(this, this.httpStatus, fields, Buffer.from(this.text));
    this.connection.touch();
  }
}
