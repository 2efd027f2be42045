import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../harness/repository.js';

describe('npm start', () => {
  it('serves, and stops in order when npm is told to stop', async () => {
    const env = { ...process.env, HTTP_PORT: '0', GRPC_PORT: '0' };
    const npm = spawn('npm', ['start'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const output = npm.stdout.setEncoding('utf8');
    let text = '';
    for await (const chunk of output.iterator({ destroyOnReturn: false })) {
      text += chunk;
      if (/^ +grpcurl .*\n/m.test(text)) break;
    }
    const url = /^ *HTTP +(\S+)$/m.exec(text)![1]!;
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    output.resume();
    npm.kill('SIGTERM');
    // The pipe ends when the last process that holds it does: the application, not only npm.
    await once(output, 'end');
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });
});
