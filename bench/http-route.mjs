// What HTTP adds to a request: one row of 16 float32 columns as JSON, decoded, validated and answered, without a model.
// The yardstick beside it is a bare Fastify that parses the same body and sends it back. CPU time is the server
// process's own, a request. Needs wrk. Usage: node bench/http-route.mjs [--json] [--seconds 4] [--connections 1,32,64]
import { execFile, fork, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const WIDTH = 16;
const body = JSON.stringify([
  Object.fromEntries(Array.from({ length: WIDTH }, (_, i) => [`f${i}`, Math.sin(i + 1) * 2])),
]);

const servers = {
  'fastify echo': async (options) => {
    const { default: fastify } = await import('fastify');
    const app = fastify(options);
    app.post('/echo', (request, reply) => void reply.send(request.body));
    return app;
  },
  'witan echo': (options) => witan(options, (_context, read) => read()),
  'witan, fixed answer': async (options) => {
    const { Frame } = await import('../packages/core/dist/frame/index.js');
    const answer = Frame.fromColumns({ score: new Float32Array([0.25]) });
    return witan(options, (_context, read) => (read(), answer));
  },
  'witan echo, async': (options) => witan(options, async (_context, read) => read()),
};

async function witan(options, invoke) {
  const { default: fastify } = await import('fastify');
  const { registerHttpServices } = await import('../packages/core/dist/http/register-http-services.js');
  const { fastifyServerOptions } = await import('../packages/core/dist/http/server-options.js');
  const { systemClock } = await import('../packages/core/dist/clock.js');
  const { parseDType } = await import('../packages/core/dist/frame/index.js');
  const columns = Array.from({ length: WIDTH }, (_, i) => ({
    name: `f${i}`,
    dtype: parseDType('f32'),
    shape: [],
    nullable: false,
    rules: [],
  }));
  const definition = {
    name: 'Echo',
    path: 'echo',
    params: [],
    input: { name: 'Row', columns, unknown: 'ignore' },
    output: undefined,
    protoPackage: 'bench.v1',
    protoService: 'Echo',
  };
  const app = fastify({ ...fastifyServerOptions(), ...options });
  registerHttpServices(
    app,
    [{ definition, invoke }],
    {},
    {
      clock: systemClock,
      logger: console,
      health: { live: () => true, ready: () => ({ ok: true }) },
      proto: () => '',
      openApi: () => ({}),
    },
  );
  return app;
}

/** In the child: serves, and tells its CPU time when asked. */
async function serve(name) {
  const app = await servers[name]({});
  await app.listen({ host: '127.0.0.1', port: 0 });
  process.on('message', () => process.send({ cpu: process.cpuUsage() }));
  process.on('disconnect', () => process.exit());
  process.send({ port: app.server.address().port });
}

const answerOf = (child, message) =>
  new Promise((resolve) => {
    child.once('message', resolve);
    if (message) child.send(message);
  });

function load(port, connections, seconds, file) {
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--latency', '-s', join(here, 'wrk.lua')];
  return new Promise((resolve, reject) => {
    execFile('wrk', [...args, `http://127.0.0.1:${port}/echo`, '--', file], (error, out) => {
      if (error) reject(error);
      else resolve(JSON.parse(/RESULT (.*)/.exec(out)[1]));
    });
  });
}

async function measure(name, connections, seconds, file) {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', name], {
    execArgv: process.env.BENCH_EXEC_ARGV?.split(' '),
  });
  const { port } = await answerOf(child);
  await load(port, connections, 1, file);
  const before = (await answerOf(child, 'cpu')).cpu;
  const result = await load(port, connections, seconds, file);
  const after = (await answerOf(child, 'cpu')).cpu;
  child.disconnect();
  if (result.status + result.read + result.timeout > 0) throw new Error(`${name}: ${JSON.stringify(result)}`);
  const cpu = after.user + after.system - before.user - before.system;
  return {
    server: name,
    connections,
    requestsPerSecond: Math.round((result.requests / result.microseconds) * 1e6),
    cpuUs: cpu / result.requests,
    p50Ms: result.p50 / 1000,
    p99Ms: result.p99 / 1000,
  };
}

function argument(name, fallback) {
  const at = process.argv.indexOf(name);
  return at === -1 ? fallback : process.argv[at + 1];
}

async function main() {
  if (spawnSync('wrk', ['-v']).error) {
    console.error('http-route needs wrk (apt-get install wrk): skipped');
    return;
  }
  const seconds = Number(argument('--seconds', '4'));
  const file = join(mkdtempSync(join(tmpdir(), 'witan-bench-')), 'body.json');
  writeFileSync(file, body);
  const rows = [];
  for (const connections of argument('--connections', '1,32,64').split(',').map(Number)) {
    let yardstick;
    for (const name of Object.keys(servers)) {
      const row = await measure(name, connections, seconds, file);
      yardstick ??= row;
      rows.push({ ...row, cpuRatio: row.cpuUs / yardstick.cpuUs, addedP50Ms: row.p50Ms - yardstick.p50Ms });
    }
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
  else {
    const rounded = (row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [
          key,
          typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
        ]),
      );
    console.table(rows.map(rounded));
  }
}

const serving = argument('--serve');
await (serving ? serve(serving) : main());
