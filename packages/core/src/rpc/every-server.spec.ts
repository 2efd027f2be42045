import { describe } from 'vitest';
import { useServer } from './harness.spec.support.js';

useServer('grpc-js');

/** What the other specs find on Witan's server, they must find on every one. */
describe.each(['bad-input', 'connections', 'errors', 'health', 'server', 'stream', 'unary'])(
  'grpc-%s on grpc-js',
  async (name) => {
    await import(`./grpc-${name}.spec.js`);
  },
);
