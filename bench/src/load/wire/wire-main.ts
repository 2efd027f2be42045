// One burst over connections of its own: options as JSON in, the result as JSON out. A process, as other loads are.
import { connect, type OnReadOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { quantile } from '../../stats.js';
import type { LoadResult } from '../load-result.js';
import { wireCallBytes, wireMessage, type WireOptions } from './wire-load.js';
import { GrpcWire } from './grpc-wire.js';
import { PlainWire } from './plain-wire.js';
import type { Sink, Wire } from './wire.js';

const READ_BYTES = 64 * 1024;
const {
  kind,
  port,
  path,
  tls,
  connections,
  streams = 1,
  seconds,
  messageBytes,
} = JSON.parse(process.argv[2]!) as WireOptions;
const message = wireMessage(messageBytes);
/** As many bytes as a call of the other kind has. */
const plain = Buffer.alloc(wireCallBytes(path, messageBytes), 7);
const times: number[] = [];
let requests = 0;
let open = 0;
let begun = 0;
let until = Infinity;
/** Sends the first requests of each connection. */
const starters: (() => void)[] = [];
for (let i = 0; i < connections; i++) start();

function start(): void {
  const onread: OnReadOpts = {
    buffer: Buffer.alloc(READ_BYTES),
    callback: (length, bytes) => {
      take(bytes.subarray(0, length) as Buffer);
      return true;
    },
  };
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
    : connect({ port, host: '127.0.0.1', noDelay: true, onread });
  if (tls) socket.setNoDelay(true).on('data', take);
  const sink: Sink = { write: (bytes) => socket.write(bytes) };
  let wire: Wire | undefined;
  /** When the calls under way began. */
  const began: number[] = [];
  socket.once(tls ? 'secureConnect' : 'connect', () => {
    wire = kind === 'grpc' ? new GrpcWire(sink, path, message) : new PlainWire(sink, plain);
    if (++open === connections) begin();
  });
  socket.once('error', fail);
  socket.once('close', () => fail(new Error('the server closed a connection')));
  starters.push(() => {
    began.push(...new Array<number>(streams).fill(performance.now()));
    wire!.begin(streams);
  });

  function take(bytes: Buffer): void {
    const answers = wire!.read(bytes);
    if (answers === 0) return;
    const now = performance.now();
    for (let i = 0; i < answers; i++) times.push(now - began.shift()!);
    requests += answers;
    if (now >= until) return finish(now);
    for (let i = 0; i < answers; i++) began.push(now);
    wire!.begin(answers);
  }
}

function begin(): void {
  begun = performance.now();
  until = begun + seconds * 1000;
  for (const one of starters) one();
}

function finish(now: number): void {
  const result: LoadResult = {
    requests,
    requestsPerSecond: requests / ((now - begun) / 1000),
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    errors: 0,
  };
  console.log(JSON.stringify(result));
  process.exit();
}

function fail(error: Error): void {
  console.error(error);
  process.exit(1);
}
