// Starts the server in Rust: BINARY and WORKLOAD say which. Its CPU time counts as this process's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { announce } from '../../process/control.js';
import { husharWorkload, type HusharWorkloadName } from '../../workloads/hushar.js';

const { BINARY, WORKLOAD } = process.env;
const { vectorizationPath } = husharWorkload(WORKLOAD as HusharWorkloadName);
const server = spawn(BINARY!, [vectorizationPath], { stdio: ['ignore', 'pipe', 'inherit'] });
process.once('exit', () => server.kill('SIGKILL'));
const [line] = (await once(server.stdout, 'data')) as [Buffer];
announce({ grpc: Number(line) });
process.once('SIGTERM', () => process.exit());
