import { parentPort, workerData } from 'node:worker_threads';
import type { TensorMap } from '../../tensor/tensor.js';
import { packParcel } from './compact.js';
import { giveWay } from './niceness.js';
import type { HostReply, HostRequest, WorkerData } from './protocol.js';
import { SessionHost } from './session-host.js';

/** What a worker thread runs: requests from the port, one at a time. */
// Before the first session, whose threads take over this thread's priority.
giveWay((workerData as WorkerData).niceness);
const port = parentPort!;
const host = new SessionHost();

function answer(request: HostRequest, reply: HostReply): void {
  if (request.op !== 'run' || !reply.ok) return port.postMessage(reply);
  const { tensors, transfer } = packParcel(reply.value as TensorMap);
  port.postMessage({ ok: true, value: tensors } satisfies HostReply, transfer);
}

port.on('message', (request: HostRequest) => {
  const reply = host.handle(request);
  if (reply instanceof Promise) void reply.then((settled) => answer(request, settled));
  else answer(request, reply);
  // With the port closed nothing keeps the thread: it ends by itself, outside of native code.
  if (request.op === 'end') port.close();
});
