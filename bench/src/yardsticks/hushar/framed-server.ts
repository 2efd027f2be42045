// Unary gRPC over node:net with as little HTTP/2 as a well-behaved client needs: headers are not read, nothing is
// limited, answers do not wait for windows. What a server costs whose transport costs next to nothing.
import { createServer, type Socket } from 'node:net';

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const GRPC_HEAD_BYTES = 5;
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const WINDOW = 2 ** 30;
/** `:status: 200` and `content-type: application/grpc`. */
const RESPONSE_HEADERS = Buffer.concat([Buffer.of(0x88, 0x0f, 0x10, 16), Buffer.from('application/grpc')]);
const TRAILERS = Buffer.concat([Buffer.of(0, 11), Buffer.from('grpc-status'), Buffer.of(1), Buffer.from('0')]);

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number, lead: readonly number[] = []): Buffer {
  const bytes = Buffer.alloc(lead.length + 4);
  bytes.set(lead);
  bytes.writeUInt32BE(value, lead.length);
  return bytes;
}

/** SETTINGS_INITIAL_WINDOW_SIZE is number 4. */
const GREETING = Buffer.concat([
  frame(SETTINGS, 0, 0, uint32(WINDOW, [0, 4])),
  frame(WINDOW_UPDATE, 0, 0, uint32(WINDOW)),
]);

class Connection {
  private rest: Buffer = Buffer.alloc(0);
  private greeted = false;
  private readonly bodies = new Map<number, Buffer[]>();
  private out: Buffer[] = [];
  private consumed = 0;

  constructor(
    private readonly socket: Socket,
    private readonly answer: (message: Buffer) => Promise<Buffer>,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.read(bytes));
    socket.on('error', () => socket.destroy());
    this.write(GREETING);
  }

  private read(bytes: Buffer): void {
    let all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    if (!this.greeted && all.length >= PREFACE_BYTES) {
      this.greeted = true;
      all = all.subarray(PREFACE_BYTES);
    }
    while (this.greeted && all.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + all.readUIntBE(0, 3);
      if (all.length < end) break;
      this.frame(all[3]!, all[4]!, all.readUInt32BE(5), all.subarray(HEAD_BYTES, end));
      all = all.subarray(end);
    }
    this.rest = all;
  }

  private frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === DATA) this.data(flags, stream, payload);
    else if (type === SETTINGS && (flags & ACK) === 0) this.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    else if (type === PING && (flags & ACK) === 0) this.write(frame(PING, ACK, 0, payload));
  }

  private data(flags: number, stream: number, payload: Buffer): void {
    this.consumed += payload.length;
    if (this.consumed > WINDOW / 2) {
      this.write(frame(WINDOW_UPDATE, 0, 0, uint32(this.consumed)));
      this.consumed = 0;
    }
    const known = this.bodies.get(stream);
    if ((flags & END_STREAM) === 0) {
      if (known) known.push(payload);
      else this.bodies.set(stream, [payload]);
      return;
    }
    this.bodies.delete(stream);
    const body = known ? Buffer.concat([...known, payload]) : payload;
    void this.answer(body.subarray(GRPC_HEAD_BYTES)).then((message) => this.send(stream, message));
  }

  private send(stream: number, message: Buffer): void {
    this.write(frame(HEADERS, END_HEADERS, stream, RESPONSE_HEADERS));
    this.write(frame(DATA, 0, stream, Buffer.concat([uint32(message.length, [0]), message])));
    this.write(frame(HEADERS, END_HEADERS | END_STREAM, stream, TRAILERS));
  }

  /** All of a turn's frames leave in one write. */
  private write(bytes: Buffer): void {
    if (this.out.push(bytes) > 1) return;
    setImmediate(() => {
      this.socket.write(Buffer.concat(this.out));
      this.out = [];
    });
  }
}

/** Gives the port. */
export function serveFramed(answer: (message: Buffer) => Promise<Buffer>): Promise<number> {
  const server = createServer((socket) => void new Connection(socket, answer));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}
