import { rpcServerContract } from '@witan-libs/testing';
import { WitanGrpcServer } from './witan-grpc-server.js';

rpcServerContract('witan', (options, clock) => new WitanGrpcServer(options, clock));
