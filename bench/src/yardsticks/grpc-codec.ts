// grpc-js with the codec that Witan generates for W1: decodes and checks the row, and encodes a fixed answer. No model.
import { schemaOf } from '@witan/core';
import { Frame } from '@witan/core/frame';
import { frameCodecs } from '../../../packages/core/dist/rpc/frame-codecs.js';
import { ServiceCodec } from '../../../packages/core/dist/rpc/codec/service-codec.js';
import { Reading, Score } from '../apps/w1/reading.schema.js';
import { announce } from '../process/control.js';
import { serveUnary } from './grpc-method.js';

const definition = {
  name: 'W1Service',
  path: 'w1',
  params: [],
  input: schemaOf(Reading),
  output: schemaOf(Score),
  protoPackage: 'w1.v1',
  protoService: 'W1Service',
};
const codec = new ServiceCodec(definition, frameCodecs);
const answer = Frame.fromColumns({ output: new Float32Array([-2.7360122]) });

const port = await serveUnary((request) => {
  const open = codec.open(request);
  if (open.read().rows !== 1) throw new Error('one row was expected');
  return codec.encode(answer, open.form);
});
announce({ grpc: port });
process.once('SIGTERM', () => process.exit());
