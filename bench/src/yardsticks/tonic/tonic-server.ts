// Starts a server in Rust: BINARY says which, ARGUMENT what it is told. Its CPU time counts as this process's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { announce } from '../../process/control.js';

const { BINARY, ARGUMENT } = process.env;
const server = spawn(BINARY!, ARGUMENT === undefined ? [] : [ARGUMENT], { stdio: ['ignore', 'pipe', 'inherit'] });
process.once('exit', () => server.kill('SIGKILL'));
const [line] = (await once(server.stdout, 'data')) as [Buffer];
announce({ grpc: Number(line) });
process.once('SIGTERM', () => process.exit());
