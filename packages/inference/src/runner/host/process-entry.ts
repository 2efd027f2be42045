import { Worker } from 'node:worker_threads';
import { rawSessionClass } from '../ort-binding.js';
import type { HostReply, HostRequest } from './protocol.js';
import { SessionHost } from './session-host.js';

/** What a child process runs: requests from the parent's channel, one at a time. */
const host = new SessionHost();

function answer(request: HostRequest, reply: HostReply): void {
  process.send!(reply, undefined, undefined, () => {
    // The parent may have gone in the meantime.
    if (request.op === 'end' && process.connected) process.disconnect();
  });
}

process.on('message', (request: HostRequest) => {
  const reply = host.handle(request);
  if (reply instanceof Promise) void reply.then((settled) => answer(request, settled));
  else answer(request, reply);
});
// The parent's terminal signals are the parent's business: it ends this process when its own work is drained.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

// A hanging native call cannot notice that the parent is gone; this thread can, and a signal ends the whole process.
new Worker(
  `const parent = process.ppid;
   setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000);`,
  { eval: true, name: 'witan-orphan-watch' },
).unref();

// Before the first request, which may be some time away.
rawSessionClass();
