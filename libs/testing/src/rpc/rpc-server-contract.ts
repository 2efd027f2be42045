import { afterEach, beforeEach, describe } from 'vitest';
import { crowdContract } from './crowds.js';
import { endsContract } from './ends.js';
import { lifecycleContract } from './lifecycle.js';
import { limitsContract } from './limits.js';
import { metadataContract } from './metadata.js';
import { methodsContract } from './methods.js';
import { peerContract } from './peers.js';
import { type MakeRpcServer, type RpcLacks, RpcStage } from './stage.js';
import { streamContract } from './streams.js';
import type { RpcSuite } from './suite.js';
import { unaryContract } from './unary.js';

const PARTS: Readonly<Record<string, (suite: RpcSuite) => void>> = {
  'unary calls': unaryContract,
  streams: streamContract,
  metadata: metadataContract,
  'deadlines and cancellation': endsContract,
  limits: limitsContract,
  methods: methodsContract,
  'start, drain and close': lifecycleContract,
  peers: peerContract,
  'crowds and broken connections': crowdContract,
};

/**
 * What everything above the seam relies on, whichever server stands behind it; told by real clients and by raw frames.
 * @param lacks what this server does not do by its nature, with the reason
 */
export function rpcServerContract(name: string, make: MakeRpcServer, lacks: RpcLacks = {}): void {
  for (const [part, contract] of Object.entries(PARTS)) {
    describe(`${name}: ${part}`, () => {
      let stage: RpcStage;
      beforeEach(() => void (stage = new RpcStage(make)));
      afterEach(() => stage.tidy());
      contract({ stage: () => stage, lacks });
    });
  }
}
