import { big } from './big.js';
import { grpcTiny } from './grpc-tiny.js';
import { httpTiny } from './http-tiny.js';
import { neighbour } from './neighbour.js';
import type { Suite } from './suite.js';

/** Every suite, in the order in which they run. */
export const SUITES: readonly Suite[] = [httpTiny, grpcTiny, big, neighbour];
