import type { Sink, Wire } from './wire.js';

const HEAD_BYTES = 9;
const MAX_FRAME_BYTES = 16_384;
const DEFAULT_WINDOW = 65_535;
const MAX_WINDOW = 2 ** 31 - 1;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const INITIAL_WINDOW_SIZE = 4;
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

/** A field that goes into the table. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.of(0x40, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);

/**
 * A client of one unary method that knows what it sends and reads no more of the answers than it must: what a load
 * costs beside it is the server's. Keeps to the server's windows.
 */
export class GrpcWire implements Wire {
  /** HEADERS and DATA of one call. */
  private readonly call: Buffer;
  /** Where its frames begin. */
  private readonly frames: readonly number[];
  private first: Buffer | undefined;
  private nextId = 1;
  private window = DEFAULT_WINDOW;
  private initialWindow = DEFAULT_WINDOW;
  /** The large call under way: its next frame, and what its own window has left. */
  private rest: { frame: number; window: number } | undefined;
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private headBytes = 0;
  private payload = Buffer.alloc(0);
  private payloadBytes = 0;
  private payloadLeft = 0;
  /** DATA that came since the connection's window was last opened. */
  private received = 0;
  /** DATA that came beyond what good answers so far have had. */
  private surplus = 0;
  private readonly answerBytes: number;

  constructor(
    private readonly sink: Sink,
    path: string,
    message: Buffer,
  ) {
    const fields = [
      Buffer.of(0x83, 0x86),
      literal(':path', path),
      literal(':authority', 'bench'),
      literal('content-type', 'application/grpc'),
      literal('te', 'trailers'),
    ];
    // The fields that the first call puts into the table, the last one first.
    const again = Buffer.of(0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62);
    const body = Buffer.concat([Buffer.of(0), numbers(message.length), message]);
    this.answerBytes = body.length;
    const data: Buffer[] = [];
    for (let at = 0; at < body.length; at += MAX_FRAME_BYTES) {
      const end = Math.min(body.length, at + MAX_FRAME_BYTES);
      data.push(frame(DATA, end === body.length ? END_STREAM : 0, 0, body.subarray(at, end)));
    }
    this.first = frame(HEADERS, END_HEADERS, 1, Buffer.concat(fields));
    const all = [frame(HEADERS, END_HEADERS, 0, again), ...data];
    let at = 0;
    this.frames = all.map(({ length }) => (at += length) - length);
    this.call = Buffer.concat(all);
    sink.write(
      Buffer.concat([
        PREFACE,
        frame(SETTINGS, 0, 0, Buffer.concat([Buffer.of(0, INITIAL_WINDOW_SIZE), numbers(MAX_WINDOW)])),
        frame(WINDOW_UPDATE, 0, 0, numbers(MAX_WINDOW - DEFAULT_WINDOW)),
      ]),
    );
  }

  /** How many bytes one call has on the wire, after the first. */
  get callBytes(): number {
    return this.call.length;
  }

  begin(requests: number): void {
    if (this.frames.length > 2) return this.beginLarge();
    const bytes = Buffer.concat(new Array<Buffer>(requests).fill(this.call));
    for (let i = 0; i < requests; i++) this.number(bytes, i * this.call.length);
    this.sink.write(bytes.subarray(this.frames[this.open()]));
  }

  /** A large call is sent from where it lies: the one before has been answered by then. */
  private beginLarge(): void {
    this.number(this.call, 0);
    this.rest = { frame: this.open(), window: this.initialWindow };
    this.sendRest();
  }

  /** Puts the next stream's number into the frames of a call. */
  private number(bytes: Buffer, start: number): void {
    for (const at of this.frames) bytes.writeUInt32BE(this.nextId, start + at + 5);
    this.nextId += 2;
  }

  /** The first call's HEADERS fill the table; gives the first frame that is still to be sent. */
  private open(): number {
    if (this.first === undefined) return 0;
    this.sink.write(this.first);
    this.first = undefined;
    return 1;
  }

  private sendRest(): void {
    const { rest, frames } = this;
    if (rest === undefined) return;
    const from = frames[rest.frame]!;
    while (rest.frame < frames.length) {
      const at = frames[rest.frame]!;
      const size = rest.frame === 0 ? 0 : (frames[rest.frame + 1] ?? this.call.length) - at - HEAD_BYTES;
      if (size > Math.min(this.window, rest.window)) break;
      this.window -= size;
      rest.window -= size;
      rest.frame++;
    }
    const to = frames[rest.frame] ?? this.call.length;
    if (to > from) this.sink.write(this.call.subarray(from, to));
    if (rest.frame === frames.length) this.rest = undefined;
  }

  read(bytes: Buffer): number {
    let answers = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.headBytes < HEAD_BYTES) {
        const copied = bytes.copy(this.head, this.headBytes, at);
        this.headBytes += copied;
        at += copied;
        if (this.headBytes < HEAD_BYTES) break;
        this.payloadLeft = this.head.readUIntBE(0, 3);
        this.payloadBytes = 0;
        if (this.head[3] !== DATA) this.payload = Buffer.allocUnsafe(this.payloadLeft);
      }
      const end = Math.min(bytes.length, at + this.payloadLeft);
      if (this.head[3] !== DATA) this.payloadBytes += bytes.copy(this.payload, this.payloadBytes, at, end);
      else this.takeData(end - at);
      this.payloadLeft -= end - at;
      at = end;
      if (this.payloadLeft > 0) break;
      this.headBytes = 0;
      answers += this.frame(this.head[3]!, this.head[4]!, this.head.readUInt32BE(5));
    }
    return answers;
  }

  private takeData(bytes: number): void {
    this.received += bytes;
    this.surplus += bytes;
  }

  /** A failed call has trailers too, but no message. */
  private complete(): number {
    this.surplus -= this.answerBytes;
    if (this.surplus < 0) throw new Error('a call failed, or its answer is not its message');
    return 1;
  }

  /** 1: an answer is complete. */
  private frame(type: number, flags: number, stream: number): number {
    if (type === HEADERS) return flags & END_STREAM ? this.complete() : 0;
    if (type === RST_STREAM || type === GOAWAY) throw new Error(`the server sent a frame of type ${type}`);
    if (type === SETTINGS && (flags & ACK) === 0) this.settings();
    else if (type === WINDOW_UPDATE) {
      const more = this.payload.readUInt32BE();
      if (stream === 0) this.window += more;
      else if (this.rest !== undefined) this.rest.window += more;
      this.sendRest();
    } else if (type === DATA && this.received > MAX_WINDOW / 4) {
      this.sink.write(frame(WINDOW_UPDATE, 0, 0, numbers(this.received)));
      this.received = 0;
    }
    return 0;
  }

  private settings(): void {
    for (let at = 0; at < this.payload.length; at += 6) {
      if (this.payload.readUInt16BE(at) !== INITIAL_WINDOW_SIZE) continue;
      const value = this.payload.readUInt32BE(at + 2);
      if (this.rest !== undefined) this.rest.window += value - this.initialWindow;
      this.initialWindow = value;
    }
    this.sink.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    this.sendRest();
  }
}
