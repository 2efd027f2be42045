// grpc-js as it comes, with bytes for a codec: sends the request back.
import { announce } from '../process/control.js';
import { serveUnary } from './grpc-method.js';

announce({ grpc: await serveUnary((request) => request) });
process.once('SIGTERM', () => process.exit());
