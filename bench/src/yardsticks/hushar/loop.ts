// Hushar's requests in this process, without a transport: Witan's service beside the plain decoder with onnxruntime.
import { NestFactory } from '@nestjs/core';
import { RPC_SERVICES, type RpcExtension, type RpcUnaryCall } from '@witan/core';
import { Vectorizer } from '@witan/inference';
import { RequestDecoder } from '../../../../packages/protocols/dist/hushar/request-decoder.js';
import { HusharService } from '../../../../packages/protocols/dist/hushar/hushar.service.js';
import { husharApp } from '../../apps/hushar/hushar-app.js';
import { announce } from '../../process/control.js';
import { husharScores, husharWorkload } from '../../workloads/hushar.js';
import { PlainModel } from './plain-model.js';

/** Microseconds of CPU time a request, of all threads. The sides of a pair are neighbours in time. */
export interface HusharPair {
  readonly witanUs: number;
  readonly plainUs: number;
}

export interface HusharTimes {
  readonly decode: readonly HusharPair[];
  readonly whole: readonly HusharPair[];
}

const PAIRS = 31;
const BLOCK_MS = 40;
/** Requests under way at once, as behind a busy connection. */
const IN_FLIGHT = 4;

const name = process.env['WORKLOAD'] as 'w1' | 'w3';
const workload = husharWorkload(name);
const { message } = workload;
const plain = await PlainModel.open(workload);
const vectorizer = await Vectorizer.load(workload.vectorizationPath);
const decoder = new RequestDecoder(vectorizer, { maxRows: 1000, maxDecodedBytes: 1e9 });
const application = await NestFactory.createApplicationContext(husharApp(name), { logger: false });
const method = (application.get(HusharService) as RpcExtension)[RPC_SERVICES]()[0]!.methods['InferenceService']!;

/** Witan's method on a call that goes nowhere. */
function answer(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = { ...NOWHERE, answer: resolve, fail: reject } as unknown as RpcUnaryCall;
    if (method.kind === 'unary') method.handle(call, bytes);
  });
}

const NOWHERE = {
  cancelled: false,
  deadlineEpochMs: undefined,
  header: () => undefined,
  setHeader: () => undefined,
  onCancel: () => undefined,
};

/** Calls for about BLOCK_MS; microseconds of CPU time a call. */
function block(call: () => unknown): number {
  const before = process.cpuUsage();
  const end = performance.now() + BLOCK_MS;
  let calls = 0;
  for (; performance.now() < end; calls += 16) for (let i = 0; i < 16; i++) call();
  return cpuSince(before) / calls;
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Keeps some requests under way for about BLOCK_MS; microseconds of CPU time a request. */
async function cpuOf(call: (bytes: Buffer) => Promise<Buffer>): Promise<number> {
  const before = process.cpuUsage();
  const end = performance.now() + BLOCK_MS;
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      await call(message);
      calls++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return cpuSince(before) / calls;
}

async function measure(): Promise<HusharTimes> {
  const decode: HusharPair[] = [];
  const whole: HusharPair[] = [];
  for (let i = -10; i < PAIRS; i++) {
    const both = { plainUs: block(() => plain.decode(message)), witanUs: block(() => decoder.decode(message)) };
    const run = { plainUs: await cpuOf((bytes) => plain.answer(bytes)), witanUs: await cpuOf(answer) };
    if (i >= 0) decode.push(both);
    if (i >= 0) whole.push(run);
  }
  return { decode, whole };
}

/** Both sides answer right before anything is timed: the last four bytes are the last row's only score. */
for (const [who, bytes] of [
  ['witan', await answer(message)],
  ['plain', await plain.answer(message)],
] as const) {
  const expected = husharScores(name).at(-1)![0]!;
  const got = bytes.readFloatLE(bytes.length - 4);
  if (Math.abs(got - expected) > 1e-5) throw new Error(`${who} answers ${got}, onnxruntime ${expected}`);
}
announce({}, measure);
process.once('SIGTERM', () => process.exit());
