import type { RpcBindOptions, RpcMethod, RpcOptions, RpcServerKind, RpcStreamCall } from '@witan/core';
import { TEST_SERVICE, testService } from '../interop/test-service.js';
import { startServer } from '../servers.js';

/** A server as a process of its own, with methods that tell what an attack does to it. Arguments: kind, options. */
const [, , kind, optionsText = '{}'] = process.argv;
const counts = { started: 0, open: 0 };
const CHUNK = Buffer.alloc(10_000, 'p');

function counted(call: { onCancel(fn: () => void): void }): () => void {
  counts.started++;
  counts.open++;
  let isOpen = true;
  const over = (): void => {
    if (isOpen) counts.open--;
    isOpen = false;
  };
  call.onCancel(over);
  return over;
}

async function pour(call: RpcStreamCall): Promise<void> {
  const over = counted(call);
  while (!call.cancelled) await call.write(CHUNK);
  over();
}

async function echo(call: RpcStreamCall): Promise<void> {
  const over = counted(call);
  try {
    for await (const message of call.messages) await call.write(Buffer.from(message));
    call.end();
  } finally {
    over();
  }
}

const methods: Record<string, RpcMethod> = {
  Echo: {
    kind: 'unary',
    handle(call, message) {
      counted(call)();
      call.answer(Buffer.from(message));
    },
  },
  Hold: { kind: 'unary', handle: (call) => void counted(call) },
  Idle: { kind: 'stream', handle: (call) => void counted(call) },
  Stream: { kind: 'stream', handle: (call) => void echo(call).catch(() => undefined) },
  Pour: { kind: 'stream', handle: (call) => void pour(call) },
};

const neighbour: RpcMethod = { kind: 'unary', handle: (call, message) => call.answer(Buffer.from(message)) };

const watch: RpcMethod = {
  kind: 'unary',
  handle(call) {
    const gc = (globalThis as { gc?: () => void }).gc!;
    gc();
    // Buffers are freed behind the collection.
    setImmediate(() => {
      gc();
      setImmediate(() => {
        const { heapUsed, external, rss } = process.memoryUsage();
        const { user, system } = process.cpuUsage();
        const usage = { ...counts, bytes: heapUsed + external, rss, cpuMs: (user + system) / 1000 };
        call.answer(Buffer.from(JSON.stringify(usage)));
      });
    });
  },
};

const options = JSON.parse(optionsText) as RpcOptions & RpcBindOptions;
const server = await startServer(
  kind as RpcServerKind,
  {
    'attack.Target': methods,
    'attack.Watch': { Usage: watch, Echo: neighbour },
    [TEST_SERVICE]: testService(),
  },
  options,
);
console.log(JSON.stringify({ port: server.address!.port }));
