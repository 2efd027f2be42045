import { big } from './big.js';
import { coldStart } from './cold-start.js';
import { decode } from './decode.js';
import { grpcEcho } from './grpc-echo.js';
import { grpcIdle } from './grpc-idle.js';
import { grpcLarge } from './grpc-large.js';
import { grpcModel } from './grpc-model.js';
import { grpcTiny } from './grpc-tiny.js';
import { grpcTls } from './grpc-tls.js';
import { httpTiny } from './http-tiny.js';
import { hushar } from './hushar.js';
import { limits } from './limits.js';
import { memory } from './memory.js';
import { neighbour } from './neighbour.js';
import { oip } from './oip.js';
import { repository } from './repository.js';
import { soak } from './soak.js';
import type { Suite } from './suite.js';
import { summary } from './summary.js';
import { swap } from './swap.js';
import { telemetry } from './telemetry.js';

/** Every suite, in the order in which they run. */
export const SUITES: readonly Suite[] = [
  httpTiny,
  grpcTiny,
  grpcEcho,
  grpcModel,
  grpcLarge,
  grpcIdle,
  grpcTls,
  decode,
  coldStart,
  memory,
  limits,
  big,
  hushar,
  telemetry,
  summary,
  neighbour,
  oip,
  repository,
  swap,
  soak,
];
