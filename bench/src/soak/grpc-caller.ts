import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { block, integer } from '../workloads/proto-bytes.js';
import {
  type Caller,
  DEADLINE_MS,
  DISCONNECT_AFTER_MS,
  indexOf,
  type Outcome,
  settle,
  type SoakRequest,
} from './request.js';

const SERVICES = { worker: 'soak.v1.WorkerService', process: 'soak.v1.ProcessService' } as const;
const ROWS_FIELD = 16;
const FIXED64_FIELD_2 = 0x11;
const FIXED32_FIELD_1 = 0x0d;

const asItIs = (bytes: Buffer): Buffer => bytes;

/** Unary calls of the generated services, over a few connections. */
export class GrpcCaller implements Caller {
  readonly protocol = 'grpc';
  private readonly clients: readonly Client[];
  private turn = 0;

  constructor(port: number, connections: number) {
    // Clients of one address share a connection unless their options differ.
    this.clients = Array.from(
      { length: connections },
      (_, index) => new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'bench.connection': index }),
    );
  }

  call(request: SoakRequest, twice: () => void): Promise<Outcome> {
    return settle((done) => {
      const client = this.clients[this.turn++ % this.clients.length]!;
      const options = request.treatment === 'deadline' ? { deadline: Date.now() + DEADLINE_MS } : {};
      const path = `/${SERVICES[request.target]}/Predict`;
      const call = client.makeUnaryRequest(
        path,
        asItIs,
        asItIs,
        messageOf(request),
        new Metadata(),
        options,
        (error, answer) => done(error ? refusal(error) : answerOf(answer!)),
      );
      if (request.treatment !== 'disconnect') return;
      setTimeout(() => {
        done({ kind: 'left' });
        call.cancel();
      }, DISCONNECT_AFTER_MS);
    }, twice);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

function messageOf(request: SoakRequest): Buffer {
  const number = Buffer.alloc(9, FIXED64_FIELD_2);
  number.writeDoubleLE(request.number, 1);
  // Bad input: a row that ends in the middle of its number.
  return block(
    ROWS_FIELD,
    integer(1, indexOf(request)),
    request.treatment === 'bad-input' ? number.subarray(0, 5) : number,
  );
}

const refusal = ({ code }: ServiceError): Outcome => ({ kind: 'refused', status: status[code] });

/** One row of `value` (float, field 1) and `number` (double, field 2), in whatever order. */
function answerOf(message: Buffer): Outcome {
  let value: number | undefined;
  let number: number | undefined;
  // Two bytes of tag and one of length: a row has fewer than 128 bytes.
  for (let at = 3; at < message.length;) {
    const tag = message[at]!;
    if (tag === FIXED32_FIELD_1) value = message.readFloatLE(at + 1);
    else if (tag === FIXED64_FIELD_2) number = message.readDoubleLE(at + 1);
    else break;
    at += tag === FIXED32_FIELD_1 ? 5 : 9;
  }
  if (value === undefined || number === undefined) return { kind: 'broken', why: `message ${message.toString('hex')}` };
  return { kind: 'answered', value, number };
}
