import type { Sink, Wire } from './wire.js';

/** Bytes that come back as they are. */
export class PlainWire implements Wire {
  private received = 0;

  constructor(
    private readonly sink: Sink,
    private readonly request: Buffer,
  ) {}

  begin(requests: number): void {
    const { request } = this;
    this.sink.write(requests === 1 ? request : Buffer.concat(new Array<Buffer>(requests).fill(request)));
  }

  read({ length }: Buffer): number {
    this.received += length;
    const answers = Math.floor(this.received / this.request.length);
    this.received -= answers * this.request.length;
    return answers;
  }
}
